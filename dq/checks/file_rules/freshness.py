"""`freshness: {"field": "service_date", "maxAge": "2d"}`: how old the newest value of a field is at the run.

The age is counted to the start of the run's window, never to the clock, so that a rerun says the same: for a datetime
to its hour, for a date, which knows no hours, from day to day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from dq.checks.columns import of_wrong_type
from dq.checks.dimension import FileRule, Kept
from dq.checks.wording import count, visible
from dq.schema.definition import FieldType
from dq.schema.fine_moments import FineMoment
from dq.schema.loading.problems import Problems, kind_of, shown, suggestion
from dq.schema.loading.properties import read_properties, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import FileSummary
    from dq.schema.definition import FieldDefinition

_NAME: Final = "freshness"
_SPELLINGS: Final = {"field": "field", "column": "field", "maxage": "maxAge"}
_IGNORED: Final = frozenset({"description", "comment"})
_DATED: Final = frozenset({FieldType.DATE, FieldType.DATETIME})
_AGE: Final = re.compile(r"(\d{1,6}) ?(m|h|d|w)", re.ASCII)
_UNITS: Final = {
    "m": ("minute", timedelta(minutes=1)),
    "h": ("hour", timedelta(hours=1)),
    "d": ("day", timedelta(days=1)),
    "w": ("week", timedelta(weeks=1)),
}
_EXAMPLE: Final = '{"field": "service_date", "maxAge": "2d"}'


@dataclass(frozen=True, slots=True)
class Freshness:
    """The field that tells the age, and the greatest age of its newest value; `said` is that age for people."""

    field: str
    most: timedelta
    said: str


def _read(raw: Any, fields: Sequence[FieldDefinition], problems: Problems) -> Freshness | None:  # noqa: ANN401 - any JSON value
    if not isinstance(raw, dict):
        problems.add(_NAME, f"is {kind_of(raw)}; expected an object such as {_EXAMPLE}")
        return None
    properties = read_properties(raw, _SPELLINGS, _NAME, problems, _IGNORED)
    name, age = _field(properties, fields, problems), _age(properties, problems)
    return None if name is None or age is None else Freshness(name, *age)


def _field(properties: Mapping[str, Any], fields: Sequence[FieldDefinition], problems: Problems) -> str | None:
    if "field" not in properties:
        problems.add(_NAME, f"names no field; expected an object such as {_EXAMPLE}")
        return None
    name = read_text(properties["field"], "field", _NAME, problems)
    if name is None:
        return None
    name = name.strip()
    declared = {field.name: field.type for field in fields}
    if name not in declared:
        problems.add(_NAME, f"field {shown(name)} is not among the fields{suggestion(name, declared)}")
    elif declared[name] not in _DATED:
        problems.add(_NAME, f"field {shown(name)} is of type {declared[name].value}; expected date or datetime")
    return name


def _age(properties: Mapping[str, Any], problems: Problems) -> tuple[timedelta, str] | None:
    if "maxAge" not in properties:
        problems.add(_NAME, f"names no maxAge; expected an object such as {_EXAMPLE}")
        return None
    raw = properties["maxAge"]
    found = _AGE.fullmatch(raw.strip().lower()) if isinstance(raw, str) else None
    if found is None:
        problems.add(_NAME, f"maxAge is {shown(raw)}; expected a number with m, h, d or w, such as 90m, 36h, 2d or 1w")
        return None
    number, (noun, unit) = int(found[1]), _UNITS[found[2]]
    return number * unit, count(number, noun)


def _measure(summary: FileSummary, plan: CheckPlan, rule: Freshness) -> Kept:
    column = next((column for column in summary.columns if column.name == rule.field), None)
    if column is None or of_wrong_type(column) or plan.run_start is None:
        return Kept(None)
    name = visible(rule.field)
    if column.maximum is None:
        return Kept(kept=False, text=f"{name} has no value, so that nothing tells how old the file is")
    age = _age_of(column.maximum, plan.run_start)
    # How old it is would tell a sensitive value.
    hidden = rule.field in plan.sensitive
    if age is None or age <= rule.most:
        return Kept(None if age is None else True, measured=None if hidden else age)
    if hidden:
        return Kept(kept=False, text=f"the newest {name} is older than {rule.said}")
    text = f"the newest {name} is {_said(age)} older than the run, expected at most {rule.said}"
    return Kept(kept=False, text=text, measured=age)


def _age_of(newest: object, run_start: datetime) -> timedelta | None:
    """Tell how long before the run a value is; below zero for one after it."""
    match newest:
        case FineMoment():
            return _age_of(newest.moment, run_start)
        case datetime():
            return run_start - (newest if newest.tzinfo else newest.replace(tzinfo=timezone.utc))
        case date():
            return run_start.astimezone(timezone.utc).date() - newest
        case _:
            return None


def _said(age: timedelta) -> str:
    """Write an age in whole minutes, hours or days, as exactly as its size deserves."""
    hours, minutes = age // timedelta(hours=1), age // timedelta(minutes=1)
    if age >= timedelta(days=3):
        return count(age.days, "day")
    if age >= timedelta(hours=3):
        return count(hours, "hour")
    return count(minutes, "minute")


def _write(rule: Freshness) -> dict[str, Any]:
    """Write the age in the unit that it was said in."""
    letter, (_, unit) = next((letter, named) for letter, named in _UNITS.items() if named[0] in rule.said)
    return {"field": rule.field, "maxAge": f"{rule.most // unit}{letter}"}


FRESHNESS: Final = FileRule(_NAME, _read, lambda rule: (rule.field,), _measure, _write)

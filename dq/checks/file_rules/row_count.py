"""`rowCount: {"min": 1, "max": 10000000}`: how many rows a file has, those that could be parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dq.checks.dimension import FileRule, Kept
from dq.checks.wording import count
from dq.schema.loading.problems import Problems, kind_of, shown
from dq.schema.loading.properties import exact, read_properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import FileSummary
    from dq.schema.definition import FieldDefinition

_NAME: Final = "rowCount"
_SPELLINGS: Final = {"min": "min", "minimum": "min", "max": "max", "maximum": "max"}
_IGNORED: Final = frozenset({"description", "comment"})
_MOST_ROWS: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RowCount:
    """The fewest and the most rows, both included; None where there is no limit."""

    least: int | None
    most: int | None


def _read(raw: Any, _fields: Sequence[FieldDefinition], problems: Problems) -> RowCount | None:  # noqa: ANN401 - any JSON value
    if not isinstance(raw, dict):
        problems.add(_NAME, f'is {kind_of(raw)}; expected an object such as {{"min": 1, "max": 10000000}}')
        return None
    properties = read_properties(raw, _SPELLINGS, _NAME, problems, _IGNORED)
    limits = RowCount(_limit(properties, "min", problems), _limit(properties, "max", problems))
    if not properties:
        problems.add(_NAME, "has neither min nor max; expected at least one of them")
    if limits.least is not None and limits.most is not None and limits.least > limits.most:
        problems.add(
            _NAME, f"min {limits.least:,} is greater than max {limits.most:,}, so that no number of rows can pass"
        )
    return limits


def _limit(properties: Mapping[str, Any], name: str, problems: Problems) -> int | None:
    if name not in properties:
        return None
    number = exact(properties[name])
    if number is not None and number.denominator == 1 and 0 <= number <= _MOST_ROWS:
        return int(number)
    problems.add(_NAME, f"{name} is {shown(properties[name])}; expected a whole number of rows, 0 or more")
    return None


def _measure(summary: FileSummary, _plan: CheckPlan, limits: RowCount) -> Kept:
    rows = summary.rows_read - summary.rows_malformed
    said = f"the file has {count(rows, 'row')}, expected at"
    if limits.least is not None and rows < limits.least:
        return Kept(kept=False, text=f"{said} least {count(limits.least)}", measured=rows)
    if limits.most is not None and rows > limits.most:
        return Kept(kept=False, text=f"{said} most {count(limits.most)}", measured=rows)
    return Kept(kept=True, measured=rows)


def _write(limits: RowCount) -> dict[str, Any]:
    said = {"min": limits.least, "max": limits.most}
    return {name: limit for name, limit in said.items() if limit is not None}


ROW_COUNT: Final = FileRule(_NAME, _read, lambda _limits: (), _measure, _write)

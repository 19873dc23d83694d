"""One check of a validator: what it adds to a definition, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from dq.checks.check_result import CheckResult, Status
from dq.checks.wording import percent
from dq.schema.definition import FieldType, Severity
from etl_core.errors import UsageError


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """What became of one check.

    `value` is what was measured, and `threshold` what it was compared with: shares from 0 to 1, but for row counts, and
    ages (a timedelta, compared with what was asked for). `value` is None where nothing could be measured: such a check
    has not passed. `message` says it to a person.
    """

    name: str
    severity: str
    passed: bool
    message: str
    value: Any
    threshold: Any


#: Types whose values a condition writes as a text behind the type.
TEMPORAL = (FieldType.DATE, FieldType.DATETIME, FieldType.TIME, FieldType.DURATION)
#: The results of the rules behind a check, by their names; whether it passed, what was measured, and how to say it.
Outcome = Callable[[Mapping[str, CheckResult]], tuple[bool, Any, str]]


@dataclass(frozen=True, slots=True)
class AskedCheck:
    """A check that was asked for: what it adds to a definition, and how its outcome is told.

    `rules` are the names of the rules behind it, those of `columns`.
    """

    name: str
    severity: Severity
    threshold: Any
    rules: tuple[str, ...]
    columns: tuple[str, ...]
    outcome: Outcome
    constraints: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)


def severity_of(said: str | None, usual: Severity) -> Severity:
    """Read a severity, `usual` where nothing is said; raises UsageError for a word that is none."""
    if said is None:
        return usual
    try:
        return Severity(said)
    except ValueError:
        names = ", ".join(one.value for one in Severity)
        raise UsageError(f"there is no severity {said!r}; expected one of {names}") from None


def share_of_failures(found: Mapping[str, CheckResult], tolerated: float, what: str) -> tuple[bool, Any, str]:
    """Add up what fails the rules of one check: a value is below or above a range, never both."""
    ran = [result for result in found.values() if result.status is not Status.NOT_RUN]
    if not ran:
        return False, None, "it could not be measured"
    failed, checked = sum(result.failed for result in ran), max(result.checked for result in ran)
    share = Fraction(failed, checked) if checked else Fraction(0)
    passed = share <= Fraction(str(tolerated))
    return (
        passed,
        float(share),
        f"{percent(share)} {what} ({failed:,} of {checked:,}), tolerated are {said_share(tolerated)}",
    )


def share_of(value: object, name: str) -> float:
    """Take a share that somebody gave; raises UsageError for what is none."""
    if isinstance(value, (int, float, Decimal, Fraction)) and 0 <= value <= 1:  # which NaN is not
        return float(value)
    raise UsageError(f"{name} is {value!r}; expected a share from 0 to 1, such as 0.01")


def said_share(share: float) -> str:
    """Write a share that somebody gave."""
    return percent(Fraction(str(share)))


def quoted_name(column: str) -> str:
    """Write a column's name in a condition, whatever characters it has."""
    return "`" + column.replace("`", "``") + "`"


def literal(value: Any, kind: FieldType) -> str:  # noqa: ANN401 - of any type
    """Write a value in a condition, to be compared with a column of a type; texts may stand for dates and times.

    Raises:
        UsageError: nothing can be compared with it.
    """
    value = json_value(value)
    if isinstance(value, str) and kind in TEMPORAL:
        quoted = value.replace("'", "''")
        return f"{kind.value} '{quoted}'"
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{value} is no limit of a range; leave that side out (None) to have it open")
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    raise UsageError(f"{value!r} is no limit of a range; expected a value of type {kind.value}")


def json_value(value: Any) -> Any:  # noqa: ANN401 - of any type
    """Write a value as a definition has it; numbers of NumPy as Python's."""
    if hasattr(value, "dtype") and hasattr(value, "item"):
        return json_value(value.item())
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    return value


def _duration(value: timedelta) -> str:
    """Write a span as `H:MM:SS[.f]`, which is how definitions have it."""
    microseconds = abs(value) // timedelta(microseconds=1)
    seconds, rest = divmod(microseconds, 1_000_000)
    text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" + (f".{rest:06}" if rest else "")
    return f"-{text}" if value < timedelta() else text

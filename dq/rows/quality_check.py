"""One check of a validator: what it adds to a definition, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from dq.checks.check_result import CheckResult, Status
from dq.checks.wording import percent
from dq.schema.definition import Severity
from etl_core.errors import UsageError


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """What became of one check.

    `value` is what was measured, and `threshold` what it was compared with: shares from 0 to 1, but for row counts and
    ages. `value` is None where nothing could be measured: such a check has not passed. `message` says it to a person.
    """

    name: str
    severity: str
    passed: bool
    message: str
    value: Any
    threshold: Any


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


def said_share(share: float) -> str:
    """Write a share that somebody gave."""
    return percent(Fraction(str(share)))


def quoted_name(column: str) -> str:
    """Write a column's name in a condition, whatever characters it has."""
    return "`" + column.replace("`", "``") + "`"


def literal(value: Any) -> str:  # noqa: ANN401 - of any type
    """Write a value in a condition."""
    if isinstance(value, datetime):
        return f"datetime '{value.isoformat()}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str | time | timedelta):
        return "'" + str(json_value(value)).replace("'", "''") + "'"
    return str(value)


def json_value(value: Any) -> Any:  # noqa: ANN401 - of any type
    """Write a value as a definition has it."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, (Decimal, timedelta)) else value

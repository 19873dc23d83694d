"""One constraint, plain (`"min": 0`) or with its own tolerance (`"min": {"value": 0, "threshold": 0.01}`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.schema.definition import Rule, Severity
from dq.schema.loading.problems import Problems, shown
from dq.schema.loading.properties import read_number, read_properties

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPELLINGS: Final = {"value": "value", "threshold": "threshold", "severity": "severity"}
_IGNORED: Final = frozenset({"description", "comment", "message"})


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The failing share that is tolerated and the severity, each None where nobody said anything."""

    threshold: Fraction | None = None
    severity: Severity | None = None

    def over(self, outer: Tolerance) -> Tolerance:
        """Fill what is not said here from `outer`."""
        return Tolerance(
            outer.threshold if self.threshold is None else self.threshold,
            outer.severity if self.severity is None else self.severity,
        )

    def rule(self, value: Any) -> Rule:  # noqa: ANN401 - the argument of any rule
        """Make the rule with this tolerance: threshold 0 and severity error unless said otherwise."""
        return Rule(value, self.threshold or Fraction(0), self.severity or Severity.ERROR)


@dataclass(frozen=True, slots=True)
class Constraint:
    """The argument of a constraint as JSON, and its tolerance."""

    value: Any
    tolerance: Tolerance


def read_constraint(
    raw: Any,  # noqa: ANN401 - any JSON value
    outer: Tolerance,
    what: str,
    place: str,
    problems: Problems,
) -> Constraint | None:
    """Read one constraint in either form; None when it is no constraint, or an object without a value."""
    if not isinstance(raw, dict):
        return Constraint(raw, outer)
    properties = read_properties(raw, _SPELLINGS, f"{place}, {what}", problems, _IGNORED)
    tolerance = read_tolerance(properties, f"{place}, {what}", problems).over(outer)
    if "value" not in properties:
        problems.add(place, f'{what} is {shown(raw)}; expected a plain value or {{"value": ..., "threshold": 0.01}}')
        return None
    return Constraint(properties["value"], tolerance)


def read_tolerance(properties: Mapping[str, Any], place: str, problems: Problems) -> Tolerance:
    """Read `threshold` and `severity` of an object."""
    tolerance = Tolerance()
    if "threshold" in properties:
        threshold = read_number(properties["threshold"], (0, 1), "threshold", place, problems)
        tolerance = replace(tolerance, threshold=threshold)
    if "severity" in properties:
        tolerance = replace(tolerance, severity=_read_severity(properties["severity"], place, problems))
    return tolerance


def _read_severity(value: Any, place: str, problems: Problems) -> Severity | None:  # noqa: ANN401 - any JSON value
    if isinstance(value, str) and value.lower() in {severity.value for severity in Severity}:
        return Severity(value.lower())
    expected = ", ".join(severity.value for severity in Severity)
    problems.add(place, f"severity is {shown(value)}; expected one of {expected}")
    return None

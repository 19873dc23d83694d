"""What failed, worst first: the rules as they are stored, and the message people read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.checks.check_result import CheckResult, Status
from dq.checks.wording import MASK
from dq.profiling.tally.offences import shortened
from dq.schema.definition import Severity
from dq.verdict.payload.values import example_value
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dq.checks.check_result import Measure
    from dq.profiling.summary.summary import Example

#: At most so many examples for one rule, and for all rules of a file together.
MOST_EXAMPLES: Final = 10
_ALL_EXAMPLES: Final = 1000
_MOST_CHARACTERS: Final = 200
_RANKS: Final = {Severity.CRITICAL: 0, Severity.ERROR: 1, Severity.WARNING: 2}


@dataclass(frozen=True, slots=True)
class FailedRule:
    """A failed result and the points it costs."""

    result: CheckResult
    deduction: Fraction


def failed_rules(measures: Iterable[tuple[Measure, Sequence[Fraction]]]) -> tuple[FailedRule, ...]:
    """Give everything that failed: critical first, then by points, then by count; warnings last."""
    found = [
        FailedRule(result, deduction)
        for measure, deductions in measures
        for result, deduction in zip(measure.results, deductions, strict=True)
        if result.status is Status.FAILED
    ]
    return tuple(sorted(found, key=_worst_first))


def _worst_first(rule: FailedRule) -> tuple[int, Fraction, int]:
    return _RANKS[rule.result.check.severity], -rule.deduction, -rule.result.failed


def written_rules(failed: Sequence[FailedRule]) -> tuple[dict[str, Any], ...]:
    """Write the failed rules; their deductions sum to the deductions of the verdict."""
    most = min(MOST_EXAMPLES, _ALL_EXAMPLES // max(len(failed), 1))
    return tuple(_rule(rule, most) for rule in failed)


def _rule(rule: FailedRule, most: int) -> dict[str, Any]:
    result = rule.result
    return {
        "rule": result.rule,
        "dimension": result.check.dimension,
        "column": None if result.column is None else storable(result.column),
        "severity": result.check.severity.value,
        "failed": result.failed,
        "checked": result.checked,
        "rate": result.failed / result.checked if result.checked else 0.0,
        "deduction": float(rule.deduction),
        "examples": [example_of(example) for example in result.examples[:most]],
    }


def example_of(example: Example, characters: int = _MOST_CHARACTERS) -> dict[str, Any]:
    """Write one example: its line, null where it is not known, its value, and why it is one where there is a reason."""
    value = example_value(example, lambda text: shortened(storable(text), characters))
    shown: dict[str, Any] = {"line": example.line, "value": MASK if example.text == MASK else value}
    return {**shown, "reason": example.reason} if example.reason else shown

"""What failed, worst first: the rules as they are stored, and the message people read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.schema.definition import Severity
from dq.verdict.outcome import Outcome, Status
from dq.verdict.wording import MASK, storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dq.profiling.summary.summary import Example
    from dq.verdict.outcome import Measure

#: At most so many examples for one rule, and for all rules of a file together.
MOST_EXAMPLES: Final = 10
_ALL_EXAMPLES: Final = 1000
_MOST_CHARACTERS: Final = 200
_RANKS: Final = {Severity.CRITICAL: 0, Severity.ERROR: 1, Severity.WARNING: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """A failed outcome and the points it costs."""

    outcome: Outcome
    deduction: Fraction


def findings_of(measures: Iterable[tuple[Measure, Sequence[Fraction]]]) -> tuple[Finding, ...]:
    """Give everything that failed: critical first, then by points, then by count; warnings last."""
    found = [
        Finding(outcome, deduction)
        for measure, deductions in measures
        for outcome, deduction in zip(measure.outcomes, deductions, strict=True)
        if outcome.status is Status.FAILED
    ]
    return tuple(sorted(found, key=_worst_first))


def _worst_first(finding: Finding) -> tuple[int, Fraction, int]:
    return _RANKS[finding.outcome.check.severity], -finding.deduction, -finding.outcome.failed


def rules_of(findings: Sequence[Finding]) -> tuple[dict[str, Any], ...]:
    """Write the failed rules; their deductions sum to the deductions of the verdict."""
    most = min(MOST_EXAMPLES, _ALL_EXAMPLES // max(len(findings), 1))
    return tuple(_rule(finding, most) for finding in findings)


def _rule(finding: Finding, most: int) -> dict[str, Any]:
    outcome = finding.outcome
    return {
        "rule": outcome.rule,
        "dimension": outcome.check.dimension.value,
        "column": None if outcome.column is None else storable(outcome.column),
        "severity": outcome.check.severity.value,
        "failed": outcome.failed,
        "checked": outcome.checked,
        "rate": outcome.failed / outcome.checked if outcome.checked else 0.0,
        "deduction": float(finding.deduction),
        "examples": [example_of(example) for example in outcome.examples[:most]],
    }


def example_of(example: Example, characters: int = _MOST_CHARACTERS) -> dict[str, Any]:
    """Write one example: its line, null where it is not known, and its text."""
    value = MASK if example.text == MASK else storable(example.text, characters)
    return {"line": example.line, "value": value}

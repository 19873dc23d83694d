"""From outcomes to deductions and a score, in exact fractions."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from dq.schema.definition import ScoringMode
from dq.verdict.outcome import Status, total_share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dq.checks.check import Check
    from dq.verdict.outcome import Measure


def deductions_of(measure: Measure, weight: Fraction, mode: ScoringMode) -> tuple[Fraction, ...]:
    """Give the points each outcome of a measure costs, in the order of its outcomes; their sum is the deduction.

    In proportional mode an outcome costs its share, all of them scaled down together where they exceed the weight.
    By rule, every failing check costs the same part of the weight. All or nothing, the failing checks share the weight.
    """
    match mode:
        case ScoringMode.PROPORTIONAL:
            scale = weight / max(total_share(measure.outcomes), Fraction(1))
            return tuple(outcome.share * scale if outcome.share else outcome.share for outcome in measure.outcomes)
        case ScoringMode.BY_RULE:
            ran = {outcome.check for outcome in measure.outcomes if outcome.status is not Status.NOT_RUN}
            return _per_check(measure, weight / max(len(ran), 1))
        case ScoringMode.ALL_OR_NOTHING:
            failing = {outcome.check for outcome in measure.failures}
            return _per_check(measure, weight / max(len(failing), 1))


def _per_check(measure: Measure, points: Fraction) -> tuple[Fraction, ...]:
    """Charge every failing check `points`, divided among the reasons it failed for."""
    reasons: Counter[Check] = Counter(outcome.check for outcome in measure.failures)
    return tuple(points / reasons[outcome.check] if outcome.counts else Fraction(0) for outcome in measure.outcomes)


def score_of(deductions: Iterable[Fraction]) -> int:
    """Give 100 minus the deductions, rounded half to even and kept within 0 and 100."""
    return max(0, min(100, round(100 - sum(deductions, Fraction(0)))))

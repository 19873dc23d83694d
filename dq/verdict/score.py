"""From results to deductions and a score, in exact fractions."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from dq.checks.check_result import Status, total_share
from dq.schema.definition import ScoringMode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dq.checks.check import Check
    from dq.checks.check_result import Measure


def deductions_of(measure: Measure, weight: Fraction, mode: ScoringMode) -> tuple[Fraction, ...]:
    """Give the points each result of a measure costs, in the order of its results; their sum is the deduction.

    In proportional mode an result costs its share, all of them scaled down together where they exceed the weight.
    By rule, every failing check costs the same part of the weight. All or nothing, the failing checks share the weight.
    """
    match mode:
        case ScoringMode.PROPORTIONAL:
            scale = weight / max(total_share(measure.results), Fraction(1))
            return tuple(result.share * scale if result.share else result.share for result in measure.results)
        case ScoringMode.BY_RULE:
            ran = {result.check for result in measure.results if result.status is not Status.NOT_RUN}
            return _per_check(measure, weight / max(len(ran), 1))
        case ScoringMode.ALL_OR_NOTHING:
            failing = {result.check for result in measure.failures}
            return _per_check(measure, weight / max(len(failing), 1))


def _per_check(measure: Measure, points: Fraction) -> tuple[Fraction, ...]:
    """Charge every failing check `points`, divided among the reasons it failed for."""
    reasons: Counter[Check] = Counter(result.check for result in measure.failures)
    return tuple(points / reasons[result.check] if result.counts else Fraction(0) for result in measure.results)


def score_of(deductions: Iterable[Fraction]) -> int:
    """Give 100 minus the deductions, rounded half to even and kept within 0 and 100."""
    return max(0, min(100, round(100 - sum(deductions, Fraction(0)))))

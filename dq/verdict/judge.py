"""From what was counted to what it means."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dq.schema.definition import Severity
from dq.verdict.failed_rules import failed_rules, written_rules
from dq.verdict.masking import Masking
from dq.verdict.measures.bounds import measure_bounds
from dq.verdict.measures.completeness import measure_completeness
from dq.verdict.measures.format import measure_format
from dq.verdict.measures.schema import measure_schema
from dq.verdict.measures.uniqueness import measure_uniqueness
from dq.verdict.messages import message_of
from dq.verdict.metrics import metrics_of
from dq.verdict.payload.profile import profile_payload
from dq.verdict.score import deductions_of, score_of
from dq.verdict.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from dq.checks.plan import CheckPlan
    from dq.profiling.summary.summary import FileSummary
    from dq.verdict.check_result import Measure

#: One measure per dimension, in the order of the verdict.
MEASURES: Final[tuple[Callable[[FileSummary, CheckPlan], Measure], ...]] = (
    measure_schema,
    measure_format,
    measure_completeness,
    measure_bounds,
    measure_uniqueness,
)


def judge(summary: FileSummary, plan: CheckPlan) -> Verdict:
    """Score one file and say why.

    Args:
        summary: everything counted in the file.
        plan: what its definition asks for, without one only the format.

    Returns:
        The verdict. It passes when the score reaches the pass score and no critical rule failed.
    """
    masking = Masking(plan.sensitive)
    scoring = plan.scoring
    measured = []
    for take in MEASURES:
        measure = masking.measure(take(summary, plan))
        weight: Fraction = getattr(scoring.weights, measure.dimension.value)
        measured.append((measure, deductions_of(measure, weight, scoring.mode)))
    totals = {measure.dimension: sum(filter(None, deductions), Fraction(0)) for measure, deductions in measured}
    failed = failed_rules(measured)
    score = score_of(totals.values())
    critical = any(rule.result.check.severity is Severity.CRITICAL for rule in failed)
    return Verdict(
        score=score,
        passed=score >= scoring.pass_score and not critical,
        metrics=metrics_of((measure, totals[measure.dimension]) for measure, _ in measured),
        deductions={dimension.value: float(total) for dimension, total in totals.items()},
        failed_validation_message=message_of(failed),
        failed_validation_rules=written_rules(failed),
        profile_payload=profile_payload(summary, plan, masking),
    )

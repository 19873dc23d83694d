"""From what was counted to what it means."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dq.checks.check_result import Status
from dq.checks.plan import DIMENSIONS
from dq.schema.definition import Severity
from dq.verdict.failed_rules import failed_rules, written_rules
from dq.verdict.json_size import MAX_BYTES, encoded_size
from dq.verdict.masking import Masking, without_strangers
from dq.verdict.messages import message_of
from dq.verdict.metrics import metrics_of
from dq.verdict.payload.cuts import Cut
from dq.verdict.payload.profile import profile_payload
from dq.verdict.score import deductions_of, score_of
from dq.verdict.verdict import Verdict

if TYPE_CHECKING:
    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import FileSummary

#: Bytes kept for the line that says how many rules were left out.
_ROOM: Final = 200


def judge(summary: FileSummary, plan: CheckPlan) -> Verdict:
    """Score one file and say why.

    Args:
        summary: everything counted in the file.
        plan: what its definition asks for, without one only the format.

    Returns:
        The verdict. It passes when the score reaches the pass score and every critical rule was looked at and kept.
    """
    summary, hidden = without_strangers(summary, plan.sensitive)
    masking = Masking(hidden)
    scoring = plan.scoring
    measured = []
    for dimension in DIMENSIONS:
        measure = masking.measure(dimension.measure(summary, plan))
        weight = scoring.weight(dimension.key, dimension.weight)
        measured.append((measure, deductions_of(measure, weight, scoring.mode)))
    totals = {measure.dimension: sum(filter(None, deductions), Fraction(0)) for measure, deductions in measured}
    failed = failed_rules(measured)
    score = score_of(totals.values())
    # A critical rule that could not run was not kept, as far as anybody knows.
    critical = [
        result
        for measure, _ in measured
        for result in measure.results
        if result.check.severity is Severity.CRITICAL and result.status is not Status.PASSED
    ]
    message = message_of(failed, [result for result in critical if result.status is Status.NOT_RUN])
    rules = written_rules(failed, MAX_BYTES - encoded_size(message) - _ROOM)
    cut: tuple[Cut, ...] = ()
    if len(rules) < len(failed):
        cut = (Cut("failedValidationRules", "failed rules, the worst ones", len(rules), len(failed)),)
        message = f"{message}\nthe failed rules hold the worst {len(rules):,} of {len(failed):,} findings"
    return Verdict(
        score=score,
        passed=score >= scoring.pass_score and not critical,
        metrics=metrics_of((measure, totals[measure.dimension]) for measure, _ in measured),
        deductions={dimension: float(total) for dimension, total in totals.items()},
        failed_validation_message=message,
        failed_validation_rules=rules,
        profile_payload=profile_payload(summary, plan, masking, cut),
    )

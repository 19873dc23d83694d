"""Uniqueness: no two rows share a declared key."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dq.checks.check import Dimension
from dq.schema.definition import Severity
from dq.verdict.measures.not_measured import and_not_run, not_measured, not_run
from dq.verdict.outcome import Measure, Outcome, Status, fails
from dq.verdict.wording import count, listed, on_one_line

if TYPE_CHECKING:
    from dq.checks.check import Check
    from dq.checks.plan import CheckPlan
    from dq.profiling.summary.summary import FileSummary, KeySummary


def measure_uniqueness(summary: FileSummary, plan: CheckPlan) -> Measure:
    """Count, per key, the rows after the first of equal keys over the rows with a full key; the share is the mean."""
    idle = not_measured(summary, plan, Dimension.UNIQUENESS, "which keys are unique")
    if idle:
        return idle
    checks = plan.of(Dimension.UNIQUENESS)
    keys = {key.columns: key for key in summary.keys if not key.missing}
    present = sum(1 for check in checks if check.columns in keys)
    outcomes = tuple(_outcome(check, keys.get(check.columns), present) for check in checks)
    failed = sum(outcome.failed for outcome in outcomes if outcome.counts)
    checked = sum(outcome.checked for outcome in outcomes)
    return Measure(Dimension.UNIQUENESS, outcomes, failed, checked, _details(outcomes, present))


def _outcome(check: Check, key: KeySummary | None, present: int) -> Outcome:
    if key is None:
        return not_run(check)
    failing = fails(key.repeated, key.full, check)
    lost = failing and check.severity is not Severity.WARNING
    column = ", ".join(key.columns)
    return Outcome(
        check,
        Status.FAILED if failing else Status.PASSED,
        check.rule,
        column,
        failed=key.repeated,
        checked=key.full,
        share=Fraction(key.repeated, key.full * present) if lost else Fraction(0),
        text=f"{on_one_line(column)} repeats an earlier row in {count(key.repeated)} of {count(key.full, 'row')}",
        examples=key.examples,
    )


def _details(outcomes: tuple[Outcome, ...], present: int) -> str:
    failing = sorted((outcome for outcome in outcomes if outcome.counts), key=lambda outcome: -outcome.failed)
    if failing:
        verb = "has" if len(failing) == 1 else "have"
        texts = listed([outcome.text for outcome in failing])
        return and_not_run(f"{count(len(failing))} of {count(present, 'key')} {verb} repeated rows: {texts}", outcomes)
    if not present:
        return and_not_run("Not run", outcomes)
    repeated = sum(outcome.failed for outcome in outcomes)
    found = f"{count(repeated, 'repeated row')} tolerated or warned of" if repeated else "no repeated rows"
    return and_not_run(f"{count(present, 'key')} checked, {found}", outcomes)

"""Uniqueness: no two rows share a declared key."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.checks.check import Check, CheckPlan
from dq.checks.check_result import CheckResult, Measure, Status, fails
from dq.checks.dimension import Dimension
from dq.checks.not_measured import and_not_run, not_measured, not_run
from dq.checks.wording import WITHIN_TOLERANCE, count, listed, visible
from dq.schema.definition import Severity

if TYPE_CHECKING:
    from dq.profiling.summary.summary import FileSummary, KeySummary
    from dq.schema.definition import SchemaDefinition


KEY: Final = "uniqueness"
UNIQUE: Final = "unique"


def uniqueness_checks(definition: SchemaDefinition | None) -> tuple[Check, ...]:
    """Ask that every declared key occurs once."""
    keys = definition.keys if definition else ()
    return tuple(Check(UNIQUE, KEY, key.columns, key.severity, key.threshold) for key in keys)


def measure_uniqueness(summary: FileSummary, plan: CheckPlan) -> Measure:
    """Count, per key, the rows after the first of equal keys over the rows with a full key; the share is the mean."""
    idle = not_measured(summary, plan, KEY, "which keys are unique")
    if idle:
        return idle
    checks = plan.of(KEY)
    keys = {key.columns: key for key in summary.keys if not key.missing}
    present = sum(1 for check in checks if check.columns in keys)
    results = tuple(_result(check, keys.get(check.columns), present) for check in checks)
    failed = sum(result.failed for result in results if result.counts)
    checked = sum(result.checked for result in results)
    return Measure(KEY, results, failed, checked, _details(results, present))


def _result(check: Check, key: KeySummary | None, present: int) -> CheckResult:
    if key is None:
        return not_run(check)
    failing = fails(key.repeated, key.full, check)
    lost = failing and check.severity is not Severity.WARNING
    column = ", ".join(key.columns)
    return CheckResult(
        check,
        Status.FAILED if failing else Status.PASSED,
        check.rule,
        column,
        failed=key.repeated,
        checked=key.full,
        share=Fraction(key.repeated, key.full * present) if lost else Fraction(0),
        text=f"{visible(column)} repeats an earlier row in {count(key.repeated)} of {count(key.full, 'row')}",
        examples=key.examples,
        why_no_example="equal rows lie in parts of the file that were read apart, and were found by their hashes",
    )


def _details(results: tuple[CheckResult, ...], present: int) -> str:
    failing = sorted((result for result in results if result.counts), key=lambda result: -result.failed)
    if failing:
        verb = "has" if len(failing) == 1 else "have"
        texts = listed([result.text for result in failing])
        return and_not_run(f"{count(len(failing))} of {count(present, 'key')} {verb} repeated rows: {texts}", results)
    if not present:
        return and_not_run(None, results)
    repeated = sum(result.failed for result in results)
    keys = count(present, "key")
    if repeated:
        return and_not_run(f"{count(repeated, 'repeated row')} of {keys}, {WITHIN_TOLERANCE}", results)
    return and_not_run(f"No row repeats another ({keys} checked)", results)


def no_key_repeats(metrics: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Tell by the metrics of a verdict that every key was looked at, and that no row repeats one.

    >>> no_key_repeats({UNIQUENESS.metric: {"status": "passed", "warnings": 0}}), no_key_repeats(None)
    (True, False)
    """
    told = metrics.get(UNIQUENESS.metric) if isinstance(metrics, Mapping) else None
    return isinstance(told, Mapping) and told.get("status") == "passed" and told.get("warnings") == 0


UNIQUENESS: Final = Dimension(
    key=KEY,
    metric="uniqueness",
    weight=Fraction(10),
    derive=uniqueness_checks,
    measure=measure_uniqueness,
    sections=("uniquenessOverview",),
)

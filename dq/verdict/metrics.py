"""The five metrics as they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dq.checks.check_result import Measure, Status
from dq.checks.plan import DIMENSIONS
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

#: The key of each dimension in `metrics`.
METRIC_NAMES: Final = {dimension.key: dimension.metric for dimension in DIMENSIONS}


def metrics_of(measures: Iterable[tuple[Measure, Fraction]]) -> dict[str, dict[str, Any]]:
    """Give each metric with its status, its sentence and its numbers."""
    return {METRIC_NAMES[measure.dimension]: _metric(measure, deduction) for measure, deduction in measures}


def _metric(measure: Measure, deduction: Fraction) -> dict[str, Any]:
    """Write one metric.

    `failed` of `checked` are cells, rows or fields, as the dimension counts them; `rate` is the share of the weight
    that proportional scoring takes. `rules` are results, as they stand in the list of failed rules: `rulesFailed` of
    them without the `warnings`; `rulesNotRun` could not be looked at.
    """
    results = measure.results
    failed = [result for result in results if result.status is Status.FAILED]
    return {
        "passed": measure.passed,
        "details": storable(measure.details),
        "status": measure.status.value,
        "failed": measure.failed,
        "checked": measure.checked,
        "rate": float(measure.share),
        "deduction": float(deduction),
        "rules": len(results),
        "rulesFailed": len(measure.failures),
        "rulesNotRun": sum(1 for result in results if result.status is Status.NOT_RUN),
        "warnings": len(failed) - len(measure.failures),
        **dict(measure.figures),
    }

"""Completeness: required fields hold a value in every row."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dq.checks.check import Dimension
from dq.schema.definition import Severity
from dq.verdict.check_result import CheckResult, Measure, Status, fails
from dq.verdict.measures.not_measured import and_not_run, not_measured, not_run
from dq.verdict.wording import count, listed, on_one_line, percent

if TYPE_CHECKING:
    from dq.checks.check import Check
    from dq.checks.plan import CheckPlan
    from dq.profiling.summary.summary import ColumnSummary, FileSummary


def measure_completeness(summary: FileSummary, plan: CheckPlan) -> Measure:
    """Count the null cells of failing required fields over all cells of the required fields that are present."""
    idle = not_measured(summary, plan, Dimension.COMPLETENESS, "which fields are required")
    if idle:
        return idle
    checks = plan.of(Dimension.COMPLETENESS)
    columns = {column.name: column for column in summary.columns}
    cells = sum(columns[check.columns[0]].rows for check in checks if check.columns[0] in columns)
    results = tuple(_result(check, columns.get(check.columns[0]), cells) for check in checks)
    failed = sum(result.failed for result in results if result.counts)
    return Measure(Dimension.COMPLETENESS, results, failed, cells, _details(results, failed, cells))


def _result(check: Check, column: ColumnSummary | None, cells: int) -> CheckResult:
    if column is None:
        return not_run(check)
    failing = fails(column.nulls, column.rows, check)
    lost = failing and check.severity is not Severity.WARNING
    return CheckResult(
        check,
        Status.FAILED if failing else Status.PASSED,
        check.rule,
        column.name,
        failed=column.nulls,
        checked=column.rows,
        share=Fraction(column.nulls, cells) if lost else Fraction(0),
        text=f"{on_one_line(column.name)} is required and null in {count(column.nulls)} of {count(column.rows, 'row')}",
    )


def _details(results: tuple[CheckResult, ...], failed: int, cells: int) -> str:
    if failed:
        parts = [
            f"{on_one_line(result.column or '')} ({count(result.failed)} of {count(result.checked)})"
            for result in sorted(results, key=lambda result: -result.failed)
            if result.counts
        ]
        share = percent(Fraction(failed, cells))
        return and_not_run(f"{share} of the values of required fields are null: {listed(parts)}", results)
    ran = sum(1 for result in results if result.status is not Status.NOT_RUN)
    if not ran:
        return and_not_run("Not run", results)
    nulls = sum(result.failed for result in results)
    found = f"{count(nulls, 'null')} tolerated or warned of" if nulls else "no nulls"
    checked = f"{count(ran, 'required field')} checked over {count(cells, 'value')}"
    return and_not_run(f"{checked}, {found}", results)

"""Bounds: values keep to min, max, enum, pattern, minLength and maxLength."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.checks.check import Check, CheckPlan
from dq.checks.check_result import CheckResult, Measure, Status, fails
from dq.checks.columns import cells_breaking, of_wrong_type, parsed_cells
from dq.checks.dimension import Dimension
from dq.checks.not_measured import and_not_run, not_measured, not_run
from dq.checks.wording import WITHIN_TOLERANCE, count, listed, percent, visible
from dq.schema.definition import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.profiling.summary.summary import ColumnSummary, FileSummary
    from dq.schema.definition import SchemaDefinition

KEY: Final = "bounds"
#: How breaking a rule is said; the argument follows where it is short enough to read.
_PHRASES: Final = {
    "min": "below the minimum",
    "max": "above the maximum",
    "enum": "not among the allowed values",
    "pattern": "not of the pattern",
    "minLength": "shorter than",
    "maxLength": "longer than",
}
_UNIT: Final = {"minLength": " characters", "maxLength": " characters"}


def bounds_checks(definition: SchemaDefinition | None) -> tuple[Check, ...]:
    """Ask for min, max, enum, pattern, minLength and maxLength of every field that has them."""
    return tuple(
        Check(name, KEY, (field.name,), rule.severity, rule.threshold, rule.value)
        for field in (definition.fields if definition else ())
        for name, rule in field.bounds
    )


def measure_bounds(summary: FileSummary, plan: CheckPlan) -> Measure:
    """Count the cells that break a failing rule, each once, over the parsed cells of all fields with such rules."""
    idle = not_measured(summary, plan, KEY, "which values are allowed")
    if idle:
        return idle
    columns = {column.name: column for column in summary.columns if not of_wrong_type(column)}
    by_column: dict[str, list[Check]] = {}
    for check in plan.of(KEY):
        by_column.setdefault(check.columns[0], []).append(check)
    cells = sum(parsed_cells(columns[name]) for name in by_column if name in columns)
    results: list[CheckResult] = []
    failed = 0
    for name, checks in by_column.items():
        if name in columns:
            breaking, found = _column(columns[name], checks, cells)
            failed += breaking
            results.extend(found)
        else:
            results.extend(not_run(check) for check in checks)
    return Measure(KEY, tuple(results), failed, cells, _details(tuple(results), failed, cells))


def _column(column: ColumnSummary, checks: Sequence[Check], cells: int) -> tuple[int, list[CheckResult]]:
    """Give the failing cells of one column and its results, a cell shared among the failing rules it breaks."""
    checked = parsed_cells(column)
    failing = [check for check in checks if fails(cells_breaking(column, check.rule), checked, check)]
    losing = frozenset(check.rule for check in failing if check.severity is not Severity.WARNING)
    shares: dict[str, Fraction] = dict.fromkeys(losing, Fraction(0))
    breaking = 0
    for rules, number in column.violations.items():
        blamed = rules & losing
        breaking += number if blamed else 0
        for rule in blamed:
            shares[rule] += Fraction(number, cells * len(blamed))
    results = [
        CheckResult(
            check,
            Status.FAILED if check in failing else Status.PASSED,
            check.rule,
            column.name,
            failed=cells_breaking(column, check.rule),
            checked=checked,
            share=shares.get(check.rule, Fraction(0)),
            text=_text(column, check, checked),
            examples=column.violation_examples.get(check.rule, ()),
        )
        for check in checks
    ]
    return breaking, results


def _text(column: ColumnSummary, check: Check, checked: int) -> str:
    number = cells_breaking(column, check.rule)
    phrase = _PHRASES[check.rule]
    argument = "" if check.rule == "enum" else f" {_shown(check.argument)}{_UNIT.get(check.rule, '')}"
    return f"{visible(column.name)} is {phrase}{argument} in {count(number)} of {count(checked, 'value')}"


def _shown(argument: Any) -> str:  # noqa: ANN401 - the argument of any rule
    if isinstance(argument, float) and argument.is_integer():
        argument = int(argument)
    return visible(str(argument))


def _details(results: tuple[CheckResult, ...], failed: int, cells: int) -> str:
    if failed:
        worst = sorted((result for result in results if result.counts), key=lambda result: -result.failed)
        texts = listed([result.text for result in worst])
        return and_not_run(f"{percent(Fraction(failed, cells))} of values are out of bounds: {texts}", results)
    ran = sum(1 for result in results if result.status is not Status.NOT_RUN)
    if not ran:
        return and_not_run(None, results)
    number = sum(result.failed for result in results)
    if number:
        return and_not_run(
            f"{count(number, 'time')} out of bounds in {count(cells, 'value')}, {WITHIN_TOLERANCE}", results
        )
    return and_not_run(f"No value is out of bounds ({count(ran, 'rule')}, {count(cells, 'value')})", results)


BOUNDS: Final = Dimension(
    key=KEY,
    metric="boundsRange",
    weight=Fraction(15),
    derive=bounds_checks,
    measure=measure_bounds,
    sections=("boundsAnomalies",),
)

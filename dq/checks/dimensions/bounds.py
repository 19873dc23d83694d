"""Bounds: values keep to min, max, enum, pattern, minLength and maxLength, and rows to rules over their cells."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.checks.check import Check, CheckPlan
from dq.checks.check_result import CheckResult, Measure, Status, fails
from dq.checks.columns import cells_breaking, of_wrong_type, parsed_cells
from dq.checks.dimension import Dimension
from dq.checks.dimensions.row_rules import is_row_rule, row_rule_checks, row_rule_result, row_rules_that_ran
from dq.checks.not_measured import and_not_run, not_measured, not_run
from dq.checks.wording import WITHIN_TOLERANCE, count, listed, percent, visible
from dq.schema.definition import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    """Ask for min, max, enum, pattern, minLength and maxLength of every field that has them, and for rules of rows."""
    of_cells = tuple(
        Check(name, KEY, (field.name,), rule.severity, rule.threshold, rule.value)
        for field in (definition.fields if definition else ())
        for name, rule in field.bounds
    )
    return (*of_cells, *row_rule_checks(definition, KEY))


def measure_bounds(summary: FileSummary, plan: CheckPlan) -> Measure:
    """Count the cells that break a failing rule, each once, over the parsed cells of all fields with such rules.

    The rows that break a rule over their cells join the failing cells, those it was asked of the checked ones.
    """
    idle = not_measured(summary, plan, KEY, "which values are allowed")
    if idle:
        return idle
    columns = {column.name: column for column in summary.columns if not of_wrong_type(column)}
    by_column: dict[str, list[Check]] = {}
    of_rows: list[Check] = []
    for check in plan.of(KEY):
        if is_row_rule(check):
            of_rows.append(check)
        else:
            by_column.setdefault(check.columns[0], []).append(check)
    asked = row_rules_that_ran(summary, plan, KEY)
    cells = sum(parsed_cells(columns[name]) for name in by_column if name in columns)
    cells += sum(found.checked for found in asked.values())
    results: list[CheckResult] = []
    failed = 0
    for name, checks in by_column.items():
        if name in columns:
            breaking, found = _column(columns[name], checks, cells)
            failed += breaking
            results.extend(found)
        else:
            results.extend(not_run(check) for check in checks)
    for check in of_rows:
        result = row_rule_result(check, asked.get(check), cells, summary)
        failed += result.failed if result.counts else 0
        results.append(result)
    things = _things(by_column, asked)
    return Measure(KEY, tuple(results), failed, cells, _details(tuple(results), failed, cells, things))


def _things(by_column: Mapping[str, Any], asked: Mapping[Check, Any]) -> str:
    """Name what was checked: values, rows, or both."""
    if not asked:
        return "value"
    return "value or row" if by_column else "row"


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


def _details(results: tuple[CheckResult, ...], failed: int, cells: int, things: str) -> str:
    if failed:
        worst = sorted((result for result in results if result.counts), key=lambda result: -result.failed)
        texts = listed([result.text for result in worst])
        share = percent(Fraction(failed, cells))
        return and_not_run(f"{share} of {_several(things)} are out of bounds: {texts}", results)
    ran = sum(1 for result in results if result.status is not Status.NOT_RUN)
    if not ran:
        return and_not_run(None, results)
    number = sum(result.failed for result in results)
    if number:
        return and_not_run(
            f"{count(number, 'time')} out of bounds in {_counted(cells, things)}, {WITHIN_TOLERANCE}", results
        )
    return and_not_run(f"No {things} is out of bounds ({count(ran, 'rule')}, {_counted(cells, things)})", results)


def _counted(number: int, things: str) -> str:
    return count(number, things) if number == 1 else f"{count(number)} {_several(things)}"


def _several(things: str) -> str:
    return things.replace("value or row", "values and rows") if " " in things else f"{things}s"


BOUNDS: Final = Dimension(
    key=KEY,
    metric="boundsRange",
    weight=Fraction(15),
    derive=bounds_checks,
    measure=measure_bounds,
    sections=("boundsAnomalies",),
)

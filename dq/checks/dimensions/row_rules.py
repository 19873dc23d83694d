"""Rules over the cells of a row, which count for bounds as a column of cells does."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dq.checks.check import Check
from dq.checks.check_result import CheckResult, Status, fails
from dq.checks.columns import of_wrong_type
from dq.checks.not_measured import not_run
from dq.checks.wording import count, listed, visible
from dq.schema.definition import RowRule, Severity

if TYPE_CHECKING:
    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import FileSummary, RowRuleSummary
    from dq.schema.definition import SchemaDefinition


def row_rule_checks(definition: SchemaDefinition | None, dimension: str) -> tuple[Check, ...]:
    """Ask what the definition says of the rows."""
    return tuple(
        Check(rule.name, dimension, rule.columns, rule.severity, rule.threshold, rule)
        for rule in (definition.row_rules if definition else ())
    )


def row_rules_that_ran(summary: FileSummary, plan: CheckPlan, dimension: str) -> dict[Check, RowRuleSummary]:
    """Give the figures of the rules whose columns are all in the file and of their type."""
    there = {column.name for column in summary.columns if not of_wrong_type(column)}
    figures = {one.name: one for one in summary.row_rules if not one.missing}
    return {
        check: figures[check.rule]
        for check in plan.of(dimension)
        if isinstance(check.argument, RowRule) and check.rule in figures and there.issuperset(check.columns)
    }


def row_rule_result(check: Check, found: RowRuleSummary | None, checked: int, summary: FileSummary) -> CheckResult:
    """Give the result of one rule; `checked` are all cells and rows that the dimension checked."""
    if found is None:
        return not_run(check, _why(check, summary))
    failing = fails(found.failed, found.checked, check)
    lost = failing and check.severity is not Severity.WARNING
    rows = count(found.checked, "row")
    return CheckResult(
        check,
        Status.FAILED if failing else Status.PASSED,
        check.rule,
        ", ".join(check.columns),
        failed=found.failed,
        checked=found.checked,
        share=Fraction(found.failed, checked) if lost else Fraction(0),
        text=f"{visible(check.rule)} is broken in {count(found.failed)} of {rows} ({visible(check.argument.text)})",
        examples=found.examples,
    )


def _why(check: Check, summary: FileSummary) -> str:
    """Say which columns kept a rule from being asked."""
    there = {column.name for column in summary.columns if not of_wrong_type(column)}
    lacking = [visible(name) for name in check.columns if name not in there]
    verb = "is" if len(lacking) == 1 else "are"
    return f"{visible(check.rule)} is not checked, as {listed(lacking)} {verb} missing or of another type"

"""Rules over the cells of a row, which count for bounds as a column of cells does."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dq.checks.check import Check
from dq.checks.check_result import CheckResult, Status, fails
from dq.checks.columns import of_wrong_type
from dq.checks.not_measured import not_run
from dq.checks.wording import count, listed, on_one_line, visible
from dq.schema.definition import Reference, RowRule, Severity

if TYPE_CHECKING:
    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import FileSummary, RowRuleSummary
    from dq.schema.definition import SchemaDefinition

REFERENCES: Final = "references"
_MOST_REASON: Final = 300


def row_rule_checks(definition: SchemaDefinition | None, dimension: str) -> tuple[Check, ...]:
    """Ask what the definition says of the rows."""
    if definition is None:
        return ()
    of_rows = (
        Check(one.name, dimension, one.columns, one.severity, one.threshold, one) for one in definition.row_rules
    )
    of_keys = (
        Check(REFERENCES, dimension, one.columns, one.severity, one.threshold, one) for one in definition.references
    )
    return (*of_rows, *of_keys)


def is_row_rule(check: Check) -> bool:
    """Tell whether a check is asked of rows, not of the cells of one column."""
    return isinstance(check.argument, RowRule | Reference)


def row_rules_that_ran(summary: FileSummary, plan: CheckPlan, dimension: str) -> dict[Check, RowRuleSummary]:
    """Give the figures of the rules whose columns are all in the file and of their type, and that could be answered."""
    there = {column.name for column in summary.columns if not of_wrong_type(column)}
    figures = {one.name: one for one in summary.row_rules if not one.missing and not one.unanswered}
    return {
        check: figures[check.argument.name]
        for check in plan.of(dimension)
        if is_row_rule(check) and check.argument.name in figures and there.issuperset(check.columns)
    }


def row_rule_result(check: Check, found: RowRuleSummary | None, checked: int, summary: FileSummary) -> CheckResult:
    """Give the result of one rule; `checked` are all cells and rows that the dimension checked."""
    if found is None:
        return not_run(check, _why(check, summary))
    failing = fails(found.failed, found.checked, check)
    lost = failing and check.severity is not Severity.WARNING
    return CheckResult(
        check,
        Status.FAILED if failing else Status.PASSED,
        check.rule,
        ", ".join(check.columns),
        failed=found.failed,
        checked=found.checked,
        share=Fraction(found.failed, checked) if lost else Fraction(0),
        text=_text(check, found),
        examples=found.examples,
    )


def _text(check: Check, found: RowRuleSummary) -> str:
    rows = f"{count(found.failed)} of {count(found.checked, 'row')}"
    if isinstance(check.argument, Reference):
        verb = "is" if len(check.columns) == 1 else "are"
        names = listed([visible(name) for name in check.columns])
        return f"{names} {verb} not in {visible(check.argument.text)} in {rows}"
    return f"{visible(check.rule)} is broken in {rows} ({visible(check.argument.text)})"


def _why(check: Check, summary: FileSummary) -> str:
    """Say what kept a rule from being asked: columns, or what it refers to."""
    rule = visible(check.rule)
    if isinstance(check.argument, Reference):
        rule = f"{rule} of {listed([visible(name) for name in check.columns])}"
    there = {column.name for column in summary.columns if not of_wrong_type(column)}
    lacking = [visible(name) for name in check.columns if name not in there]
    if not lacking:
        reasons = {one.name: one.unanswered for one in summary.row_rules}
        return f"{rule} is not checked: {on_one_line(reasons.get(check.argument.name, ''), _MOST_REASON)}"
    verb = "is" if len(lacking) == 1 else "are"
    return f"{rule} is not checked, as {listed(lacking)} {verb} missing or of another type"

"""Completeness: required fields hold a value in every row, and the file as a whole has what it has to have."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dq.checks.check import Check, CheckPlan
from dq.checks.check_result import CheckResult, Measure, Status, fails
from dq.checks.dimension import Dimension
from dq.checks.not_measured import and_not_run, not_measured, not_run
from dq.checks.whole_file import FILE_RULES
from dq.checks.wording import WITHIN_TOLERANCE, count, listed, percent, visible
from dq.schema.definition import Severity

if TYPE_CHECKING:
    from dq.profiling.summary.summary import ColumnSummary, FileSummary
    from dq.schema.definition import SchemaDefinition

KEY: Final = "completeness"
REQUIRED: Final = "required"


def completeness_checks(definition: SchemaDefinition | None) -> tuple[Check, ...]:
    """Ask for a value in every cell of the required fields, and for what is asked of the whole file."""
    if definition is None:
        return ()
    required = tuple(
        Check(REQUIRED, KEY, (field.name,), field.required.severity, field.required.threshold)
        for field in definition.fields
        if field.required
    )
    whole_file = tuple(
        Check(name, KEY, FILE_RULES[name].columns(rule.value), rule.severity, rule.threshold, rule.value)
        for name, rule in definition.file_rules
    )
    return (*required, *whole_file)


def measure_completeness(summary: FileSummary, plan: CheckPlan) -> Measure:
    """Count the null cells of failing required fields, and the whole-file rules that are not kept.

    In proportional mode the required fields that are there and the whole-file rules that ran share the weight equally:
    (required fields x share of null cells + failing rules) / (required fields + rules).
    """
    idle = not_measured(summary, plan, KEY, "which fields are required")
    if idle:
        return idle
    checks = plan.of(KEY)
    columns = {column.name: column for column in summary.columns}
    present = [check for check in checks if check.rule == REQUIRED and check.columns[0] in columns]
    cells = sum(columns[check.columns[0]].rows for check in present)
    of_files = [_whole_file(summary, plan, check) for check in checks if check.rule != REQUIRED]
    ran = sum(1 for result in of_files if result.status is not Status.NOT_RUN)
    fields = Fraction(len(present), max(len(present) + ran, 1))
    keys = {name for key in (plan.definition.keys if plan.definition else ()) for name in key.columns}
    named = plan.sensitive.isdisjoint(keys)
    of_fields = [
        _of_field(check, columns.get(check.columns[0]), cells, fields, named=named)
        for check in checks
        if check.rule == REQUIRED
    ]
    results = (*of_fields, *(_weighted(result, len(present) + ran) for result in of_files))
    failed = sum(result.failed for result in results if result.counts)
    rows = summary.rows_incomplete
    figures = () if rows is None else (("rowsWithNulls", rows),)
    details = _details(of_fields, of_files, cells, _share_of_rows(summary))
    return Measure(KEY, results, failed, cells + ran, details, figures)


def _share_of_rows(summary: FileSummary) -> str | None:
    """Say in how many rows a required value is null, None where nobody counted the rows."""
    parsed = summary.rows_read - summary.rows_malformed
    if summary.rows_incomplete is None or not parsed:
        return None
    return percent(Fraction(summary.rows_incomplete, parsed))


def _of_field(check: Check, column: ColumnSummary | None, cells: int, fields: Fraction, *, named: bool) -> CheckResult:
    """Measure one required field; `fields` is the share of the weight that all of them have together.

    `named`: its examples may say which rows they are, by their key.
    """
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
        share=Fraction(column.nulls, cells) * fields if lost else Fraction(0),
        text=f"{visible(column.name)} is required and null in {count(column.nulls)} of {count(column.rows, 'row')}",
        examples=column.null_examples if named else tuple(one._replace(text="") for one in column.null_examples),
    )


def _whole_file(summary: FileSummary, plan: CheckPlan, check: Check) -> CheckResult:
    kept, text, measured = FILE_RULES[check.rule].measure(summary, plan, check.argument)
    if kept is None:
        return not_run(check)
    failed = 0 if kept else 1
    status = Status.FAILED if fails(failed, 1, check) else Status.PASSED
    column = ", ".join(check.columns) or None
    why = "the rule is about the file as a whole, not about single rows"
    return CheckResult(
        check, status, check.rule, column, failed=failed, checked=1, text=text, why_no_example=why, measured=measured
    )


def _weighted(result: CheckResult, parts: int) -> CheckResult:
    """Give a rule that is not kept one part of the weight."""
    return replace(result, share=Fraction(1, parts)) if result.counts else result


def _details(of_fields: list[CheckResult], of_files: list[CheckResult], cells: int, rows: str | None) -> str:
    results = (*of_fields, *of_files)
    nulls = sum(result.failed for result in of_fields if result.counts)
    texts = [result.text for result in of_files if result.counts]
    if nulls:
        fields = [
            f"{visible(result.column or '')} ({count(result.failed)} of {count(result.checked)})"
            for result in sorted(of_fields, key=lambda result: -result.failed)
            if result.counts
        ]
        share = percent(Fraction(nulls, cells))
        in_values = f"{share} of the values of required fields are null"
        subject = f"{rows} of rows have nulls in required fields" if rows else in_values
        texts = [f"{subject}: {listed(fields)}", *texts]
    if texts:
        sentence = "; ".join(texts)
        return and_not_run(f"{sentence[0].upper()}{sentence[1:]}" if not nulls else sentence, results)
    ran = [result for result in of_fields if result.status is not Status.NOT_RUN]
    rules = [result.rule for result in of_files if result.status is not Status.NOT_RUN]
    parts = []
    if ran:
        tolerated = sum(result.failed for result in ran)
        where = f"{count(cells, 'value')} of {count(len(ran), 'required field')}"
        parts.append(
            f"{count(tolerated, 'null')} in {where}, {WITHIN_TOLERANCE}" if tolerated else f"no null in {where}"
        )
    if rules:
        broken = [result.text for result in of_files if result.failed]
        kept = f"{listed(rules)} {'is' if len(rules) == 1 else 'are'} kept"
        parts.append(f"{listed(broken)}, {WITHIN_TOLERANCE}" if broken else kept)
    sentence = "; ".join(parts)
    return and_not_run(f"{sentence[0].upper()}{sentence[1:]}" if sentence else None, results)


COMPLETENESS: Final = Dimension(
    key=KEY,
    metric="completeness",
    weight=Fraction(20),
    derive=completeness_checks,
    measure=measure_completeness,
    sections=("completenessOverview",),
)

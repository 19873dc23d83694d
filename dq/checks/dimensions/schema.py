"""Schema: every declared field exists once and holds its type; under `strict` nothing else exists."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dq.checks.check import Check, CheckPlan
from dq.checks.check_result import CheckResult, Measure, Status, fails
from dq.checks.columns import of_wrong_type
from dq.checks.dimension import Dimension
from dq.checks.missing_columns import MissingColumns
from dq.checks.not_measured import not_measured, not_run, nothing_to_measure
from dq.checks.wording import WITHIN_TOLERANCE, as_sentence, count, listed, visible
from dq.schema.column_names import place_of_unnamed
from dq.schema.definition import FieldType, Severity

if TYPE_CHECKING:
    from dq.profiling.summary.summary import ColumnSummary, FileSummary
    from dq.schema.definition import SchemaDefinition

KEY: Final = "schema"
#: One per declared field: the column exists, exists once, and its cells are of the declared type.
FIELD: Final = "type"
#: One per strict definition: there is no column that was not declared.
NO_EXTRA: Final = "extra"
#: Why a field or a file fails.
MISSING: Final = "missing"
TYPE: Final = "type"
REPEATED: Final = "repeated"
EXTRA: Final = "extra"
#: How values are written in files of text, by their type.
_WRITTEN: Final = {
    FieldType.INTEGER: "-12",
    FieldType.NUMBER: "-12.5",
    FieldType.DECIMAL: "-12.50",
    FieldType.BOOLEAN: "true or 0",
    FieldType.DATE: "2026-01-31",
    FieldType.DATETIME: "2026-01-31T23:59:59",
    FieldType.TIME: "23:59:59",
}


def schema_checks(definition: SchemaDefinition | None) -> tuple[Check, ...]:
    """Ask for every declared field, and under `strict` for no other column."""
    if definition is None:
        return ()
    fields = tuple(
        Check(FIELD, KEY, (field.name,), field.severity, field.threshold, field.type) for field in definition.fields
    )
    return (*fields, Check(NO_EXTRA, KEY)) if definition.strict else fields


def measure_schema(summary: FileSummary, plan: CheckPlan) -> Measure:
    """Count the failing fields over the declared ones; a field fails once, whatever the number of its reasons.

    Under `strict` every column that is not declared fails too, and counts among those that were looked at. Where no row
    could be parsed, columns that are missing or too many are still known; whether the others hold their type is not.
    """
    idle = not_measured(summary, plan, KEY, "which fields to expect")
    if idle and (not idle.results or summary.unreadable is not None or summary.no_header):
        return idle
    columns = {column.name: column for column in summary.columns}
    checks = plan.of(KEY)
    declared = sum(1 for check in checks if check.columns)
    results: list[CheckResult] = []
    missing = MissingColumns(summary, plan)
    formats = {field.name: field.format for field in (plan.definition.fields if plan.definition else ())}
    for check in checks:
        if check.rule == NO_EXTRA:
            found = _extra(summary, check)
        elif check.columns[0] in columns:
            found = _field(summary, check, columns[check.columns[0]], formats.get(check.columns[0]))
        else:
            found = [_missing(check, missing.of(*check.columns))]
        results.extend(_shared(found, declared))
    instead = missing.of_file()
    failed = {(result.check, result.column) for result in results if result.counts}
    extra = sum(1 for check, _ in failed if not check.columns)
    strict = any(not check.columns for check in checks)
    checked = declared + (len(summary.extra_columns) if strict else 0)
    if idle and not failed:
        return idle
    details = _details(results, len(failed) - extra, declared, instead)
    return Measure(KEY, tuple(_with_the_file(results, instead)), len(failed), checked, details)


def _with_the_file(results: list[CheckResult], instead: str) -> list[CheckResult]:
    """Let the first missing field say what the file has instead: once is enough."""
    first = next((at for at, result in enumerate(results) if result.rule == MISSING), None)
    if first is None:
        return results
    told = replace(results[first], text=f"{results[first].text}{instead}")
    return [*results[:first], told, *results[first + 1 :]]


def _missing(check: Check, text: str) -> CheckResult:
    why = "a column that is missing has no values"
    return CheckResult(check, Status.FAILED, MISSING, check.columns[0], 1, 1, text=text, why_no_example=why)


def _written_like(check: Check, column: ColumnSummary, date_format: str | None) -> str:
    """Show how a value of a type is written where it is written as text."""
    if column.physical != "text":
        return ""
    if date_format is not None:
        return f" in the format {visible(date_format)}"
    return f" (written like {_WRITTEN[check.argument]})" if check.argument in _WRITTEN else ""


def _field(summary: FileSummary, check: Check, column: ColumnSummary, date_format: str | None) -> list[CheckResult]:
    (name,) = check.columns
    if name not in summary.repeated_columns and nothing_to_measure(summary):
        return [not_run(check)]
    if _is_as_declared(summary, check, column):
        cells = column.rows - column.nulls
        return [CheckResult(check, Status.PASSED, TYPE, name, failed=column.unparsable, checked=cells)]
    shown = visible(name)
    failed = CheckResult(check, Status.FAILED, REPEATED, name, failed=1, checked=1)
    found = []
    if name in summary.repeated_columns:
        text = f"{shown} stands more than once in the header"
        found.append(replace(failed, text=text, why_no_example="the header is at fault, not single values"))
    expected = check.argument.value
    cells = column.rows - column.nulls
    if of_wrong_type(column):
        sentence = f"{shown} is of type {visible(column.physical)}, expected {expected}"
        examples = column.unparsable_examples
        found.append(replace(failed, rule=TYPE, failed=cells, checked=cells, text=sentence, examples=examples))
    elif fails(column.unparsable, cells, check):
        wanted = f"{expected}{_written_like(check, column, date_format)}"
        sentence = f"{shown} has {count(column.unparsable)} of {count(cells)} values that are not of type {wanted}"
        found.append(
            CheckResult(
                check,
                Status.FAILED,
                TYPE,
                name,
                failed=column.unparsable,
                checked=cells,
                text=sentence,
                examples=column.unparsable_examples,
            )
        )
    return found


def _is_as_declared(summary: FileSummary, check: Check, column: ColumnSummary) -> bool:
    wrong = of_wrong_type(column) or fails(column.unparsable, column.rows - column.nulls, check)
    return not wrong and column.name not in summary.repeated_columns


def _extra(summary: FileSummary, check: Check) -> list[CheckResult]:
    if not summary.extra_columns:
        return [CheckResult(check, Status.PASSED, EXTRA)]
    why = "the whole column is too much, not single values"
    return [
        CheckResult(
            check, Status.FAILED, EXTRA, name, 1, 1, text=f"{_titled(name)} is not declared", why_no_example=why
        )
        for name in summary.extra_columns
    ]


def _titled(name: str) -> str:
    place = place_of_unnamed(name)
    return f"column {place} (it has no name)" if place else visible(name) or "a column without a name"


def _shared(found: list[CheckResult], declared: int) -> list[CheckResult]:
    """Give each failing field one part of the weight, divided among its reasons."""
    names = [result.column for result in found]
    return [
        replace(result, share=Fraction(1, declared * names.count(result.column)))
        if result.status is Status.FAILED and result.check.severity is not Severity.WARNING
        else result
        for result in found
    ]


def _details(results: list[CheckResult], failed: int, declared: int, instead: str) -> str:
    """Say what is wrong with declared fields, then which columns are not declared; `failed` are declared fields.

    `instead` says what the file has in the place of missing fields.
    """
    of_fields = [result for result in results if result.check.columns and result.counts]
    extra = [result for result in results if not result.check.columns and result.counts]
    warnings = [result.text for result in results if result.status is Status.FAILED and not result.counts]
    loose = sum(result.failed for result in results if result.status is Status.PASSED and result.check.columns)
    fine = "the declared field is fine" if declared == 1 else f"all {count(declared)} declared fields are fine"
    if failed:
        verb = "fails" if failed == 1 else "fail"
        texts = listed([result.text for result in of_fields])
        sentence = f"{count(failed)} of {count(declared, 'declared field')} {verb}: {texts}"
    elif extra:
        sentence = f"{fine[0].upper()}{fine[1:]}"
    elif warnings or loose:
        fields = "the declared field" if declared == 1 else f"the {count(declared)} declared fields"
        cells = f"; {count(loose, 'value')} of another type" if loose else ""
        sentence = f"All that is wrong with {fields} is {WITHIN_TOLERANCE}{cells}"
    else:
        subject = "The declared field is" if declared == 1 else f"All {count(declared)} declared fields are"
        sentence = f"{subject} present and of the declared type"
    if extra:
        verb = "is" if len(extra) == 1 else "are"
        names = listed([_titled(result.column or "") for result in extra])
        sentence = f"{sentence}; {count(len(extra), 'column')} {verb} not declared: {names}"
    sentence = f"{sentence}; warnings: {listed(warnings)}" if warnings else sentence
    return as_sentence(f"{sentence}{instead}")


SCHEMA: Final = Dimension(
    key=KEY,
    metric="schemaValidation",
    weight=Fraction(40),
    derive=schema_checks,
    measure=measure_schema,
    sections=("typeFormatIssues",),
)

"""Format: the file can be parsed, and every row of it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dq.checks.check import Check, CheckPlan
from dq.checks.check_result import CheckResult, Measure, Status, status_of
from dq.checks.dimension import Dimension
from dq.checks.wording import as_sentence, count, listed, on_one_line, percent
from dq.schema.definition import Severity

if TYPE_CHECKING:
    from dq.profiling.summary.summary import FileSummary
    from dq.schema.definition import SchemaDefinition

KEY: Final = "format"
PARSABLE: Final = "parsable"
#: Why a file fails.
UNREADABLE: Final = "unreadable"
NO_HEADER: Final = "no_header"
MALFORMED_ROWS: Final = "malformed_rows"
#: What a file is warned of: formulas whose results it does not hold, and a table that does not look like one.
UNRESOLVED_FORMULAS: Final = "unresolved_formulas"
LAYOUT: Final = "layout"
_MOST_REASON: Final = 500


def format_checks(_definition: SchemaDefinition | None) -> tuple[Check, ...]:
    """Ask that every row can be parsed, with or without a definition; a malformed row is never tolerated."""
    return (Check(PARSABLE, KEY),)


def measure_format(summary: FileSummary, plan: CheckPlan) -> Measure:
    """Count the malformed rows over all rows; a file that cannot be parsed, or has no header, loses everything."""
    (check,) = plan.of(KEY)
    result = _result(summary, check)
    notes = "".join(f" {as_sentence(note)}" for note in _notes(summary))
    results = (result, *_warnings(summary, check))
    return Measure(KEY, results, result.failed, result.checked, f"{_details(summary, result)}{notes}")


def _notes(summary: FileSummary) -> list[str]:
    """Say how the file was read and what looks like a mistake in it, on one line each."""
    said = [on_one_line(note, _MOST_REASON) for note in (*summary.notes, *summary.hints)]
    return [_unresolved_text(summary), *said] if summary.unresolved else said


def _warnings(summary: FileSummary, check: Check) -> list[CheckResult]:
    """Warn of formulas without a stored result, whose cells are empty here, and of what looks like a mistake."""
    warning = replace(check, severity=Severity.WARNING)
    failed = CheckResult(warning, Status.FAILED, LAYOUT, failed=1, checked=1)
    found = [replace(failed, text=on_one_line(hint, _MOST_REASON)) for hint in summary.hints]
    if not summary.unresolved:
        return found
    formulas = replace(failed, rule=UNRESOLVED_FORMULAS, failed=summary.unresolved, checked=summary.unresolved)
    return [replace(formulas, text=_unresolved_text(summary)), *found]


def _unresolved_text(summary: FileSummary) -> str:
    verb = "has" if summary.unresolved == 1 else "have"
    return f"{count(summary.unresolved, 'formula')} {verb} no stored result; open and save the workbook"


def _result(summary: FileSummary, check: Check) -> CheckResult:
    failed = CheckResult(check, Status.FAILED, check.rule, None, 1, 1, Fraction(1))
    if summary.unreadable is not None:
        reason = on_one_line(summary.unreadable, _MOST_REASON).rstrip(". ")
        text = f"the file cannot be parsed: {reason}"
        return replace(failed, rule=UNREADABLE, text=text, why_no_example="no row of the file was read")
    if summary.no_header:
        text = "the file has no header line that names its columns; add one, or declare csv.header false"
        return replace(failed, rule=NO_HEADER, text=text, why_no_example="the file has no rows without its header")
    malformed, read = summary.rows_malformed, summary.rows_read
    return CheckResult(
        check,
        status_of(malformed, read, check),
        MALFORMED_ROWS,
        failed=malformed,
        checked=read,
        share=Fraction(malformed, read) if read else Fraction(0),
        text=f"{count(malformed)} of {count(read, 'row')} cannot be parsed{_why(summary)}",
        examples=summary.malformed_examples,
        of_whole_rows=True,
        reasons=_reasons(summary),
    )


def _reasons(summary: FileSummary) -> tuple[tuple[str, int], ...]:
    """Give why rows are malformed, the most frequent reason first."""
    return tuple(sorted(summary.malformed_reasons.items(), key=lambda item: (-item[1], item[0])))


def _why(summary: FileSummary) -> str:
    """Say why rows are malformed, the most frequent reason first."""
    reasons = _reasons(summary)
    if len(reasons) == 1:
        return f": {reasons[0][0]}"
    return f": {listed([f'{reason} ({count(rows)})' for reason, rows in reasons])}" if reasons else ""


def _details(summary: FileSummary, result: CheckResult) -> str:
    if result.rule != MALFORMED_ROWS:
        return as_sentence(result.text)
    if not summary.rows_read:
        return "The file has no rows."
    if result.status is Status.PASSED:
        return f"All {count(summary.rows_read, 'row')} were parsed." if summary.rows_read > 1 else "The row was parsed."
    lines = [example.line for example in summary.malformed_examples if example.line is not None]
    first = f", the first at line {count(min(lines))}" if lines else ""
    share = percent(Fraction(result.failed, result.checked))
    return (
        f"{share} of rows cannot be parsed ({count(result.failed)} of {count(result.checked)}){_why(summary)}{first}."
    )


FORMAT: Final = Dimension(
    key=KEY,
    metric="formatParsing",
    weight=Fraction(35),
    derive=format_checks,
    measure=measure_format,
    sections=("typeFormatIssues",),
)

"""Format: the file can be parsed, and every row of it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dq.checks.check import Check, CheckPlan
from dq.checks.check_result import CheckResult, Measure, Status, status_of
from dq.checks.dimension import Dimension
from dq.checks.wording import count, listed, on_one_line, percent

if TYPE_CHECKING:
    from dq.profiling.summary.summary import FileSummary
    from dq.schema.definition import SchemaDefinition

KEY: Final = "format"
PARSABLE: Final = "parsable"
#: Why a file fails.
UNREADABLE: Final = "unreadable"
NO_HEADER: Final = "no_header"
MALFORMED_ROWS: Final = "malformed_rows"
_MOST_REASON: Final = 500


def format_checks(_definition: SchemaDefinition | None) -> tuple[Check, ...]:
    """Ask that every row can be parsed, with or without a definition; a malformed row is never tolerated."""
    return (Check(PARSABLE, KEY),)


def measure_format(summary: FileSummary, plan: CheckPlan) -> Measure:
    """Count the malformed rows over all rows; a file that cannot be parsed, or has no header, loses everything."""
    (check,) = plan.of(KEY)
    result = _result(summary, check)
    return Measure(KEY, (result,), result.failed, result.checked, _details(summary, result))


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
        return f"{result.text[0].upper()}{result.text[1:]}."
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

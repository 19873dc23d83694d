"""Measures of a dimension that nothing was asked of, or that could not be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.checks.check_result import CheckResult, Measure, Status
from dq.checks.wording import visible

if TYPE_CHECKING:
    from dq.checks.check import Check, CheckPlan
    from dq.profiling.summary.summary import FileSummary

#: Reasons, of several rules that could not run, that a sentence has.
_MOST_REASONS: Final = 3


def not_measured(summary: FileSummary, plan: CheckPlan, dimension: str, asked: str) -> Measure | None:
    """Give the measure when there is nothing to measure, else None.

    Args:
        summary: figures of the file; one without any parsed row though it has rows leaves every check not run.
        plan: the checks.
        dimension: the key of the dimension to look at.
        asked: what a definition would have to hold for this dimension, for the sentence.
    """
    checks = plan.of(dimension)
    if plan.definition is None:
        return Measure(dimension, (), 0, 0, f"Not run: the file has no schema definition, which would say {asked}.")
    if not checks:
        return Measure(dimension, (), 0, 0, f"Not run: the schema definition does not say {asked}.")
    reason = nothing_to_measure(summary)
    if reason is None:
        return None
    return Measure(dimension, tuple(not_run(check) for check in checks), 0, 0, f"Not run: {reason}.")


def nothing_to_measure(summary: FileSummary) -> str | None:
    """Say why no cell of a file can be checked, None where there are some, or where it simply has no rows."""
    if summary.unreadable is not None or summary.no_header:
        return "the file could not be parsed"
    if summary.rows_read and summary.rows_malformed == summary.rows_read:
        rows = summary.rows_read
        return f"none of the {rows:,} rows could be parsed" if rows > 1 else "the only row could not be parsed"
    return None


def not_run(check: Check, why: str = "") -> CheckResult:
    """Give the result of a check that could not be looked at; `why`: unless a column is missing or of another type."""
    return CheckResult(check, Status.NOT_RUN, check.rule, ", ".join(check.columns) or None, why_not_run=why)


def and_not_run(sentence: str | None, results: tuple[CheckResult, ...]) -> str:
    """End a sentence with what could not be checked, when there is anything; None: nothing could be checked."""
    idle = [result for result in results if result.status is Status.NOT_RUN]
    reasons = dict.fromkeys(result.why_not_run for result in idle if result.why_not_run)
    if reasons:
        told = "; ".join(list(reasons)[:_MOST_REASONS])
        more = f" and {len(reasons) - _MOST_REASONS:,} more" if len(reasons) > _MOST_REASONS else ""
        sentence = f"{sentence}; {told}{more}" if sentence else f"Not run: {told}{more}"
    columns = dict.fromkeys(result.column for result in idle if result.column is not None and not result.why_not_run)
    if not columns:
        return f"{sentence}." if sentence else "Not run."
    names = [visible(column) for column in columns]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")  # noqa: PLR2004
    verb = "is" if len(names) == 1 else "are"
    if sentence is None:
        return f"Not run: {shown} {verb} missing or of another type."
    return f"{sentence}; {shown} {verb} not checked, being missing or of another type."

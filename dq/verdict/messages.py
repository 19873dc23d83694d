"""The message that tells a person why a file failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.checks.wording import MASK, count, on_one_line, points, visible
from dq.profiling.cells.kinds import KINDS, TEXT
from dq.schema.definition import Severity
from dq.verdict.metrics import METRIC_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.checks.check_result import CheckResult
    from dq.profiling.summary.summary import Example
    from dq.verdict.failed_rules import FailedRule

#: Readable at a glance; the rest stands in the failed rules.
MOST_LINES: Final = 10
_MOST_EXAMPLE: Final = 60
_MOST_NAMED: Final = 3


def message_of(failed: Sequence[FailedRule], unknown: Sequence[CheckResult] = ()) -> str | None:
    """Give one line per rule, worst first, or None when nothing failed; bounded, as every text in it is.

    `unknown` are critical rules that could not run: a line says that the file does not pass for them, whatever it
    scores.
    """
    lines = [_line(rule) for rule in failed[:MOST_LINES]]
    more = len(failed) - MOST_LINES
    if more > 0:
        lines.append(f"and {count(more, 'more finding')}")
    if unknown:
        named = ", ".join(_named(result) for result in unknown[:_MOST_NAMED])
        others = f" and {len(unknown) - _MOST_NAMED:,} more" if len(unknown) > _MOST_NAMED else ""
        lines.append(f"does not pass: critical rules could not run ({named}{others})")
    return "\n".join(lines) or None


def _named(result: CheckResult) -> str:
    columns = ", ".join(visible(name, _MOST_EXAMPLE) for name in result.check.columns)
    return f"{result.rule} of {columns}" if columns else result.rule


def _line(rule: FailedRule) -> str:
    result = rule.result
    metric = METRIC_NAMES[result.check.dimension]
    match result.check.severity:
        case Severity.WARNING:
            label = "warning"
        case Severity.CRITICAL:
            label = f"critical, -{points(rule.deduction)}"
        case Severity.ERROR:
            label = f"-{points(rule.deduction)}"
    return f"{metric} ({label}): {result.text}{_example(rule)}"


def _example(rule: FailedRule) -> str:
    """Point to the first example, by line where it is known; a masked value is not worth showing."""
    examples = rule.result.examples
    if not examples:
        return ""
    first = examples[0]
    value = _value(first, of_row=rule.result.of_whole_rows)
    if first.reason and first.reason not in KINDS and len(examples) > 1:
        value = f"{value} ({first.reason})" if value else f"({first.reason})"
    if first.line is None:
        return f"; for example {value}" if value else ""
    return f"; first at line {first.line}: {value}" if value else f"; first at line {first.line}"


def _value(example: Example, *, of_row: bool) -> str:
    """Write an example: a row on one line, of a cell what cannot be seen, and what it is where that is the fault."""
    if example.text == MASK or (example.reason and not example.text):
        return ""
    shown = (on_one_line if of_row else visible)(example.text, _MOST_EXAMPLE)
    if example.reason in KINDS - {TEXT}:
        return f"the {example.reason} {shown}"
    return f'the text "{shown}"' if example.reason == TEXT else f'"{shown}"'

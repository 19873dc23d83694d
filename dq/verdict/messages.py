"""The message that tells a person why a file failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.schema.definition import Severity
from dq.verdict.metrics import METRIC_NAMES
from dq.verdict.wording import MASK, count, on_one_line, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.verdict.findings import Finding

#: Readable at a glance; the rest stands in the failed rules.
MOST_LINES: Final = 10
_MOST_EXAMPLE: Final = 60


def message_of(findings: Sequence[Finding]) -> str | None:
    """Give one line per finding, worst first, or None when nothing failed."""
    if not findings:
        return None
    lines = [_line(finding) for finding in findings[:MOST_LINES]]
    more = len(findings) - MOST_LINES
    if more > 0:
        lines.append(f"and {count(more, 'more finding')}")
    return "\n".join(lines)


def _line(finding: Finding) -> str:
    outcome = finding.outcome
    metric = METRIC_NAMES[outcome.check.dimension]
    match outcome.check.severity:
        case Severity.WARNING:
            label = "warning"
        case Severity.CRITICAL:
            label = f"critical, -{points(finding.deduction)}"
        case Severity.ERROR:
            label = f"-{points(finding.deduction)}"
    return f"{metric} ({label}): {outcome.text}{_example(finding)}"


def _example(finding: Finding) -> str:
    """Point to the first example, by line where it is known; a masked value is not worth showing."""
    examples = finding.outcome.examples
    if not examples:
        return ""
    first = examples[0]
    value = "" if first.text == MASK else f'"{on_one_line(first.text, _MOST_EXAMPLE)}"'
    if first.line is None:
        return f"; for example {value}" if value else ""
    return f"; first at line {first.line}: {value}" if value else f"; first at line {first.line}"

"""Verdicts as tables for people. Whatever a file holds, it cannot leave its cell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from dq.checks.plan import DIMENSIONS
from dq.profiling.cells.kinds import KINDS, TEXT
from jobs.console.terminal import cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import RenderableType

    from dq.verdict.verdict import Verdict

_STATUS_STYLES = {"passed": "green", "failed": "red", "not_run": "dim"}
_MOST_RULES = 20


def score_cell(score: object, passed: object) -> Text:
    """A score in the colour of its decision."""
    return cell(f"{score} {'passed' if passed else 'failed'}", "bold green" if passed else "bold red")


def verdict_report(name: str, verdict: Verdict, warnings: Sequence[str] = ()) -> RenderableType:
    """One verdict in full: score, the five metrics, the failing rules with their first examples.

    `warnings` say what in the definition has no effect.
    """
    title = Text.assemble(cell(name, "bold"), "  ", score_cell(verdict.score, verdict.passed))
    parts: list[RenderableType] = [title]
    parts += [cell(f"definition: {warning.removeprefix('definition: ')}", "yellow") for warning in warnings]
    parts.append(_metrics(verdict))
    if verdict.failed_validation_rules:
        parts.append(_rules(verdict.failed_validation_rules))
    return Group(*parts)


def _metrics(verdict: Verdict) -> Table:
    table = Table("metric", "status", "deducted", "details", header_style="bold")
    for dimension in DIMENSIONS:
        found: Mapping[str, Any] = verdict.metrics[dimension.metric]
        status = str(found["status"])
        points = f"{verdict.deductions[dimension.key]:.2f}"
        table.add_row(
            dimension.metric,
            cell(status, _STATUS_STYLES.get(status, "")),
            Text(points, justify="right"),
            cell(found["details"]),
        )
    return table


def _rules(rules: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("rule", "column", "severity", "failed", "examples", header_style="bold")
    for rule in rules[:_MOST_RULES]:
        table.add_row(
            cell(rule["rule"]),
            cell(rule["column"] or ""),
            cell(rule["severity"]),
            cell(f"{rule['failed']:,} of {rule['checked']:,}"),
            cell("\n".join(_examples(rule["examples"])) or rule.get("note", "")),
        )
    if len(rules) > _MOST_RULES:
        table.add_row("...", "", "", f"{len(rules) - _MOST_RULES} more", "")
    return table


def _examples(examples: Iterable[object], most: int = 3) -> Iterable[str]:
    for number, example in enumerate(examples):
        if number == most:
            return
        if isinstance(example, dict):
            line, text = example.get("line"), _said(example)
            yield f"line {line}: {text}" if line is not None else text
        else:
            yield str(example)


def _said(example: Mapping[str, Any]) -> str:
    """An example with why it is one: `2,5`, `1,Ann (2 fields instead of 3)`, `the text "2.5"`."""
    value, reason = example.get("value", ""), example.get("reason")
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False)
    if not reason:
        return value
    if reason not in KINDS:
        return f"{value} ({reason})"
    return f'the text "{value}"' if reason == TEXT else f"the {reason} {value}"

"""Sections of the payload with what is wrong: rows, types, columns and bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.checks.columns import cells_breaking, parsed_cells
from dq.schema.definition import BOUNDS_RULES, FieldType, RowRule
from dq.verdict.payload.statistics import rate
from dq.verdict.payload.values import json_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import ColumnSummary, FileSummary, RowRuleSummary
    from dq.schema.definition import Reference, Rule
    from dq.verdict.payload.cuts import Cutter
    from dq.verdict.stored.issues import (
        BoundsAnomalies,
        BrokenRowRule,
        FieldAnomalies,
        Limit,
        Offences,
        TypeFormatIssues,
        TypeIssue,
    )

#: Rules that are neither below nor above.
_OTHER_RULES: Final = tuple(name for name in BOUNDS_RULES if name not in {"min", "max"})


def type_format_issues(summary: FileSummary, plan: CheckPlan, cutter: Cutter) -> TypeFormatIssues:
    """Write the malformed rows, the cells that are not of their type, and the columns that are not as declared."""
    columns = [column for column in summary.columns if column.unparsable or column.wrong_type]
    malformed = summary.rows_malformed
    # a file that cannot be parsed says nothing about its columns
    known = summary.unreadable is None and not summary.no_header
    return {
        "malformedRows": {
            "count": malformed,
            "rate": rate(malformed, summary.rows_read),
            "reasons": dict(summary.malformed_reasons),
            "examples": cutter.examples(
                summary.malformed_examples, malformed, hide=cutter.masking.hides_rows, of_rows=True
            ),
        },
        "columns": [_type_issue(column, cutter) for column in cutter.columns(columns)],
        "missingColumns": _names(summary.missing_columns if known else (), cutter),
        "extraColumns": _names(summary.extra_columns if plan.definition else (), cutter),
        "repeatedColumns": _names(summary.repeated_columns, cutter),
        "fileError": None if summary.unreadable is None else cutter.text(summary.unreadable),
    }


def _names(names: Sequence[str], cutter: Cutter) -> list[str]:
    return [cutter.name(name) for name in cutter.columns(names)]


def _type_issue(column: ColumnSummary, cutter: Cutter) -> TypeIssue:
    hide = cutter.masking.hides(column.name)
    checked = column.rows - column.nulls
    return {
        "name": cutter.name(column.name),
        "expected": column.type,
        "found": cutter.text(column.physical),
        "wrongType": column.wrong_type,
        "count": column.unparsable,
        "checked": checked,
        "rate": rate(column.unparsable, checked),
        "examples": cutter.examples(column.unparsable_examples, column.unparsable, hide=hide),
    }


def bounds_anomalies(summary: FileSummary, plan: CheckPlan, cutter: Cutter) -> BoundsAnomalies:
    """Write, for every field with bounds that are broken, the cells below, above and otherwise out of them.

    And for every rule over the cells of a row that is broken, the rows that break it.
    """
    fields = {field.name: field for field in plan.definition.fields} if plan.definition else {}
    columns = [column for column in summary.columns if column.violations and column.name in fields]
    return {
        "columns": [
            _anomalies(column, dict(fields[column.name].bounds), fields[column.name].type, cutter)
            for column in cutter.columns(columns)
        ],
        "rows": [_row_rule(rule, found, cutter) for rule, found in cutter.columns(_broken_row_rules(summary, plan))],
    }


def _broken_row_rules(summary: FileSummary, plan: CheckPlan) -> list[tuple[RowRule | Reference, RowRuleSummary]]:
    rules = {rule.name: rule for rule in plan.definition.rules_over_rows} if plan.definition else {}
    return [(rules[found.name], found) for found in summary.row_rules if found.failed and found.name in rules]


def _row_rule(rule: RowRule | Reference, found: RowRuleSummary, cutter: Cutter) -> BrokenRowRule:
    return {
        "rule": cutter.name(rule.name) if isinstance(rule, RowRule) else "references",
        "expression": cutter.text(rule.text),
        "columns": [cutter.name(name) for name in rule.columns],
        "count": found.failed,
        "checked": found.checked,
        "rate": rate(found.failed, found.checked),
        "examples": cutter.examples(found.examples, found.failed, hide=cutter.masking.hides(*rule.columns)),
    }


def _anomalies(
    column: ColumnSummary, rules: Mapping[str, Rule], field_type: FieldType, cutter: Cutter
) -> FieldAnomalies:
    others = frozenset(_OTHER_RULES)
    return {
        "name": cutter.name(column.name),
        "type": field_type.value,
        "checked": parsed_cells(column),
        "count": sum(column.violations.values()),
        "below": _limit(column, "min", rules, cutter),
        "above": _limit(column, "max", rules, cutter),
        "other": {
            "count": sum(cells for broken_rules, cells in column.violations.items() if broken_rules & others),
            "rules": {name: _offences(column, name, cutter) for name in _OTHER_RULES if cells_breaking(column, name)},
        },
    }


def _limit(column: ColumnSummary, name: str, rules: Mapping[str, Rule], cutter: Cutter) -> Limit:
    rule = rules.get(name)
    return {"limit": json_value(rule.value, cutter) if rule else None, **_offences(column, name, cutter)}


def _offences(column: ColumnSummary, name: str, cutter: Cutter) -> Offences:
    number = cells_breaking(column, name)
    hide = cutter.masking.hides(column.name)
    return {"count": number, "examples": cutter.examples(column.violation_examples.get(name, ()), number, hide=hide)}

"""The figures the naive reading of a file gives, in the shape the product judges."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dq.profiling.summary.summary import ColumnSummary, Example, FileSummary, KeySummary, RowRuleSummary
from tests.reference.grammar import BAD, Moment
from tests.reference.naive import BOUNDS, breaks, keys, row_counts
from tests.reference.naive_table import NULL, Table, read_table, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def summarise_naively(data: bytes, definition: dict[str, Any] | None, kind: str = "csv") -> FileSummary:
    """Count everything in a CSV or JSON Lines file that scoring reads, and a little of what the payload shows."""
    table = read_table(data, definition, kind)
    fields = {declared["name"].strip(): declared for declared in (definition or {}).get("fields", [])}
    if table.unparsable:
        return FileSummary(bytes=len(data), unreadable=table.unparsable)
    if table.no_header:
        return FileSummary(bytes=len(data), no_header=True)
    return FileSummary(
        bytes=len(data),
        rows_read=len(table.rows) + len(table.malformed),
        rows_malformed=len(table.malformed),
        malformed_examples=examples(table.malformed),
        columns=tuple(column_summary(table, name, fields.get(name)) for name in table.columns),
        keys=tuple(key_summary(table, columns) for columns, _ in keys(definition or {}, list(fields.values()))),
        row_rules=tuple(row_rule_summary(table, definition or {}, rule) for rule in (definition or {}).get("rows", [])),
        missing_columns=tuple(name for name in fields if name not in table.columns),
        extra_columns=tuple(
            name for name in table.columns if name not in fields and table.again.get(name) not in fields
        ),
        repeated_columns=tuple(table.repeated),
        sample_columns=tuple(table.columns),
        sample_rows=tuple(
            tuple(None if row[name].value is NULL else row[name].text for name in table.columns)
            for row in table.rows[:50]
        ),
        reader="naive",
    )


def plain(value: Any) -> Any:  # noqa: ANN401
    """Give a moment as Python's own: what is measured by its maximum is measured in minutes."""
    return value.at if isinstance(value, Moment) else value


def column_summary(table: Table, name: str, declared: dict[str, Any] | None) -> ColumnSummary:
    cells = [row[name] for row in table.rows]
    parsed = [cell for cell in cells if cell.value is not NULL and cell.value is not BAD]
    rules = [rule for rule in BOUNDS if declared and rule in declared]
    broken = [
        (cell, frozenset(rule for rule in rules if declared and breaks(cell.value, cell.text, rule, declared)))
        for cell in parsed
    ]
    unparsable = [cell.text for cell in cells if cell.value is BAD]
    frequent = Counter(cell.text for cell in parsed)
    return ColumnSummary(
        name=name,
        type=type_of(declared)[0],
        physical="text",
        declared=declared is not None,
        rows=len(cells),
        nulls=sum(1 for cell in cells if cell.value is NULL),
        unparsable=len(unparsable),
        unparsable_examples=examples(unparsable),
        violations=dict(Counter(rules for _, rules in broken if rules)),
        violation_examples={
            rule: examples(cell.text for cell, rules_broken in broken if rule in rules_broken) for rule in rules
        },
        distinct=len(frequent),
        maximum=max((plain(cell.value) for cell in parsed), default=None)
        if type_of(declared)[0] in {"date", "datetime"}
        else None,
    )


def key_summary(table: Table, columns: tuple[str, ...]) -> KeySummary:
    if any(name not in table.columns for name in columns):
        return KeySummary(columns, missing=True)
    full = [
        tuple(("text", row[name].text) if row[name].value is BAD else ("value", row[name].value) for name in columns)
        for row in table.rows
        if not any(row[name].value is NULL for name in columns)
    ]
    return KeySummary(columns, len(full), len(full) - len(set(full)))


def row_rule_summary(table: Table, definition: dict[str, Any], rule: dict[str, Any]) -> RowRuleSummary:
    counts = row_counts(table, definition, rule)
    return RowRuleSummary(rule["rule"], missing=True) if counts is None else RowRuleSummary(rule["rule"], *counts)


def examples(texts: Iterable[str]) -> tuple[Example, ...]:
    return tuple(Example(None, text[:200]) for text in list(texts)[:25])

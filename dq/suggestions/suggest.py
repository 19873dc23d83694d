"""From the figures of a file to a definition that it keeps: first its types, then the rules, then what did not hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from dq.checks.columns import cells_breaking
from dq.schema.definition import FieldType
from dq.suggestions.rules import SuggestedRule, column_rules
from dq.suggestions.types import find_type

if TYPE_CHECKING:
    from dq.profiling.summary.summary import ColumnSummary, FileSummary

#: Rules are suggested when they are at least so sure, which takes 73 values that all keep them.
LEAST_CONFIDENCE: Final = 0.95
_TEXT: Final = "text"
_PARTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A definition on its way: its fields by name with their types, the rules, and what stands beside them.

    `types` are the types with what each rests on; `rules` are those that are sure enough, `unsure` those that too few
    values speak for. `head` is what the definition says of the file; `notes` say what could not be declared.
    """

    head: Mapping[str, Any]
    fields: Mapping[str, Mapping[str, Any]]
    missing_values: tuple[str, ...] = ("",)
    types: tuple[SuggestedRule, ...] = ()
    rules: tuple[SuggestedRule, ...] = ()
    unsure: tuple[SuggestedRule, ...] = ()
    notes: tuple[str, ...] = ()

    def definition(self) -> dict[str, Any]:
        """Write the definition as JSON-able data."""
        own: dict[str, dict[str, Any]] = {name: {} for name in self.fields}
        for rule in self.rules:
            own[rule.field][rule.rule] = rule.value
        written: dict[str, Any] = {**self.head}
        written["fields"] = [{"name": name, **field, **own[name]} for name, field in self.fields.items()]
        if self.missing_values != ("",):
            written["missingValues"] = list(self.missing_values)
        return written


def suggest_types(summary: FileSummary, head: Mapping[str, Any], hidden: Collection[str] = ()) -> Suggestion:
    """Give a definition of a file's columns with their types, and no rules yet.

    Args:
        summary: the figures of the file, read without a definition.
        head: what the definition says of the format and the dialect.
        hidden: columns whose values are not known, for they are sensitive.
    """
    fields: dict[str, Mapping[str, Any]] = {}
    notes: list[str] = []
    placeholders: set[str] = set()
    repeated = set(summary.repeated_columns)
    for column in summary.columns:
        if column.repeats is not None or column.name in repeated or not column.name.strip():
            notes.append(f"{column.name}: the header names it more than once or not at all, so it is not declared")
            continue
        if column.name in fields:
            notes.append(f"{column.name}: files have it with two types; it is of any type here")
            fields[column.name] = {"type": FieldType.ANY.value}
            continue
        if column.name in hidden:
            fields[column.name] = {"type": column.type, "sensitive": True}
            continue
        if column.physical != _TEXT or column.type != FieldType.STRING:
            fields[column.name] = {"type": column.type}
            continue
        found = find_type(shown_values(summary, column.name))
        placeholders |= found.placeholders
        fields[column.name] = {"type": found.type.value, **({"format": found.format} if found.format else {})}
    missing = ("", *sorted(placeholders))
    if placeholders:
        notes.append(f"taken for nothing, in every column: {', '.join(sorted(placeholders))}")
    return Suggestion(head, fields, missing, notes=tuple(notes))


def shown_values(summary: FileSummary, name: str) -> list[str]:
    """Give some values of a column as texts: those of the sample, and the frequent ones."""
    found: dict[str, None] = {}
    if name in summary.sample_columns:
        at = summary.sample_columns.index(name)
        found = dict.fromkeys(cell for row in summary.sample_rows if (cell := row[at]) is not None and cell != "")
    for column in summary.columns:
        if column.name == name:
            found |= dict.fromkeys(each.value for each in column.top_values if each.value != "")
    return list(found)


def suggest_rules(types: Suggestion, summary: FileSummary, least: float = LEAST_CONFIDENCE) -> Suggestion:
    """Give the types that hold, and the rules that every value keeps.

    A type that a few values are not of is kept with a tolerance when it is as sure as `least`; else the field is text.

    Args:
        types: from `suggest_types`.
        summary: the figures of the file, counted by these types.
        least: how sure a rule has to be.
    """
    fields = dict(types.fields)
    kept: list[SuggestedRule] = []
    rules: list[SuggestedRule] = []
    unsure: list[SuggestedRule] = []
    for column in summary.columns:
        if column.name not in fields:
            continue
        typed = _type_rule(column)
        field = dict(fields[column.name])
        if column.unparsable and (typed.confidence < least or column.wrong_type):
            field = {"type": FieldType.STRING.value if column.physical == _TEXT else FieldType.ANY.value}
            fields[column.name] = field
            kept.append(replace(typed, value=field["type"], held=typed.of))
            continue
        if column.unparsable:
            field["threshold"] = ceil(_PARTS * column.unparsable / typed.of) / _PARTS
        fields[column.name] = field
        kept.append(typed)
        if field.get("sensitive"):
            continue
        for rule in column_rules(replace(column, type=field["type"]), shown_values(summary, column.name)):
            tolerant = _with_tolerance(rule, field)
            (rules if rule.confidence >= least else unsure).append(tolerant)
    return replace(types, fields=fields, types=tuple(kept), rules=tuple(rules), unsure=tuple(unsure))


def _type_rule(column: ColumnSummary) -> SuggestedRule:
    values = column.rows - column.nulls
    return SuggestedRule(column.name, "type", column.type, values - column.unparsable, values)


def _with_tolerance(rule: SuggestedRule, field: Mapping[str, Any]) -> SuggestedRule:
    """Write a rule so that the tolerance of its field's type is not its own."""
    if "threshold" not in field:
        return rule
    return replace(rule, value={"value": rule.value, "threshold": 0})


def without_broken(suggestion: Suggestion, summary: FileSummary) -> Suggestion:
    """Leave out the rules that did not hold when the file was counted by them; the others know what they rest on."""
    columns = {column.name: column for column in summary.columns}
    repeated = {key.columns: key.repeated for key in summary.keys}
    rules = []
    for rule in suggestion.rules:
        column = columns.get(rule.field)
        if column is None or _breaks(rule, column, repeated):
            continue
        rules.append(rule)
    return replace(suggestion, rules=tuple(rules))


def _breaks(rule: SuggestedRule, column: ColumnSummary, repeated: Mapping[tuple[str, ...], int]) -> bool:
    if rule.rule == "unique":
        return repeated.get((rule.field,), 0) > 0
    if rule.rule == "required":
        return column.nulls > 0
    return cells_breaking(column, rule.rule) > 0

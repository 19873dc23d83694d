"""What kept files would have failed under a definition, told from their profiles: no file is read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dq.schema.definition import FieldDefinition, FieldType
from dq.schema.patterns import compile_pattern

if TYPE_CHECKING:
    from dq.profiling.summary.summary import ColumnSummary, FileSummary
    from dq.schema.definition import Rule, SchemaDefinition

_KEPT: Final = "kept"
_BROKEN: Final = "broken"
_UNKNOWN: Final = "unknown"
#: A type takes the values of these as well.
_WIDER: Final = {
    FieldType.NUMBER: {FieldType.INTEGER, FieldType.DECIMAL},
    FieldType.DECIMAL: {FieldType.INTEGER},
    FieldType.STRING: set(FieldType),
    FieldType.ANY: set(FieldType),
}


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """What became of one rule in all files: files = kept + broken + unknown. `broken_in` names the first of those."""

    field: str
    rule: str
    kept: int
    broken: int
    unknown: int
    broken_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Backtest:
    """What became of a definition in kept files: how many, how many would have failed any rule, and by which."""

    files: int
    failing: int
    rules: tuple[RuleRecord, ...]


def backtest(definition: SchemaDefinition, files: Iterable[tuple[str, FileSummary]], most_named: int = 5) -> Backtest:
    """Hold a definition against the figures of files that were kept, each with what it is called.

    A profile says exactly how many values are missing, what the extremes and lengths are, and which values are
    frequent; where it does not say whether a rule was kept it is `unknown`.
    """
    found: dict[tuple[str, str], Counter[str]] = {}
    named: dict[tuple[str, str], list[str]] = {}
    total = failing = 0
    for label, summary in files:
        total += 1
        outcomes = dict(_outcomes(definition, summary))
        failing += _BROKEN in outcomes.values()
        for key, outcome in outcomes.items():
            found.setdefault(key, Counter())[outcome] += 1
            if outcome == _BROKEN:
                named.setdefault(key, []).append(label)
    records = tuple(
        RuleRecord(*key, counts[_KEPT], counts[_BROKEN], counts[_UNKNOWN], tuple(named.get(key, ())[:most_named]))
        for key, counts in found.items()
    )
    return Backtest(total, failing, records)


def _outcomes(definition: SchemaDefinition, summary: FileSummary) -> Iterator[tuple[tuple[str, str], str]]:
    columns = {column.name: column for column in summary.columns}
    keys = {key.columns[0] for key in definition.keys if len(key.columns) == 1}
    for field in definition.fields:
        column = columns.get(field.name)
        if column is None:
            yield (field.name, "type"), _BROKEN
            continue
        yield (field.name, "type"), _of_type(field, column)
        if field.required is not None:
            share = column.nulls / column.rows if column.rows else 0
            yield (field.name, "required"), _BROKEN if share > field.required.threshold else _KEPT
        if field.name in keys:
            yield (field.name, "unique"), _of_key(column)
        for name, rule in field.bounds:
            yield (field.name, name), _of_bounds(name, rule, field, column)


def _of_type(field: FieldDefinition, column: ColumnSummary) -> str:
    if column.rows == column.nulls:
        return _KEPT
    kind = FieldType(column.type)
    if kind is not field.type and kind not in _WIDER.get(field.type, ()):
        return _UNKNOWN if kind in (FieldType.STRING, FieldType.ANY) or field.format else _BROKEN
    share = column.unparsable / (column.rows - column.nulls)
    return _KEPT if field.type is FieldType.STRING or share <= field.threshold else _BROKEN


def _of_key(column: ColumnSummary) -> str:
    values = column.rows - column.nulls
    if not column.distinct_error:
        return _KEPT if column.distinct == values else _BROKEN
    return _BROKEN if column.distinct < values * (1 - 3 * column.distinct_error) else _UNKNOWN


def _of_bounds(name: str, rule: Rule, field: FieldDefinition, column: ColumnSummary) -> str:
    if column.rows == column.nulls:
        return _KEPT
    match name:
        case "min" | "max":
            return _of_range(name, rule, field, column)
        case "minLength":
            return _compared(column.min_length, lambda least: least >= rule.value)
        case "maxLength":
            return _compared(column.max_length, lambda most: most <= rule.value)
        case "enum":
            return _of_values(column, lambda value: value in {str(one) for one in rule.value})
        case _:
            pattern = compile_pattern(rule.value)
            return _of_values(column, lambda value: pattern.fullmatch(value) is not None)


def _of_range(name: str, rule: Rule, field: FieldDefinition, column: ColumnSummary) -> str:
    end = column.minimum if name == "min" else column.maximum
    kind = FieldType(column.type)
    if end is None or (kind is not field.type and kind not in _WIDER.get(field.type, ())):
        return _UNKNOWN
    try:
        inside = end >= rule.value if name == "min" else end <= rule.value
    except TypeError:
        return _UNKNOWN
    return _KEPT if inside else _BROKEN


def _compared(length: int | None, keeps: Callable[[int], bool]) -> str:
    if length is None:
        return _UNKNOWN
    return _KEPT if keeps(length) else _BROKEN


def _of_values(column: ColumnSummary, keeps: Callable[[str], bool]) -> str:
    """Judge by the frequent values: one that breaks the rule is enough; that all keep it, where there are no others."""
    if not column.top_values:
        return _UNKNOWN
    if not all(keeps(each.value) for each in column.top_values):
        return _BROKEN
    complete = not column.distinct_error and len(column.top_values) == column.distinct
    return _KEPT if complete else _UNKNOWN

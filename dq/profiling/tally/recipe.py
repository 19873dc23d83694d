"""What to tally in one file: the definition laid over the file's own header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from dq.schema.column_names import column_names
from dq.schema.definition import FieldDefinition, FieldType, Reference, RowRule, Rule, SchemaDefinition

_LEAST = 1024
#: Rows of the row sample, and hashes of a column's distinct sketch, where columns are not very many.
SAMPLE_ROWS = 8192
DISTINCT_HASHES = 16384


class CellEncoding(str, Enum):
    """How the cells of a file carry their type.

    TEXT: every cell is text, parsed by the grammar (CSV). TYPED: the physical Arrow type counts
    (Parquet). JSON: as TYPED, but dates and times are written as strings, and a column of
    mixed physical types arrives as one JSON token per cell. SHEET: as JSON, but every number is a
    double, so a whole one fits an integer field (Excel).
    """

    TEXT = "text"
    TYPED = "typed"
    JSON = "json"
    SHEET = "sheet"


@dataclass(frozen=True, slots=True)
class ColumnRecipe:
    """How one column of the file is read, which bounds rules its cells face, and whether nulls are allowed.

    `repeats` is the name that an earlier column of the file has already, whatever is known of that one.
    """

    name: str
    position: int
    type: FieldType
    format: str | None = None
    declared: bool = False
    rules: tuple[tuple[str, Rule], ...] = ()
    required: bool = False
    repeats: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything the tally of one file needs to know; small, picklable, equal on every task.

    `width` is the number of fields of a row. `keys` are indexes into `columns`, `row_rules` and `references`
    those whose columns are all there. `row_sample` and `distinct_size` bound the memory of a profile: both shrink for
    wide files.
    """

    columns: tuple[ColumnRecipe, ...]
    width: int
    encoding: CellEncoding = CellEncoding.TEXT
    keys: tuple[tuple[int, ...], ...] = ()
    missing_values: tuple[str, ...] = ("",)
    row_sample: int = SAMPLE_ROWS
    distinct_size: int = DISTINCT_HASHES
    row_rules: tuple[RowRule, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def rules_over_rows(self) -> tuple[RowRule | Reference, ...]:
        """Give all rules that are asked of rows, in the order of their figures."""
        return (*self.row_rules, *self.references)

    def __hash__(self) -> int:
        """Hash the names alone: files are grouped by their recipes, and all rules of all columns are many."""
        return hash(tuple(column.name for column in self.columns))


def make_recipe(
    header: Sequence[str],
    definition: SchemaDefinition | None,
    *,
    encoding: CellEncoding = CellEncoding.TEXT,
    inferred: Mapping[str, FieldType] | None = None,
) -> Recipe:
    """Lay `definition` over the trimmed names of `header`, in file order.

    Of a repeated name only the first column is the declared one; all have names of their own (`column_names`).
    Undeclared columns take their type from `inferred`, by these names, and are else strings. Keys, and rules
    over rows, with a column that is not in the file are left out.
    """
    declared = {field.name: field for field in definition.fields} if definition else {}
    columns: list[ColumnRecipe] = []
    index: dict[str, int] = {}
    # The keys of JSON objects repeat no name, and a blank one has no place.
    names = header if encoding is CellEncoding.JSON else column_names(header)
    for position, (name, said) in enumerate(zip(names, header, strict=True)):
        first = index.setdefault(said, position) == position
        field = declared.get(said) if first and said == name else None
        column = _column(name, position, field, inferred or {})
        columns.append(column if first or not said else replace(column, repeats=said))
    keys = tuple(
        tuple(index[name] for name in key.columns)
        for key in (definition.keys if definition else ())
        if all(name in index for name in key.columns)
    )
    return Recipe(
        columns=tuple(columns),
        width=len(header),
        encoding=encoding,
        keys=keys,
        missing_values=definition.missing_values if definition else ("",),
        row_sample=bounded(SAMPLE_ROWS, 1 << 21, len(columns)),
        distinct_size=bounded(DISTINCT_HASHES, 1 << 23, len(columns)),
        row_rules=_over(definition.row_rules if definition else (), columns),
        references=_over(definition.references if definition else (), columns),
    )


def _column(name: str, position: int, field: FieldDefinition | None, inferred: Mapping[str, FieldType]) -> ColumnRecipe:
    if field is None:
        return ColumnRecipe(name, position, inferred.get(name, FieldType.STRING))
    return ColumnRecipe(
        name, position, field.type, field.format, declared=True, rules=field.bounds, required=field.required is not None
    )


_Rule = TypeVar("_Rule", RowRule, Reference)


def _over(rules: Sequence[_Rule], columns: Sequence[ColumnRecipe]) -> tuple[_Rule, ...]:
    """Give the rules whose columns are all there."""
    declared = {column.name for column in columns if column.declared}
    return tuple(rule for rule in rules if declared.issuperset(rule.columns))


def bounded(wanted: int, budget: int, columns: int) -> int:
    """Share a budget of cells among the columns, in powers of two, never below `_LEAST`."""
    size = wanted
    while size > _LEAST and size * columns > budget:
        size //= 2
    return size

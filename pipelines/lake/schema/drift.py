"""What happens when a file brings other columns than its table has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pipelines.lake.errors import ColumnTypeError, FrozenSchemaError
from pipelines.lake.schema.table_schema import TableSchema

if TYPE_CHECKING:
    import pyarrow as pa

#: evolve: the table gets new columns; discard: they are left out; freeze: the file is refused.
NewColumns: TypeAlias = Literal["evolve", "discard", "freeze"]


@dataclass(frozen=True, slots=True)
class Drift:
    """What becomes of a table and of a file's columns.

    Attributes:
        schema: of the table from now on.
        added: columns of files the table gets.
        discarded: columns of files that are left out.
        missing: columns the table has and the file has not; null in its rows. By the names files have for them.
    """

    schema: TableSchema
    added: tuple[str, ...]
    discarded: tuple[str, ...]
    missing: tuple[str, ...]


def drift(table: TableSchema, columns: Mapping[str, pa.DataType], policy: NewColumns) -> Drift:
    """Hold a file's columns against a table's.

    Args:
        table: its schema.
        columns: of the file, by its own names.
        policy: what to do with those the table does not have.

    Raises:
        ColumnTypeError: a column has another type than in the table, or one no table holds; all of them are listed.
        FrozenSchemaError: there are new columns and the policy is `freeze`.
    """
    known = {name: table.of_source(name) for name in columns}
    changed = [
        f"column {name!r} is {found.type} in the table and {columns[name]} in the file"
        for name, found in known.items()
        if found is not None and found.type != columns[name]
    ]
    if changed:
        raise ColumnTypeError(
            f"{'; '.join(changed)}; a table's types do not change: declare the type it has, or write to another table"
        )
    new = tuple(name for name, found in known.items() if found is None)
    if new and policy == "freeze":
        raise FrozenSchemaError(
            f"the file brings {', '.join(map(repr, new))}, which the table does not have and is frozen against; add"
            " the columns to the definition's table by new_columns: evolve, or leave them out by discard"
        )
    missing = tuple(column.source for column in table.data if column.source not in columns)
    if policy == "discard":
        return Drift(table, (), new, missing)
    return Drift(table.with_columns({name: columns[name] for name in new}), new, (), missing)

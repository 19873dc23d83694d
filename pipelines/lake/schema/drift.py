"""What happens when a file brings other columns than its table has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pipelines.lake.errors import ColumnTypeError, FrozenSchemaError
from pipelines.lake.schema.table_schema import TableSchema

if TYPE_CHECKING:
    import pyarrow as pa

#: evolve: the table gets new columns; discard: they are left out; freeze: the file is refused.
NewColumns: TypeAlias = Literal["evolve", "discard", "freeze"]

_MOST_NAMES = 20


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


def drift(
    table: TableSchema, columns: Mapping[str, pa.DataType], policy: NewColumns, expected: Collection[str] = ()
) -> Drift:
    """Hold a file's columns against a table's.

    Args:
        table: its schema.
        columns: of the file, by its own names.
        policy: what to do with those the table does not have.
        expected: names of columns that the table gets whatever the policy is: a definition asks for them.

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
    strange = tuple(name for name in new if name not in expected)
    if strange and policy == "freeze":
        raise FrozenSchemaError(
            f"the file brings {_some([repr(name) for name in strange])}, which the table does not have and is frozen"
            " against; declare them, or let drift.new_columns be evolve, which adds them, or discard, which leaves them"
            " out, then release the object"
        )
    missing = tuple(column.source for column in table.data if column.source not in columns)
    discarded = strange if policy == "discard" else ()
    added = tuple(name for name in new if name not in discarded)
    return Drift(table.with_columns({name: columns[name] for name in added}), added, discarded, missing)


def told_drift(found: Drift, lacking: Sequence[str] = ()) -> str | None:
    """Say which columns a file brought too many or too few, for people; None where there is nothing to say.

    Args:
        found: as `drift` found it.
        lacking: columns that are declared and that the file has not.
    """
    missing = [*lacking, *(name for name in found.missing if name not in lacking and not name.startswith("_"))]
    parts = [
        (missing, "not in the file, so that its rows are null there"),
        (found.discarded, "left out, as drift.new_columns says"),
    ]
    told = [f"{_some(names)}: {what}" for names, what in parts if names]
    return "; ".join(told) or None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"

"""Tables in memory that hold the keys which rows of another table refer to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from dq.profiling.row_rules.reference_keys import KnownReferences, ReferenceKeys, UnreadKeys
from dq.references.key_collector import KeyCollector
from dq.rows.framed import framed, is_of_spark
from dq.rows.frames import frame_of
from dq.schema.definition import KeyDefinition, SchemaDefinition, WantedKeys
from etl_core.errors import UsageError

NO_TABLES: Final[Mapping[str, Any]] = MappingProxyType({})


def known_frames(definition: SchemaDefinition, tables: Mapping[str, Any]) -> KnownReferences:
    """Read the keys that a definition's references name from tables, which are given by what it calls them.

    Raises:
        UsageError: a table is none, lacks a column, or is one that the definition does not name.
        TooManyKeysError: it has more keys than every task can hold.
    """
    named = {one.wanted.source for one in definition.references}
    strange = [name for name in tables if name not in named]
    if strange:
        expected = ", ".join(sorted(named)) or "none, for it has no references"
        raise UsageError(f"the definition does not refer to {', '.join(map(repr, strange))}; it names {expected}")
    return {
        one.wanted: keys_of_frame(tables[one.wanted.source], one.wanted)
        if one.wanted.source in tables
        else UnreadKeys(f"{one.wanted.source} was not given; expected a table for it in references")
        for one in definition.references
    }


def keys_of_frame(frame: Any, wanted: WantedKeys) -> ReferenceKeys:  # noqa: ANN401 - of any library
    """Read the keys of a table; of one of PySpark the columns of the key are brought here.

    Raises:
        UsageError: it is no table, or lacks a column.
        TooManyKeysError: it has more keys than every task can hold.
    """
    names = tuple(column.name for column in wanted.columns)
    table = frame_of(frame.select(*names).distinct().toArrow() if is_of_spark(frame) else frame)
    definition = SchemaDefinition(fields=wanted.columns, keys=(KeyDefinition(names),))
    recipe = framed(table.schema, definition, "typed").recipe
    if not recipe.keys:
        raise UsageError(f"the table that is referred to has no column {', '.join(names)}; it has {table.names}")
    collector = KeyCollector(recipe)
    for batch in table.batches():
        collector.add(batch)
    return collector.keys()

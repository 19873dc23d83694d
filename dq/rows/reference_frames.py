"""Tables in memory that hold the keys which rows of another table refer to."""

from __future__ import annotations

from typing import Any

from dq.profiling.row_rules.reference_keys import ReferenceKeys
from dq.references.key_collector import KeyCollector
from dq.rows.framed import framed, is_of_spark
from dq.rows.frames import frame_of
from dq.schema.definition import KeyDefinition, SchemaDefinition, WantedKeys
from etl_core.errors import UsageError


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

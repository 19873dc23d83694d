"""The rows of something that is referred to, as one table in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import pyarrow as pa

from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.rows.flat_columns import flat_column, flat_type, text_column
from dq.rows.row_marks import read_rows
from dq.schema.definition import FieldType, WantedKeys
from etl_core.errors import TerminalError

#: Memory that the rows of one reference may take, in every task.
MOST_ROW_BYTES: Final = 64 * 1024 * 1024

#: What reads rows, each batch with how its columns are read, or raises a PipelineError that says why it cannot.
ReadRows: TypeAlias = Callable[[WantedKeys], Iterator[tuple[Recipe, RowBatch]]]


class ReferenceTooLargeError(TerminalError):
    """Something that is referred to has more rows than every task can have in memory."""


def reference_rows(read: ReadRows, wanted: WantedKeys, most_bytes: int = MOST_ROW_BYTES) -> pa.Table:
    """Read the wanted columns of all rows, in their types; null where a cell is null or of another type.

    A column of texts has those of all values, whatever their types.

    Raises:
        ReferenceTooLargeError: they take more than `most_bytes`.
        PipelineError: it cannot be read.
    """
    schema = pa.schema([pa.field(one.name, flat_type(one.type)) for one in wanted.columns])
    batches, size = [], 0
    for recipe, batch in read(wanted):
        cells = dict(zip((one.name for one in recipe.columns), read_rows(recipe, batch), strict=True))
        raw = {one.name: batch.columns[one.position] for one in recipe.columns}
        columns = [
            text_column(cells[one.name], batch.rows)
            if one.type is FieldType.STRING
            else flat_column(raw[one.name], cells[one.name], one.type)
            for one in wanted.columns
        ]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
        size += batches[-1].nbytes
        if size > most_bytes:
            message = f"its columns {', '.join(schema.names)} take more than {most_bytes >> 20} MiB in every task"
            raise ReferenceTooLargeError(f"{message}; take fewer columns, or keep fewer rows there")
    return pa.Table.from_batches(batches, schema=schema).combine_chunks()

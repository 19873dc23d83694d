"""The rows of something that is referred to, as one table in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.rows.flat_columns import flat_column, flat_type, text_column
from dq.rows.row_marks import read_rows
from dq.schema.definition import FieldDefinition, FieldType, WantedKeys
from dq.schema.loading.problems import shown
from etl_core.errors import TerminalError

#: Memory that the rows of one reference may take, in every task.
MOST_ROW_BYTES: Final = 64 * 1024 * 1024

#: What reads rows, each batch with how its columns are read, or raises a PipelineError that says why it cannot.
ReadRows: TypeAlias = Callable[[WantedKeys], Iterator[tuple[Recipe, RowBatch]]]


class ReferenceTooLargeError(TerminalError):
    """Something that is referred to has more rows than every task can have in memory."""


class WrongReferenceError(TerminalError):
    """Values that rows would get from what they refer to are not of the type they are taken as."""


def reference_rows(
    read: ReadRows, wanted: WantedKeys, most_bytes: int = MOST_ROW_BYTES, *, exact: Collection[str] = ()
) -> pa.Table:
    """Read the wanted columns of all rows, in their types; null where a cell is null or of another type.

    A column of texts has those of all values, whatever their types.

    Args:
        read: reads the rows.
        wanted: where they are, and which columns.
        most_bytes: that they may take.
        exact: columns in which no value may be of another type: whoever gets a null from there would not know why.

    Raises:
        ReferenceTooLargeError: they take more than `most_bytes`.
        WrongReferenceError: a value of an `exact` column is of another type.
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
        for one, column in zip(wanted.columns, columns, strict=True):
            if one.name in exact and column.null_count:
                _require_typed(one, text_column(cells[one.name], batch.rows), column)
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
        size += batches[-1].nbytes
        if size > most_bytes:
            message = f"its columns {', '.join(schema.names)} take more than {most_bytes >> 20} MiB in every task"
            raise ReferenceTooLargeError(f"{message}; take fewer columns, or keep fewer rows there")
    return pa.Table.from_batches(batches, schema=schema).combine_chunks()


def _require_typed(field: FieldDefinition, said: pa.Array, typed: pa.Array) -> None:
    lost = said.filter(pc.and_(said.is_valid(), typed.is_null()))
    if len(lost):
        count = "a value" if len(lost) == 1 else f"{len(lost):,} values"
        raise WrongReferenceError(
            f"{count} of its column {shown(field.name)} cannot be read as {field.type.value}; mend what is there, or"
            " take the column as string"
        )

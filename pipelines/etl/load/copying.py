"""Rows from Parquet into a table by COPY."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from etl_core.postgres.database import driver_cursor

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

#: Rows that are in memory, and on their way, at a time.
ROWS_AT_ONCE: Final = 50_000
# All that is not null stands in quotes where a quote could be in it: null is nothing, the empty text is two quotes.
_OPTIONS: Final = csv.WriteOptions(include_header=False, quoting_style="needed")


class CopiedRows(NamedTuple):
    """Rows that went to a table, and those of them that its triggers let in."""

    sent: int
    taken: int


def copy_rows(connection: Connection, table: str, names: str, batches: Iterable[pa.RecordBatch]) -> CopiedRows:
    """Copy rows into a table.

    Args:
        connection: in whose transaction.
        table: quoted.
        names: of its columns, quoted, in the order of those of the rows.
        batches: the rows.

    Raises:
        TerminalError: the table does not take a value.
        DatabaseUnavailableError: it is locked, or the warehouse is away.
    """
    # A percent sign in a name is doubled for statements with parameters, which this is not.
    statement, rows = f"COPY {table} ({names}) FROM STDIN WITH (FORMAT csv)".replace("%%", "%"), 0
    taken = 0
    with driver_cursor(connection) as cursor:
        for batch in batches:
            cursor.copy_expert(statement, BytesIO(_written(batch)))
            rows += batch.num_rows
            taken += cursor.rowcount
    return CopiedRows(rows, taken)


def _written(batch: pa.RecordBatch) -> memoryview:
    arrays = [_as_text(column) for column in batch.columns]
    plain = pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
    sink = pa.BufferOutputStream()
    csv.write_csv(plain, sink, _OPTIONS)
    return memoryview(sink.getvalue())


def _as_text(column: pa.Array) -> pa.Array:
    """Give bytes as Postgres reads them, and exact numbers and moments as the texts that they are.

    The writer of CSV has no way with numbers, and looks the zone of every moment up, which takes twenty times as long.
    """
    if pa.types.is_binary(column.type):
        return pa.array([None if one is None else "\\x" + one.hex() for one in column.to_pylist()], pa.string())
    if pa.types.is_decimal(column.type):
        return column.cast(pa.string())
    if pa.types.is_timestamp(column.type) and column.type.tz == "UTC":
        plain = column.cast(pa.timestamp(column.type.unit)).cast(pa.string())
        return pc.binary_join_element_wise(plain, "Z", "")
    return column

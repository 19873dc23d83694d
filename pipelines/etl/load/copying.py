"""Rows from Parquet into a table by COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from etl_core.postgres.database import driver_cursor

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

#: Rows that are on their way at a time; as many are made ready, so that twice as many are in memory.
ROWS_AT_ONCE: Final = 50_000
#: Bytes that the driver is given at a time.
_BYTES_AT_ONCE: Final = 256 << 10
# All that is not null stands in quotes where a quote could be in it: null is nothing, the empty text is two quotes.
_OPTIONS: Final = csv.WriteOptions(include_header=False, quoting_style="needed")


class CopiedRows(NamedTuple):
    """Rows that went to a table, and those of them that its triggers let in."""

    sent: int
    taken: int


def copy_rows(connection: Connection, table: str, names: str, batches: Iterable[pa.RecordBatch]) -> CopiedRows:
    """Copy rows into a table; a thread reads and writes the next ones while the server takes these.

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
    statement = f"COPY {table} ({names}) FROM STDIN WITH (FORMAT csv)".replace("%%", "%")
    rows = taken = 0
    with driver_cursor(connection) as cursor:
        for ready in _made_ahead(iter(batches)):
            cursor.copy_expert(statement, BytesIO(ready.written), _BYTES_AT_ONCE)
            rows += ready.rows
            taken += cursor.rowcount
    return CopiedRows(rows, taken)


class _Ready(NamedTuple):
    """Rows as COPY takes them, and how many they are."""

    written: memoryview
    rows: int


def _made_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[_Ready]:
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(_next, batches)
        while (ready := made.result()) is not None:
            made = thread.submit(_next, batches)
            yield ready


def _next(batches: Iterator[pa.RecordBatch]) -> _Ready | None:
    batch = next(batches, None)
    return None if batch is None else _Ready(_written(batch), batch.num_rows)


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

"""Many rows into a table at once, and out of it: COPY in PostgreSQL, arrays of parameters in SQL Server."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv
from sqlalchemy import insert

from etl_core.postgres.database import driver_cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select, Table
    from sqlalchemy.engine import Connection

_ROWS = 50_000


def insert_rows(connection: Connection, table: Table, rows: pa.Table) -> None:
    """Insert rows whose columns are called as the table's; portions of 50,000 are in memory at a time."""
    if connection.dialect.name == "mssql":
        _insert_in_arrays(connection, table, rows)
        return
    with driver_cursor(connection) as cursor:
        preparer = connection.dialect.identifier_preparer
        names = ", ".join(preparer.quote(name) for name in rows.column_names)
        statement = f"COPY {preparer.format_table(table)} ({names}) FROM STDIN WITH (FORMAT csv, NULL '')"
        for batch in rows.to_batches(_ROWS):
            cursor.copy_expert(statement, BytesIO(_written(batch)))


def _written(batch: pa.RecordBatch) -> bytes:
    """As CSV in which all that is not null stands in quotes: null is nothing, and the empty text is two quotes."""
    sink = pa.BufferOutputStream()
    options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
    with csv.CSVWriter(sink, batch.schema, write_options=options) as writer:
        writer.write_batch(batch)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _insert_in_arrays(connection: Connection, table: Table, rows: pa.Table) -> None:
    """With an engine that has `fast_executemany`, and lengths from the table's types, a portion is one trip."""
    statement = insert(table)
    for batch in rows.to_batches(_ROWS):
        connection.execute(statement, batch.to_pylist())


def read_rows(connection: Connection, statement: Select[Any], schema: pa.Schema) -> pa.Table:
    """Read what a statement gives, whose columns are those of `schema` in this order."""
    if connection.dialect.name == "mssql":
        found = connection.execute(statement).partitions(_ROWS)
        return pa.Table.from_batches([_batch(rows, schema) for rows in found], schema)
    query = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    sink = BytesIO()
    with driver_cursor(connection) as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)", sink)
    sink.seek(0)
    return _read(sink, schema) if sink.getbuffer().nbytes else schema.empty_table()


def _read(written: BytesIO, schema: pa.Schema) -> pa.Table:
    """Read CSV in which what is null is nothing, and the empty text two quotes."""
    convert = csv.ConvertOptions(
        column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    return csv.read_csv(
        written,
        read_options=csv.ReadOptions(column_names=schema.names),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=convert,
    )


def _batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)

"""Columns of a table as text, streamed: as much memory for a million rows as for a thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from etl_core.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection, Engine

#: Rows that are fetched at once.
_ROWS: Final = 50_000
_TYPES: Final = text(
    "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND c.relname = :table"
    " AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped"
)
#: Moments in UTC, as ISO 8601 writes them; others as the server does.
_MOMENT: Final = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"


class UnfitTableError(TerminalError):
    """There is no such table, or it has not these columns."""


def read_columns(
    engine: Engine, schema: str, table: str, columns: Sequence[str]
) -> Iterator[list[tuple[str | None, ...]]]:
    """Give the rows of a table or view in portions, in a transaction that can only read.

    Raises:
        UnfitTableError: there is no such table, or it has not these columns.
        PipelineError: the database says no, or nothing.
    """
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        statement = _statement(connection, schema, table, columns)
        streaming = connection.execution_options(stream_results=True, max_row_buffer=_ROWS)
        for rows in streaming.execute(text(statement)).partitions(_ROWS):
            yield [tuple(row) for row in rows]


def _statement(connection: Connection, schema: str, table: str, columns: Sequence[str]) -> str:
    found = connection.execute(_TYPES, {"schema": schema, "table": table}).all()
    types = {str(name): str(kind) for name, kind in found}
    if not types:
        raise UnfitTableError("there is no such table or view")
    lacking = [name for name in columns if name not in types]
    if lacking:
        raise UnfitTableError(f"it has no column {', '.join(lacking)}")
    quote = connection.dialect.identifier_preparer.quote_identifier
    written = [
        _MOMENT.format(quote(name)) if types[name] == "timestamp with time zone" else f"CAST({quote(name)} AS text)"
        for name in columns
    ]
    # A colon would name a parameter.
    return f"SELECT {', '.join(written)} FROM {quote(schema)}.{quote(table)}".replace(":", "\\:")  # noqa: S608 - names, quoted

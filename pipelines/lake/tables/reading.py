"""The rows of a table, some columns of them, for who needs them as they are now: any Delta table, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from etl_core.errors import TerminalError
from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.tables.delta_log import named_failures, opened_table


class NoSuchTableError(TerminalError):
    """There is no such table, or it has not these columns."""


def columns_of(folder: TableFolder, names: Sequence[str], condition: str | None = None) -> pa.RecordBatchReader:
    """Stream some columns of a table, by the names that readers know.

    Args:
        folder: of the table.
        names: of the columns.
        condition: only the rows that fulfil it, in SQL; made of our own names and numbers alone.

    Raises:
        NoSuchTableError: there is no table, or it lacks a column.
        TableAlteredError, TableCorruptError, TableUnavailableError: it cannot be read; also while it is streamed.
    """
    table = opened_table(folder, None)
    if table is None:
        raise NoSuchTableError(f"there is no table {folder.uri}; `lake list` shows those there are")
    with named_failures(folder):
        known = [field.name for field in table.schema().fields]
    lacking = [name for name in names if name not in known]
    if lacking:
        raise NoSuchTableError(f"{folder.uri} has no column {', '.join(lacking)}; it has {', '.join(known)}")
    with named_failures(folder):
        found = pa.RecordBatchReader.from_stream(table.scan(list(names), condition))
    return pa.RecordBatchReader.from_batches(found.schema, _streamed(folder, found))


def _streamed(folder: TableFolder, found: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    with named_failures(folder):
        yield from found

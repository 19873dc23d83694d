"""Rows become files of a table. Nobody sees them until a commit names them; without one, VACUUM takes them.

A file is put together in memory and written at once: a try that is killed leaves whole files that no log names, and no
parts of uploads. That bounds the size of a file, and of the memory, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.lake.errors import ColumnTypeError
from pipelines.lake.files.folders import file_path
from pipelines.lake.files.statistics import IndexedColumn, file_statistics
from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.run_part import RunKey, RunPart, WrittenFile
from pipelines.lake.schema.system_columns import LINE, SYSTEM_COLUMNS, constants, partition_values
from pipelines.lake.schema.table_schema import TableColumn, TableSchema

#: Bytes of a file, compressed, after which another one begins: with its last row group it stays below 32 MiB, beyond
#: which the memory that it grows in would double.
FILE_BYTES = 24 * 1024 * 1024
#: Rows and bytes, uncompressed, that make a row group: what readers leave out by its bounds, and we hold in memory.
GROUP_ROWS, GROUP_BYTES = 256 * 1024, 32 * 1024 * 1024
#: Columns whose bounds are in the log, the first of the table: Delta's own number.
INDEXED_COLUMNS = 32


def write_rows(
    table: TableFolder,
    schema: TableSchema,
    run: RunPart,
    batches: Iterable[pa.RecordBatch],
    *,
    attempt: str,
    file_bytes: int = FILE_BYTES,
) -> tuple[WrittenFile, ...]:
    """Write rows of one run's object to files of their own.

    Args:
        table: where.
        schema: of the table, with all columns that are to be written.
        run: whose rows they are.
        batches: the columns of the object by the names files have for them and, as the last one, the line of each
            row. Columns the table does not have are left out; those it has and the batch has not are null.
        attempt: different for every try of every task.
        file_bytes: after so many another file begins.

    Returns:
        The files, in the order of the rows; none where there are no rows.

    Raises:
        ColumnTypeError: a column is of another type than in the table.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the folder cannot be written.
    """
    files = ObjectFiles(table, schema, run, attempt=attempt, file_bytes=file_bytes)
    for batch in batches:
        files.add(batch)
    return files.close()


def write_stored(
    table: TableFolder,
    schema: TableSchema,
    run: RunKey,
    batches: Iterable[pa.RecordBatch],
    *,
    attempt: str,
    file_bytes: int = FILE_BYTES,
) -> tuple[WrittenFile, ...]:
    """Write rows that come from files of the table: as `write_rows`, with the columns by their names in files.

    Args:
        table: where.
        schema: of the table.
        run: of the partition all rows belong to.
        batches: the rows; columns they lack are null.
        attempt: different for every try of every task.
        file_bytes: after so many another file begins.

    Raises:
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the folder cannot be written.
    """
    files = _Files(table, schema, run, attempt, file_bytes)
    for batch in batches:
        files.add(_aligned(batch, schema))
    return files.close()


class ObjectFiles:
    """The files of one object, or of a part of it, while its rows come; arguments and errors as of `write_rows`."""

    def __init__(
        self, table: TableFolder, schema: TableSchema, run: RunPart, *, attempt: str, file_bytes: int = FILE_BYTES
    ) -> None:
        self._schema, self._run = schema, run
        self._files = _Files(table, schema, run.key, attempt, file_bytes)
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take rows in; what makes a file is written."""
        if batch.num_rows:
            self._files.add(_stored(batch, self._schema, self._run))
            self.rows += batch.num_rows

    def close(self) -> tuple[WrittenFile, ...]:
        """Write what is left; all files, in the order of the rows."""
        return self._files.close()


class _Files:
    """Batches with a table's columns become row groups, these become files."""

    def __init__(self, table: TableFolder, schema: TableSchema, run: RunKey, attempt: str, file_bytes: int) -> None:
        self._table, self._schema, self._run, self._attempt = table, schema, run, attempt
        self._file_bytes = file_bytes
        self._pending: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0
        self._file: _File | None = None
        self._written: list[WrittenFile] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Put batches together until they make a row group; those that are larger are cut."""
        for start in range(0, batch.num_rows, GROUP_ROWS):
            piece = batch.slice(start, GROUP_ROWS)
            if self._pending and (self._rows + piece.num_rows > GROUP_ROWS or self._bytes + piece.nbytes > GROUP_BYTES):
                self._write_group()
            self._pending.append(piece)
            self._rows += piece.num_rows
            self._bytes += piece.nbytes

    def close(self) -> tuple[WrittenFile, ...]:
        if self._pending:
            self._write_group()
        self._write_file()
        return tuple(self._written)

    def _write_group(self) -> None:
        if self._file is not None and self._file.size >= self._file_bytes:
            self._write_file()
        self._file = self._file or _File(self._schema)
        self._file.add(pa.Table.from_batches(self._pending))
        self._pending, self._rows, self._bytes = [], 0, 0

    def _write_file(self) -> None:
        if self._file is None:
            return
        path = file_path(self._run, self._attempt, len(self._written))
        data, rows, statistics = self._file.close()
        self._file = None
        self._table.create(path, data)
        values = tuple(partition_values(self._run).items())
        self._written.append(WrittenFile(path, len(data), rows, values, statistics))


def _aligned(batch: pa.RecordBatch, schema: TableSchema) -> pa.RecordBatch:
    """The batch with the columns, types and names in nested types that files of the table have."""
    wanted = pa.schema([column.stored for column in schema.in_files])
    if batch.schema.equals(wanted):
        return batch
    arrays = []
    for field in wanted:
        at = batch.schema.get_field_index(field.name)
        arrays.append(pa.nulls(batch.num_rows, field.type) if at < 0 else batch.column(at).cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)


class _File:
    """One file while it is put together."""

    def __init__(self, schema: TableSchema) -> None:
        self._columns = schema.in_files
        self._buffer = pa.BufferOutputStream()
        arrow = pa.schema([column.stored for column in self._columns])
        self._writer = pq.ParquetWriter(self._buffer, arrow, compression="zstd", compression_level=1)
        self._not_a_number: set[str] = set()

    @property
    def size(self) -> int:
        """Bytes so far."""
        return int(self._buffer.tell())

    def add(self, group: pa.Table) -> None:
        """Add a row group."""
        for field in group.schema:
            if pa.types.is_floating(field.type) and pc.any(pc.is_nan(group[field.name])).as_py():
                self._not_a_number.add(field.name)
        self._writer.write_table(group)

    def close(self) -> tuple[bytes, int, str]:
        """Give the bytes, the number of rows and the statistics."""
        self._writer.close()
        data = self._buffer.getvalue()
        footer = pq.read_metadata(pa.BufferReader(data))
        indexed = [_indexed(column) for column in self._columns[:INDEXED_COLUMNS]]
        return data.to_pybytes(), footer.num_rows, file_statistics(footer, indexed, self._not_a_number)


def _indexed(column: TableColumn) -> IndexedColumn:
    """Bounds of our own columns are exact: they tell whose rows a file holds."""
    return IndexedColumn(column.physical, column.type, whole=column.name in SYSTEM_COLUMNS)


def _stored(batch: pa.RecordBatch, schema: TableSchema, run: RunPart) -> pa.RecordBatch:
    """The batch as it stands in files: our columns in front, physical names, nulls for what it lacks."""
    fixed: dict[str, Any] = constants(run)
    brought = {name: batch.column(at) for at, name in enumerate(batch.schema.names[:-1])}
    arrays = []
    for column in schema.in_files:
        stored = column.stored
        array = batch.column(batch.num_columns - 1) if column.name == LINE else brought.get(column.source)
        if column.name in fixed:
            arrays.append(pa.repeat(pa.scalar(fixed[column.name], column.type), batch.num_rows))
        elif array is None:
            arrays.append(pa.nulls(batch.num_rows, stored.type))
        elif array.type != column.type:
            raise ColumnTypeError(
                f"column {column.source!r} is {array.type}, the table has {column.type}; convert it before writing"
            )
        else:
            arrays.append(_renamed(array, stored.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([column.stored for column in schema.in_files]))


def _renamed(array: pa.Array, stored: pa.DataType) -> pa.Array:
    """The same values under the names that nested fields have in files."""
    if array.type == stored:
        return array
    if pa.types.is_list(stored):
        values = _renamed(array.values, stored.value_type)
        return pa.Array.from_buffers(
            stored, len(array), array.buffers()[:2], array.null_count, array.offset, children=[values]
        )
    children = [_renamed(array.field(at), stored.field(at).type) for at in range(stored.num_fields)]
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(children, fields=list(stored), mask=mask)

"""One object lifted: its rows in files of silver and quarantine, which nobody sees before they are committed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dq import RowsOfFile, SchemaDefinition
from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.files.writing import write_rows
from pipelines.lake.lifting.lifted_rows import LiftedRows
from pipelines.lake.run_part import RunPart, WrittenFile
from pipelines.lake.schema.table_schema import TableSchema

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes of rows, uncompressed, that are held before they are written: of those that pass, and of those that do not.
_HELD_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LakeTables:
    """Where the rows of a file go: silver and quarantine, each with the schema that files are written by."""

    silver: TableFolder
    silver_schema: TableSchema
    quarantine: TableFolder
    quarantine_schema: TableSchema


@dataclass(frozen=True, slots=True)
class Lifted:
    """The files of an object's rows, and the counts: read = silver + quarantined + malformed.

    `note`: which columns it brought too many or too few.
    """

    run: RunPart
    silver: tuple[WrittenFile, ...]
    quarantine: tuple[WrittenFile, ...]
    rows_read: int
    rows_silver: int
    rows_quarantined: int
    rows_malformed: int
    rows_healed: int
    rows_unmatched: int
    note: str | None = None


def lift_object(
    rows: RowsOfFile, definition: SchemaDefinition, lifted: LiftedRows, tables: LakeTables, attempt: str
) -> Lifted:
    """Read the rows of an object and write them to where they belong.

    Args:
        rows: of the object.
        definition: what they are held against.
        lifted: how they become rows of the lake.
        tables: where they go.
        attempt: different for every try.

    Raises:
        UnreadableFileError: the object cannot be parsed.
        PipelineError: it cannot be read now, or a table cannot be written.
    """
    writers = (
        _Waiting(tables.silver, tables.silver_schema, lifted.run, f"{attempt}-s"),
        _Waiting(tables.quarantine, tables.quarantine_schema, lifted.run, f"{attempt}-q"),
    )
    silver, quarantine = writers
    read = malformed = healed = unmatched = 0
    for some in rows.found(definition, lifted.prepared, typed=True):
        batch = lifted.lifted(some)
        silver.add(batch.silver)
        quarantine.add(batch.quarantine)
        read += batch.read
        malformed += batch.malformed
        healed += batch.healed
        unmatched += batch.unmatched
    done = Lifted(
        lifted.run,
        silver.files(),
        quarantine.files(),
        read,
        silver.rows,
        quarantine.rows - malformed,
        malformed,
        healed,
        unmatched,
    )
    if done.rows_read != done.rows_silver + done.rows_quarantined + done.rows_malformed:
        raise AssertionError(f"rows were lost: {done}")
    return done


class _Waiting:
    """Rows that wait until there are enough of them for a file."""

    def __init__(self, folder: TableFolder, schema: TableSchema, run: RunPart, attempt: str) -> None:
        self._folder, self._schema, self._run, self._attempt = folder, schema, run, attempt
        self._held: list[pa.RecordBatch] = []
        self._bytes = 0
        self._files: list[WrittenFile] = []
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take rows in, and write what waits where it is enough."""
        if not batch.num_rows:
            return
        self._held.append(batch)
        self._bytes += batch.nbytes
        self.rows += batch.num_rows
        if self._bytes > _HELD_BYTES:
            self._write()

    def files(self) -> tuple[WrittenFile, ...]:
        """Write what is left; all files."""
        self._write()
        return tuple(self._files)

    def _write(self) -> None:
        if self._held:
            attempt = f"{self._attempt}{len(self._files)}"
            self._files += write_rows(self._folder, self._schema, self._run, self._taken(), attempt=attempt)

    def _taken(self) -> Iterator[pa.RecordBatch]:
        held, self._held, self._bytes = self._held, [], 0
        yield from held

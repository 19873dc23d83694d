"""The rows of a flow's query by one COPY, to Parquet: the source carries the query out once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipelines.etl.errors import SourceChangedError
from pipelines.etl.source.at_once import at_once
from pipelines.etl.source.part_files import PartFiles, part_files
from pipelines.etl.source.sharing import shared_by
from pipelines.etl.source.snapshot import ROW_HASH, state_of

if TYPE_CHECKING:
    from pipelines.etl.flow.flow import Flow
    from pipelines.etl.source.columns import SourceColumn
    from pipelines.etl.source.sharing import SharedBy
    from pipelines.etl.source.snapshot import Snapshot
    from pipelines.etl.step_folder import StepFolder

#: Bytes of rows that are read together; twice as many are in memory.
_AT_ONCE: Final = 8 << 20
_HASH_SUM: Final = pa.decimal128(38, 0)
_BROKEN_COLUMN: Final = re.compile(r"In CSV column #(\d+)")


class Copied(NamedTuple):
    """What became of the source's rows.

    Attributes:
        sent: how many the source says it sent.
        rows: how many were written.
        hashes: the sum of theirs.
    """

    sent: int
    rows: int
    hashes: int


def copy_rows(snapshot: Snapshot, flow: Flow, folder: StepFolder, place: str) -> Copied:
    """Write the rows of a flow's query to a folder that nobody wrote to before.

    They are read and written while the next ones come, by a thread, and no more of them is in memory than that takes.
    Where the flow says what its rows can be shared by, and the source expects much work, two connections read a
    share each, of the same moment.

    Args:
        snapshot: of the source.
        flow: whose query it is.
        folder: that of the day.
        place: the folder of the attempt.

    Raises:
        SourceChangedError: the source refuses the query, or a value has no place in the type of its column.
        DatabaseUnavailableError: the source goes away.
        StorageUnavailableError, TerminalError: the folder does.
    """
    columns = snapshot.columns(flow)
    schema = pa.schema([*((column.name, column.kind) for column in columns), (ROW_HASH, pa.int64())])
    with ExitStack() as own:
        readers = own.enter_context(shared_by(snapshot, flow, columns))
        endings = [""] if len(readers) == 1 else [f"-{number}" for number, _ in enumerate(readers, 1)]
        all_files = [own.enter_context(part_files(folder, place, schema, ending)) for ending in endings]
        copies = [_Copy(flow, columns, schema, by, files) for by, files in zip(readers, all_files, strict=True)]
        return _sum(at_once(copies))


def state(snapshot: Snapshot, flow: Flow) -> str:
    """Give a digest of the rows of a flow's query that does not depend on their order. Raises what `copy_rows` does."""
    with shared_by(snapshot, flow, snapshot.columns(flow)) as readers:
        counted = at_once([_Hashes(flow, by) for by in readers])
    rows, hashes = map(sum, zip(*counted, strict=True))
    return state_of(rows, hashes)


@dataclass(frozen=True, slots=True)
class _Hashes:
    flow: Flow
    by: SharedBy

    def __call__(self) -> tuple[int, int]:
        return self.by.snapshot.hashes(self.flow, self.by.share)

    def cancel(self) -> None:
        self.by.snapshot.cancel()


def _sum(copied: Sequence[Copied]) -> Copied:
    return Copied(*map(sum, zip(*copied, strict=True)))


@dataclass(frozen=True, slots=True)
class _Copy:
    """One COPY on its way to its files."""

    flow: Flow
    columns: Sequence[SourceColumn]
    schema: pa.Schema
    by: SharedBy
    files: PartFiles

    def __call__(self) -> Copied:
        with ThreadPoolExecutor(1) as thread:
            reader = _Reader(self.flow.name, self.columns, self.schema, self.files)
            stream = _Stream(thread, reader.take)
            sent = self.by.snapshot.copy(self.flow, self.columns, stream, self.by.share)
            stream.end()
            return Copied(sent, self.files.rows, reader.hashes)

    def cancel(self) -> None:
        self.by.snapshot.cancel()


class _Stream:
    """What the driver writes rows to; many together are taken by the thread while more of them come."""

    def __init__(self, thread: ThreadPoolExecutor, take: Callable[[bytearray], None]) -> None:
        self._thread, self._take = thread, take
        self._rows = bytearray()
        self._taken: Future[None] | None = None

    def write(self, row: bytes) -> int:
        """Take one row."""
        self._rows += row
        if len(self._rows) >= _AT_ONCE:
            self._hand_on()
        return len(row)

    def end(self) -> None:
        """Wait until all is taken."""
        if self._rows:
            self._hand_on()
        if self._taken is not None:
            self._taken.result()

    def _hand_on(self) -> None:
        if self._taken is not None:
            self._taken.result()
        rows, self._rows = self._rows, bytearray()
        self._taken = self._thread.submit(self._take, rows)


class _Reader:
    """Makes rows of texts, and puts them to their files."""

    def __init__(self, flow: str, columns: Sequence[SourceColumn], schema: pa.Schema, files: PartFiles) -> None:
        self._flow, self._columns, self._schema, self._files = flow, columns, schema, files
        self.hashes = 0
        self._convert = csv.ConvertOptions(
            column_types={**{column.name: column.read_as for column in columns}, ROW_HASH: pa.int64()},
            null_values=[""],  # nothing at all; the empty text stands in quotes
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        )

    def take(self, rows: bytearray) -> None:
        # One block: what is read together is one array.
        read = csv.ReadOptions(use_threads=False, block_size=len(rows) + 1, column_names=self._schema.names)
        parse = csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
        try:
            table = csv.read_csv(pa.BufferReader(pa.py_buffer(rows)), read, parse, self._convert)
        except pa.ArrowInvalid as error:
            found = _BROKEN_COLUMN.search(str(error))
            raise self._refused(None if found is None else self._columns[int(found[1])]) from None  # it shows the value
        for batch in table.to_batches():
            hashes = batch.column(batch.num_columns - 1)
            made = [self._made(column, batch.column(at)) for at, column in enumerate(self._columns)]
            self._files.add(pa.RecordBatch.from_arrays([*made, hashes], schema=self._schema))
            self.hashes += int(pc.sum(hashes.cast(_HASH_SUM)).as_py() or 0)

    def _made(self, column: SourceColumn, values: pa.Array) -> pa.Array:
        try:
            return column.made(values)
        except (pa.ArrowException, ValueError, TypeError):
            raise self._refused(column) from None

    def _refused(self, column: SourceColumn | None) -> SourceChangedError:
        what = "rows that cannot be read" if column is None else f"the column {column.name}"
        kind = "" if column is None else f" a value that is no {column.kind} (NaN, a year before 1 or beyond 9999, an"
        kind = kind and f"{kind} array in arrays)"
        hint = "cast it to text in the query, or leave such rows out"
        return SourceChangedError(f"the source of the flow {self._flow}", [f"{what} has{kind}; {hint}"])

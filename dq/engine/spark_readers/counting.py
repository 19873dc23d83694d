"""Counting inside Spark's tasks: Arrow batches of a frame in, profiles and key hashes as rows out.

Spark hands over small batches, for its own memory's sake. They are put together before they are
counted: every call of a kernel costs the same for few rows as for many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import msgpack
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import TaskContext

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.python_worker import settle_in
from dq.engine.byte_ranges.spark_merge import KeyHashes, MergedGroup, records
from dq.engine.byte_ranges.task_limits import within
from dq.engine.file_results import Span
from dq.engine.keys.part_keys import PartKeys
from dq.engine.parts import CountedPart, FileTask
from dq.engine.spark_readers.frames import TRAILING
from dq.engine.spark_readers.paths import reported_path
from dq.engine.spark_readers.seen_bytes import SeenBytes
from dq.errors import UnreadableFileError
from dq.formats.spark_reading import SparkReading
from dq.profiling.tally.file_tally import FileTally
from dq.profiling.tally.offences import Offence
from etl_core.errors import NoTemporarySpaceError, PipelineError

if TYPE_CHECKING:
    from pyspark.sql import Row

#: The columns of a row of counts, for Spark and for Arrow. `part` is the number of the block within its file.
COUNTS = "file int, what string, at int, part int, body binary, examples binary"
_COUNTS = pa.schema(
    [
        ("file", pa.int32()),
        ("what", pa.string()),
        ("at", pa.int32()),
        ("part", pa.int32()),
        ("body", pa.binary()),
        ("examples", pa.binary()),
    ]
)
#: What went wrong with a file, as `what` of a row that says so.
_ERRORS = {"unreadable": UnreadableFileError, "no space": NoTemporarySpaceError}
#: Rows, and bytes, that are counted at once: about what byte ranges parse at once.
_ROWS_AT_ONCE = 128 * 1024
_BYTES_AT_ONCE = 16 * 1024 * 1024

#: What Spark calls in a task: Arrow batches of a partition in, rows of counts out.
Counting: TypeAlias = "Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]"


def reading_of(task: FileTask) -> SparkReading:
    """Give how Spark reads the format of a file that it was found to read."""
    reading = task.layout.format.spark
    if reading is None:
        raise TypeError(f"{task.head.uri}: Spark has no reader for {task.layout.format.name}")
    return reading


def count_file(task: FileTask, first: int, assignment: Assignment, seen: SeenBytes) -> Counting:
    """Make the function that counts one Spark partition of a frame that reads one file.

    Spark cuts such a file into partitions in its order; `first` is the number of the first one
    within the job.
    """

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        settle_in()
        yield from within(counted(batches), assignment.limits)

    def counted(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        number = context.partitionId() - first if context else 0
        block: _Block | None = None
        for batch in batches:
            if batch.num_rows:
                block = block or _Block(task, number, assignment, seen)
                block.add(batch)
        if block:
            yield from block.counts()

    return count


def count_files(by_path: Mapping[str, FileTask], block: int, assignment: Assignment, seen: SeenBytes) -> Counting:
    """Make the function that counts one Spark partition of a frame that reads several files, block by block.

    `block` is the most bytes of a file that Spark gives to one task.
    """

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        settle_in()
        yield from within(counted(batches), assignment.limits)

    def counted(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        current: _Block | None = None
        for batch in batches:
            for path, start, piece in _by_block(batch):
                task, number = by_path[reported_path(path)], start // block
                if current is None or (current.task.id, current.number) != (task.id, number):
                    if current is not None:
                        yield from current.counts()
                    current = _Block(task, number, assignment, seen)
                current.add(piece)
        if current is not None:
            yield from current.counts()

    return count


class _Block:
    """The count of one block of one file; an unreadable file stops counting, not its neighbours."""

    def __init__(self, task: FileTask, number: int, assignment: Assignment, seen: SeenBytes) -> None:
        self.task = task
        self.number = number
        self._reading = reading_of(task)
        self._limits = assignment.limits
        self._seen = seen
        self._lines_bytes = 0
        self._tally = FileTally(task.recipe, number, assignment.references)
        self._keys = PartKeys()
        self._error: PipelineError | None = None
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def add(self, piece: pa.RecordBatch) -> None:
        """Take the next rows in; they are counted once there are enough of them."""
        self._held.append(piece)
        self._rows += piece.num_rows
        if self._reading.bytes_of is not None:
            self._lines_bytes += self._reading.bytes_of(piece)
        self._bytes += piece.nbytes
        if self._rows >= _ROWS_AT_ONCE or self._bytes >= _BYTES_AT_ONCE:
            self._count()

    def _count(self) -> None:
        held, self._held, self._rows, self._bytes = self._held, [], 0, 0
        if self._error is not None or not held:
            return
        batches = held if len(held) == 1 else pa.Table.from_batches(held).combine_chunks().to_batches()
        try:
            for batch in batches:
                for rows in self._reading.rows(batch, self.task.layout, self._limits):
                    self._tally.add(rows)
                    self._keys.add(self._tally.taken_keys())
        except (UnreadableFileError, NoTemporarySpaceError) as error:
            self._error = error
            self._keys.close()

    def counts(self) -> Iterator[pa.RecordBatch]:
        """Give what was counted, as rows for the merge."""
        self._count()
        if self._lines_bytes:
            self._seen.add(self.task, self.number, self._lines_bytes)
        for key, value in records(self.task, self._counted()):
            yield _as_batch(key, value, self.number)

    def _counted(self) -> CountedPart | PipelineError:
        if self._error is not None:
            return self._error
        self._keys.add(self._tally.taken_keys())  # of no row, where there was no batch: the names all the same
        profile = self._tally.profile()
        if not self._reading.knows_lines:
            profile = replace(profile, lines={self.number: 0})  # rows were counted, for their order: no lines
        return CountedPart(self.number, 0, 0, profile, self._keys)


def _by_block(batch: pa.RecordBatch) -> Iterator[tuple[str, int, pa.RecordBatch]]:
    """Cut a batch where the file or its block changes: the rows of one block lie together."""
    if batch.num_rows == 0:
        return
    data = batch.select(range(batch.num_columns - TRAILING))
    paths, starts = (pc.run_end_encode(batch.column(batch.num_columns - at)) for at in (TRAILING, 1))
    edges = sorted({*paths.run_ends.to_pylist(), *starts.run_ends.to_pylist()})
    begin = 0
    for end in edges:
        path = batch.column(batch.num_columns - TRAILING)[begin].as_py()
        yield path, batch.column(batch.num_columns - 1)[begin].as_py(), data.slice(begin, end - begin)
        begin = end


def _as_batch(
    key: tuple[int, str, int], value: MergedGroup[bytes] | KeyHashes | PipelineError, part: int
) -> pa.RecordBatch:
    number, what, at = key
    examples = b""
    if isinstance(value, PipelineError):
        what = "no space" if isinstance(value, NoTemporarySpaceError) else "unreadable"
        body = str(value).encode()
    elif isinstance(value, KeyHashes):
        body = value.data
    else:
        body = value.profile
        found = [[_packed(one) for one in key_examples] for key_examples in value.examples]
        examples = msgpack.packb(found)
    columns = [[number], [what], [at], [part], [body], [examples]]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _COUNTS, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=_COUNTS)


def record_of(row: Row) -> tuple[Any, Any]:
    """Turn a row of counts back into what the merge takes."""
    if row.what in _ERRORS:
        return (row.file, "group", row.at), _ERRORS[row.what](bytes(row.body).decode())
    key = (row.file, row.what, row.at)
    if row.what == "key":
        return key, KeyHashes(bytes(row.body))
    found = msgpack.unpackb(bytes(row.examples), use_list=True)
    examples = tuple(tuple(map(_offence, key_examples)) for key_examples in found)
    return key, MergedGroup(bytes(row.body), (Span(row.part, 0, 0),), examples)


def _packed(one: Offence) -> list[Any]:
    return [one.split, one.line, one.text, one.parts]


def _offence(packed: list[Any]) -> Offence:
    split, line, text, parts = packed
    return Offence(split, line, text, parts=tuple(parts))

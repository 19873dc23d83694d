"""Spark's own readers as the way in: the reference lane.

Files of one shape (format, width, dialect) are read by one DataFrame, so a batch is a union of few
plans and one job, whatever the number of files. CSV cells are read as Latin-1 text, so that the
bytes survive and invalid UTF-8 is found here as it is in the other lane. Columns have positions for
names: no name of a file ever reaches a Spark expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgpack
import pyarrow as pa
import pyarrow.compute as pc
import structlog
from pyspark import TaskContext
from pyspark.errors import PySparkException
from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows
from py4j.protocol import Py4JError

from dq.engine.csv_probe import QuoteProbe, probe_quotes
from dq.engine.local_executor import profile_here
from dq.engine.object_store import ObjectStore
from dq.engine.outcomes import Misaligned, Profiled, Span
from dq.engine.parquet_schema import spark_schema
from dq.engine.parts import CountedPart, FileTask
from dq.engine.spark_executor import KeyHashes, MergedGroup, merged, records
from dq.engine.spark_paths import literal_paths, same_path, spark_path
from dq.engine.spark_rows import SparkRows, rows_of
from dq.errors import PipelineError, UnreadableFileError
from dq.formats.encodings import is_utf8
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.profiling.file_tally import FileTally
from dq.profiling.findings import Finding
from dq.schema.definition import FileFormat

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = structlog.get_logger()

_OUTPUT = "file int, what string, at int, part int, body binary, examples binary"
_BATCH = pa.schema(
    [("file", pa.int32()), ("what", pa.string()), ("at", pa.int32()), ("part", pa.int32()),
     ("body", pa.binary()), ("examples", pa.binary())]
)  # fmt: skip
_NO_VALUE = "\ue000"
_FILE, _BAD = "_file", "_bad"


@dataclass(frozen=True, slots=True)
class Shape:
    """What files have in common that one DataFrame reads."""

    format: FileFormat
    width: int
    delimiter: str
    quote: str
    encoding: str
    header: bool
    multiline: bool
    arrow_schema: bytes


def profile_with_spark_readers(
    spark: SparkSession, tasks: Sequence[FileTask], store: ObjectStore, limits: Limits
) -> dict[int, Profiled | Misaligned | PipelineError]:
    """Profile files through Spark's readers in two jobs: one looks at quotes, one reads.

    A file that brings the job down is found by halving and read by byte ranges instead, which says
    what is wrong with it.
    """
    try:
        found = _profile(spark, tasks, limits)
    except (PySparkException, Py4JError) as error:
        if len(tasks) > 1:
            middle = len(tasks) // 2
            log.warning("spark job failed, halving the batch", files=len(tasks), error=type(error).__name__)
            halves = (tasks[:middle], tasks[middle:])
            return {
                number: one
                for half in halves
                for number, one in profile_with_spark_readers(spark, half, store, limits).items()
            }
        found = {}
    unseen = [task for task in tasks if task.id not in found]
    if unseen:
        # No rows came from these: empty files, and what Spark skips or cannot read as it is.
        log.info("read by byte ranges: Spark's reader gave no rows", files=len(unseen))
        found |= profile_here(unseen, store, limits, "direct")
    return found


def _profile(
    spark: SparkSession, tasks: Sequence[FileTask], limits: Limits
) -> dict[int, Profiled | Misaligned | PipelineError]:
    probes = probe_quotes(spark, [task for task in tasks if task.layout.format is FileFormat.CSV])
    # Univocity rewrites quoted CRLF to LF in a file whose lines end with CRLF: left to the other lane.
    tasks = [task for task in tasks if not (task.layout.crlf and task.id in probes and probes[task.id].quoted_breaks)]
    if not tasks:
        return {}
    shapes: dict[Shape, list[FileTask]] = {}
    for task in tasks:
        shapes.setdefault(_shape(task, probes.get(task.id)), []).append(task)
    frames = [_counted(spark, shape, group, probes, limits) for shape, group in shapes.items()]
    union = frames[0]
    for frame in frames[1:]:
        union = union.unionAll(frame)
    return merged(union.rdd.map(_record), _in_parts(tasks, limits), "spark")


def _in_parts(tasks: Sequence[FileTask], limits: Limits) -> list[FileTask]:
    """Tell the merge about how many parts Spark makes of each file."""
    return [
        replace(task, splits=tuple(Split(at, 0, 0) for at in range(task.head.size // limits.split + 2)))
        for task in tasks
    ]


def _shape(task: FileTask, probe: QuoteProbe | None) -> Shape:
    dialect = task.layout.dialect
    return Shape(
        task.layout.format,
        len(task.layout.header),
        dialect.delimiter,
        dialect.quote,
        "ISO-8859-1" if is_utf8(dialect.encoding) else dialect.encoding,
        dialect.header,
        probe.quoted_breaks if probe else False,
        task.layout.arrow_schema,
    )


def _frame(spark: SparkSession, shape: Shape, paths: list[str], limits: Limits) -> DataFrame:
    reader = literal_paths(spark)
    match shape.format:
        case FileFormat.PARQUET:
            schema = spark_schema(pa.ipc.read_schema(pa.py_buffer(shape.arrow_schema)))
            return reader.schema(schema).parquet(*paths) if schema else reader.parquet(*paths)
        case FileFormat.JSON_LINES:
            return reader.option("lineSep", "\n").text(paths)
        case FileFormat.JSON:
            return reader.option("wholetext", "true").text(paths)
    columns = ",".join(f"c{at} string" for at in range(shape.width))
    return (
        reader.schema(f"{columns},{_BAD} string")
        .options(
            header=str(shape.header).lower(),
            columnNameOfCorruptRecord=_BAD,
            mode="PERMISSIVE",
            multiLine=str(shape.multiline).lower(),
            encoding=shape.encoding,
            sep=shape.delimiter,
            quote=shape.quote,
            escape=shape.quote,
            nullValue=_NO_VALUE,
            emptyValue="",
            enforceSchema="true",
            maxColumns=str(shape.width + 1024),
            maxCharsPerColumn=str(limits.line),
        )
        .csv(paths)
    )


def _counted(
    spark: SparkSession,
    shape: Shape,
    tasks: Sequence[FileTask],
    probes: dict[int, QuoteProbe],
    limits: Limits,
) -> DataFrame:
    frame = _frame(spark, shape, [spark_path(task.head) for task in tasks], limits)
    path = F.lit("") if len(tasks) == 1 else F.col("_metadata.file_path")
    columns = [F.col(f"`{name}`").alias(f"c{at}") for at, name in enumerate(_data_columns(frame, shape))]
    bad = [F.col(_BAD)] if shape.format is FileFormat.CSV else []
    chosen = frame.select(*columns, *bad, path.alias(_FILE))
    by_path = {same_path(spark_path(task.head)): task for task in tasks}
    open_files = frozenset(number for number, probe in probes.items() if probe.open_end)
    return chosen.mapInArrow(_count_rows(by_path, SparkRows(shape.format, open_files)), _OUTPUT)


def _data_columns(frame: DataFrame, shape: Shape) -> list[str]:
    return [name.replace("`", "``") for name in frame.columns if name != _BAD or shape.format is not FileFormat.CSV]


def _count_rows(
    by_path: dict[str, FileTask], rows: SparkRows
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Make the function that counts the rows of one Spark partition, file by file."""
    only = next(iter(by_path.values())) if len(by_path) == 1 else None

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        part = context.partitionId() if context else 0
        tallies: dict[int, tuple[FileTask, _Tally]] = {}
        held: dict[int, pa.RecordBatch] = {}
        for batch in batches:
            for path, piece in _by_file(batch):
                task = only or by_path[same_path(path)]
                if task.id not in tallies:
                    tallies[task.id] = (task, _Tally(task, part))
                tally = tallies[task.id][1]
                if task.id in held:
                    tally.add(held[task.id], task, rows, last=False)
                held[task.id] = piece
        for number, piece in held.items():
            task, tally = tallies[number]
            tally.add(piece, task, rows, last=True)
            for key, value in records(task, tally.counted(part)):
                yield _as_batch(key, value, part)

    return count


class _Tally:
    """The count of one file in one partition; an unreadable file stops counting, not its neighbours."""

    def __init__(self, task: FileTask, part: int) -> None:
        self._tally = FileTally(task.recipe, part)
        self._error: UnreadableFileError | None = None

    def add(self, piece: pa.RecordBatch, task: FileTask, rows: SparkRows, *, last: bool) -> None:
        if self._error is None:
            try:
                for ready in rows_of(piece, task, rows, last=last):
                    self._tally.add(ready)
            except UnreadableFileError as error:
                self._error = error

    def counted(self, part: int) -> CountedPart | UnreadableFileError:
        if self._error is not None:
            return self._error
        return CountedPart(part, 0, 0, self._tally.profile(), self._tally.keys())


def _by_file(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Cut a batch where the file changes: the rows of one file lie together."""
    if batch.num_rows == 0:
        return
    names = batch.column(batch.num_columns - 1)
    encoded = pc.run_end_encode(names)
    start = 0
    for end, path in zip(encoded.run_ends.to_pylist(), encoded.values.to_pylist(), strict=True):
        yield path, batch.slice(start, end - start)
        start = end


def _as_batch(key: tuple[int, str, int], value: MergedGroup | KeyHashes | PipelineError, part: int) -> pa.RecordBatch:
    number, what, at = key
    examples = b""
    if isinstance(value, PipelineError):
        what, body = "error", str(value).encode()
    elif isinstance(value, KeyHashes):
        body = value.data
    else:
        body = value.profile
        found = [[[one.split, one.line, one.text] for one in key_examples] for key_examples in value.examples]
        examples = msgpack.packb(found)
    columns = [[number], [what], [at], [part], [body], [examples]]
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, _BATCH, strict=True)], schema=_BATCH
    )


def _record(row: Any) -> tuple[Any, Any]:
    """Turn a row of counts back into what the merge takes."""
    if row.what == "error":
        return (row.file, "group", row.at), UnreadableFileError(bytes(row.body).decode())
    key = (row.file, row.what, row.at)
    if row.what == "key":
        return key, KeyHashes(bytes(row.body))
    examples = tuple(
        tuple(Finding(*found) for found in part) for part in msgpack.unpackb(bytes(row.examples), use_list=True)
    )
    return key, MergedGroup(bytes(row.body), (Span(row.part, 0, 0),), examples)



"""The verdict on rows that come in parts, counted by the tasks that read them: no row passes through Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dq.engine.byte_ranges.python_worker import settle_in
from dq.engine.byte_ranges.spark_merge import merged, records
from dq.engine.byte_ranges.task_limits import within
from dq.engine.file_results import Profiled
from dq.engine.keys.part_keys import PartKeys
from dq.engine.parts import CountedPart, FileTask, named_fault
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.parquet.format import PARQUET
from dq.formats.splits import Split
from dq.formats.typed.columns import typed_batch
from dq.profiling.tally.file_tally import FileTally
from dq.rows.check_frame import READER, require_aware
from dq.rows.framed import FramedChecks, framed
from dq.rows.referred.reference_frames import NO_TABLES, known_frames
from dq.verdict.judge import judge
from dq.verdict.verdict import Verdict
from etl_core.errors import PipelineError, TerminalError
from etl_core.objects.store import ObjectHead

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from dq.schema.definition import SchemaDefinition

_NAME: Final = "the table"
_Part = TypeVar("_Part")


def check_parts(
    spark: SparkSession,
    parts: Sequence[_Part],
    read: Callable[[_Part], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
    definition: SchemaDefinition,
    *,
    run_start: datetime | None = None,
    references: Mapping[str, Any] = NO_TABLES,
) -> Verdict:
    """Judge rows in one job, a task for each part: the verdict is that of a Parquet file with the parts in their order.

    Args:
        spark: the session.
        parts: what tasks get.
        read: gives the rows of a part, of about a hundred thousand at once; it is read to its end, once in each attempt
            of its task. What it does besides with the rows is its own business.
        schema: of these rows.
        definition: what they are held against.
        run_start: when the window of their run begins, aware; `freshness` is not run without it.
        references: the tables that the definition refers to, by what it calls them.

    Raises:
        PipelineError: a part could not be read: what its reader raised.
    """
    if run_start is not None:
        require_aware(run_start, "run_start")
    checks = framed(schema, definition, "typed", known_frames(definition, references))
    task = FileTask(
        0,
        ObjectHead("", _NAME, 0),
        FileLayout(PARQUET, tuple(name.strip() for name in schema.names)),
        checks.recipe,
        checks.definition,
        tuple(Split(number, 0, 0) for number in range(len(parts))),
    )
    limits = Limits()

    def count(numbered: Iterable[tuple[int, _Part]]) -> Iterator[tuple[Any, Any]]:
        settle_in()
        for number, part in numbered:
            yield from within(_records(task, checks, number, partial(read, part), limits), limits)

    counted = spark.sparkContext.parallelize(list(enumerate(parts)), len(parts)).mapPartitions(count)
    found = merged(counted, [task], READER)[task.id]
    if isinstance(found, PipelineError):
        raise found
    if not isinstance(found, Profiled):
        raise TerminalError(f"{_NAME} could not be counted ({type(found).__name__}); please report it")
    return judge(replace(found.summary, bytes=None), replace(checks.plan, run_start=run_start))


def _records(
    task: FileTask, checks: FramedChecks, number: int, read: Callable[[], Iterator[pa.RecordBatch]], limits: Limits
) -> Iterator[tuple[Any, Any]]:
    yield from records(task, _counted(checks, number, read, limits))


def _counted(
    checks: FramedChecks, number: int, read: Callable[[], Iterator[pa.RecordBatch]], limits: Limits
) -> CountedPart | PipelineError:
    keys = PartKeys()
    try:
        tally = FileTally(checks.recipe, number, checks.references)
        for batch in read():
            tally.add(typed_batch(batch))
            keys.add(tally.taken_keys())
        keys.add(tally.taken_keys())  # of no row, where there was no batch: the names all the same
        return CountedPart(number, 0, 0, tally.profile(), keys)
    except Exception as error:  # noqa: BLE001 - what a task raises, Spark would tell as a text
        keys.close()
        return named_fault(_NAME, error, limits)

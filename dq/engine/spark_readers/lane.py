"""Spark's own readers as the way in: the reference lane.

A large file is read by a DataFrame of its own, all others for which Spark is asked the same (format, width, dialect)
by one for them, so a batch is a union of few plans and one job, whatever the number of files. What
Spark's readers do not give as it stands in the file is left to byte ranges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import structlog
from pyspark.sql import DataFrame

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.spark_merge import merged
from dq.engine.file_results import FileVerdict, Finished, Profiled
from dq.engine.parts import FileTask
from dq.engine.spark_calls import profile_apart
from dq.engine.spark_readers.batch_sizes import batch_options, session_options
from dq.engine.spark_readers.counting import COUNTS, count_file, count_files, reading_of, record_of
from dq.engine.spark_readers.frames import frame_of, shared_frame, slices_of
from dq.engine.spark_readers.paths import asked_path, spark_path
from dq.engine.spark_readers.probing import Probed, probe_files
from dq.engine.spark_readers.seen_bytes import SeenBytes
from dq.formats.limits import Limits
from dq.formats.spark_reading import AnyProbe, SparkSource
from dq.formats.splits import Split
from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = structlog.get_logger()

#: Bytes from which a file is worth a frame of its own, whose planning takes some hundredths of a second.
_WORTH_A_FRAME = 8 * 1024 * 1024
#: Frames of one file at most.
_MOST_ALONE = 64


def profile_with_spark_readers(
    spark: SparkSession, tasks: Sequence[FileTask], assignment: Assignment
) -> dict[int, Finished | PipelineError]:
    """Profile files through Spark's readers in two jobs: one looks at files whose format wants it, one reads.

    Files may be missing in the result: those that gave no row (empty, or skipped by Spark), CSV files
    whose quotes Spark reads otherwise, those with rows that are too long for it, those that are no
    longer the version that was looked at, and those that bring the job down.
    """
    found = profile_apart(
        spark,
        tasks,
        lambda some: _profile(spark, some, assignment),
        lambda _task, _error: {},
        lambda task: task.head.uri,
    )
    by_id = {task.id: task for task in tasks}
    changed = assignment.store.changed({number: by_id[number].head for number in found})
    return {number: one for number, one in found.items() if number not in changed}


def _profile(
    spark: SparkSession, tasks: Sequence[FileTask], assignment: Assignment
) -> dict[int, Finished | PipelineError]:
    limits = assignment.limits
    probed = probe_files(spark, tasks, assignment.store, limits)
    faithful = [task for task in tasks if _is_faithful(task, probed.get(task.id), limits)]
    if not faithful:
        return {}
    probes = {number: probe for number, probe in probed.items() if not isinstance(probe, PipelineError)}
    sources: dict[SparkSource, list[FileTask]] = {}
    for task in faithful:
        source = reading_of(task).source(task.layout, probes.get(task.id), limits)
        sources.setdefault(source, []).append(task)
    block = _most_bytes_of_a_task(spark)
    seen = SeenBytes(spark.sparkContext)
    union = reduce(DataFrame.unionAll, _counted(spark, sources, block, assignment, seen))
    with session_options(spark, batch_options(_longest_row(task, probes.get(task.id)) for task in faithful)):
        counted = union.rdd
    results = merged(counted.map(record_of), [_in_blocks(task, block) for task in faithful], "spark")
    skipped = _with_skipped_lines(faithful, seen)
    return {
        number: one
        for number, one in results.items()
        if isinstance(one, PipelineError) or (isinstance(one, Profiled | FileVerdict) and number not in skipped)
    }


def _counted(
    spark: SparkSession,
    sources: Mapping[SparkSource, Sequence[FileTask]],
    block: int,
    assignment: Assignment,
    seen: SeenBytes,
) -> Iterator[DataFrame]:
    """Make the frames of counts: of one file each for the large ones, then of the others, by what Spark is asked for.

    The first partition of a frame within the job is known as long as the frames before it read one file each.
    """
    alone = [
        (source, task, slices) for source, tasks in sources.items() for task, slices in _alone(source, tasks, block)
    ]
    alone = sorted(alone, key=lambda one: one[1].head.size, reverse=True)[:_MOST_ALONE]
    apart = {task.id for _, task, _ in alone}
    first = 0
    for source, task, slices in alone:
        yield frame_of(spark, source, task).mapInArrow(count_file(task, first, assignment, seen), COUNTS)
        first += slices
    for source, tasks in sources.items():
        others = [task for task in tasks if task.id not in apart]
        if others:
            by_path = {asked_path(spark_path(task.head)): task for task in others}
            frame = shared_frame(spark, source, others)
            yield frame.mapInArrow(count_files(by_path, block, assignment, seen), COUNTS)


def _alone(source: SparkSource, tasks: Sequence[FileTask], block: int) -> Iterator[tuple[FileTask, int]]:
    """Find the files that are worth a frame of their own, with the number of its partitions."""
    for task in tasks:
        slices = slices_of(task, source, block)
        if slices and (task.head.size > _WORTH_A_FRAME or task.head.size > block or len(tasks) == 1):
            yield task, slices


def _longest_row(task: FileTask, probe: AnyProbe | None) -> int | None:
    """Give a bound for the bytes of a file's longest row, None when that is not known."""
    return reading_of(task).longest(task.head.size, probe)


def _most_bytes_of_a_task(spark: SparkSession) -> int:
    """Give `spark.sql.files.maxPartitionBytes` as a number, however it is written."""
    state = spark._jsparkSession.sessionState()  # noqa: SLF001 - PySpark gives the setting as text only
    return int(state.conf().filesMaxPartitionBytes())


def _is_faithful(task: FileTask, probe: Probed | None, limits: Limits) -> bool:
    """Tell whether Spark's reader gives the file as it stands; one that could not be looked at says why elsewhere."""
    if probe is None:
        return True
    reason = str(probe) if isinstance(probe, PipelineError) else probe.unfaithful(task.layout, limits)
    if reason is not None:
        log.info("not for Spark's reader", bucket=task.head.bucket, key=task.head.key, reason=reason)
    return reason is None


def _with_skipped_lines(tasks: Iterable[FileTask], seen: SeenBytes) -> set[int]:
    """Find the files whose longest lines Spark's reader skipped: byte ranges say what there is to say."""
    short = seen.short(tasks)
    for task in short:
        log.info("not for Spark's reader", bucket=task.head.bucket, key=task.head.key, reason="it skipped long lines")
    return {task.id for task in short}


def _in_blocks(task: FileTask, block: int) -> FileTask:
    """Give a file the parts that Spark makes of it, for the merge."""
    return replace(task, splits=tuple(Split(at, 0, 0) for at in range(task.head.size // block + 1)))

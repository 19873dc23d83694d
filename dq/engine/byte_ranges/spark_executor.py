"""Profiling as Spark tasks: parts packed into bundles, one job for any number of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.bundle_counting import count_parts
from dq.engine.byte_ranges.bundles import packed
from dq.engine.byte_ranges.python_worker import settle_in
from dq.engine.byte_ranges.spark_merge import merged, records, whole_file
from dq.engine.byte_ranges.task_limits import within
from dq.engine.file_results import RoundResult
from dq.engine.parts import FileTask
from dq.engine.spark_calls import profile_apart
from dq.formats.splits import Split

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def profile_on_spark(
    spark: SparkSession, tasks: Sequence[FileTask], assignment: Assignment, reader: str
) -> dict[int, RoundResult]:
    """Read and profile files by byte ranges, in one Spark job; in more, with fewer files each, when it fails."""
    return profile_apart(
        spark,
        tasks,
        lambda some: _profile(spark, some, assignment, reader),
        lambda task, error: {task.id: error},
        lambda task: task.head.uri,
    )


def _profile(
    spark: SparkSession, tasks: Sequence[FileTask], assignment: Assignment, reader: str
) -> dict[int, RoundResult]:
    context, store, limits = spark.sparkContext, assignment.store, assignment.limits
    references = assignment.references
    bundles = packed(tasks, limits, context.defaultParallelism)

    def count(bundle: Iterable[list[tuple[FileTask, Split]]]) -> Iterator[tuple[Any, Any]]:
        settle_in()
        for pairs in bundle:
            for task, part in within(count_parts(store, pairs, limits, references), limits):
                yield from [whole_file(task, part, reader)] if len(task.splits) == 1 else records(task, part)

    counted = context.parallelize(bundles, len(bundles)).mapPartitions(count)
    return merged(counted, [task for task in tasks if len(task.splits) > 1], reader)

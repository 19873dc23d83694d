"""Profiling as Spark tasks: parts packed into bundles, one job for any number of files."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from dq.engine.halving import profile_apart
from dq.engine.object_store import ObjectStore
from dq.engine.outcomes import Outcome
from dq.engine.parts import GROUP, FileTask
from dq.engine.small_files import count_parts
from dq.engine.spark_merge import merged, records, whole_file
from dq.errors import RetryableError
from dq.formats.limits import Limits
from dq.formats.splits import Split

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Parts that are so many times smaller than a bundle make bundles of equal size.
_MANY = 8
#: Opening a part takes about as long as reading this many bytes.
_OPENING = 64 * 1024


class SparkJobFailedError(RetryableError):
    """Spark gave a job up: an executor died several times, or could not be had at all."""


def profile_on_spark(
    spark: SparkSession, tasks: Sequence[FileTask], store: ObjectStore, limits: Limits, reader: str
) -> dict[int, Outcome]:
    """Read and profile files by byte ranges, in one Spark job; one more for each halving when it fails."""

    def alone(task: FileTask, error: Exception) -> dict[int, Outcome]:
        message = f"{task.head.uri}: the Spark job that read it failed ({type(error).__name__}); trying again may help"
        return {task.id: SparkJobFailedError(message)}

    return profile_apart(tasks, lambda some: _profile(spark, some, store, limits, reader), alone)


def _profile(
    spark: SparkSession, tasks: Sequence[FileTask], store: ObjectStore, limits: Limits, reader: str
) -> dict[int, Outcome]:
    context = spark.sparkContext
    bundles = packed(tasks, limits, context.defaultParallelism)

    def count(bundle: Iterable[list[tuple[FileTask, Split]]]) -> Iterator[tuple[Any, Any]]:
        _leave_what_is_loaded()
        for pairs in bundle:
            for task, part in count_parts(store, pairs, limits):
                yield from [whole_file(task, part, reader)] if len(task.splits) == 1 else records(task, part)

    counted = context.parallelize(bundles, len(bundles)).mapPartitions(count)
    return merged(counted, [task for task in tasks if len(task.splits) > 1], reader)


@cache
def _leave_what_is_loaded() -> None:
    """Have a worker's garbage collector look at new objects only, once; at all of them it took 5 % of the time."""
    gc.freeze()


def packed(tasks: Sequence[FileTask], limits: Limits, parallelism: int) -> list[list[tuple[FileTask, Split]]]:
    """Pack parts into bundles of at most about a split's bytes each, enough of them for all cores.

    A part counts as more bytes than it has, for opening it costs time too.
    """
    work = [(_travelling(task), task.splits) for task in tasks]
    pairs = [(task, split) for task, splits in work for split in splits]
    sizes = [max(task.head.size // len(splits), 1) + _OPENING for task, splits in work for _ in splits]
    target = min(max(limits.split, _OPENING * GROUP), -(-sum(sizes) // (parallelism * 3)))
    if max(sizes) * _MANY < target:
        return _dealt(pairs, sizes, -(-sum(sizes) // (target * parallelism)) * parallelism)
    bundles: list[list[tuple[FileTask, Split]]] = [[]]
    filled = 0
    for pair, size in zip(pairs, sizes, strict=True):
        if bundles[-1] and filled + size > target * 1.25:
            bundles.append([])
            filled = 0
        bundles[-1].append(pair)
        filled += size
    return bundles


def _dealt(
    pairs: Sequence[tuple[FileTask, Split]], sizes: Sequence[int], count: int
) -> list[list[tuple[FileTask, Split]]]:
    """Deal many small parts into bundles of equal size, as many for each core, so that no core waits for another."""
    bundles: list[list[tuple[FileTask, Split]]] = [[] for _ in range(count)]
    before, total = 0, sum(sizes)
    for pair, size in zip(pairs, sizes, strict=True):
        bundles[before * count // total].append(pair)
        before += size
    return bundles


def _travelling(task: FileTask) -> FileTask:
    """Leave behind the list of all parts: in every bundle, it would grow the driver by their number's square."""
    return task if len(task.splits) == 1 else replace(task, splits=task.splits[:2])

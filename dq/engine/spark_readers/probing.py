"""A look at the bytes of files before Spark's own readers get them, where they do not give every file as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, TypeAlias

from dq.engine.byte_ranges.bundles import packed
from dq.engine.parts import FileTask, fault
from dq.engine.source_file import StoredSource
from dq.formats.limits import Limits
from dq.formats.spark_reading import AnyProbe
from dq.formats.splits import Split
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Probed: TypeAlias = "AnyProbe | PipelineError"


def probe_files(
    spark: SparkSession, tasks: Sequence[FileTask], store: ObjectStore, limits: Limits
) -> dict[int, Probed]:
    """Probe files whose format has a probe: in one Spark job, and without any those that are at hand."""
    wanted = [task for task in tasks if task.layout.format.spark and task.layout.format.spark.probe]
    small = [task for task in wanted if task.first]
    large = [task for task in wanted if not task.first]
    found = {task.id: [_probe_part(store, task, split, limits) for split in task.splits] for task in small}
    if large:
        bundles = packed(large, limits, spark.sparkContext.defaultParallelism)

        def probe(some: Iterable[list[tuple[FileTask, Split]]]) -> Iterator[tuple[int, int, Probed]]:
            for bundle in some:
                for task, split in bundle:
                    yield task.id, split.number, _probe_part(store, task, split, limits)

        probes = spark.sparkContext.parallelize(bundles, len(bundles)).mapPartitions(probe).collect()
        for number, _, one in sorted(probes, key=lambda seen: seen[:2]):
            found.setdefault(number, []).append(one)
    return {number: _together(probes) for number, probes in found.items()}


def _together(probes: Sequence[Probed]) -> Probed:
    error = next((probe for probe in probes if isinstance(probe, PipelineError)), None)
    return error or reduce(add, probes)


def _probe_part(store: ObjectStore, task: FileTask, split: Split, limits: Limits) -> Probed:
    """Probe one part of a file; an error is a value, so that it stays with its file."""
    reading = task.layout.format.spark
    if reading is None or reading.probe is None:
        raise TypeError(f"{task.head.uri}: {task.layout.format.name} has no probe")
    try:
        return reading.probe(StoredSource(store, task.head, task.first), task.layout, split, limits)
    except PipelineError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a fault in a library must not take the neighbours down
        return fault(task.head.uri, error)

"""Profile many files at once: choose a reader for each, run them all in a constant number of Spark jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from dq.engine.local_executor import profile_here
from dq.engine.object_store import ObjectStore
from dq.engine.outcomes import Misaligned, Profiled, unreadable
from dq.engine.parts import FileTask, fault
from dq.engine.source_file import SourceObject, StoredSource
from dq.errors import PipelineError, UnreadableFileError
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.reading import find_layout, plan_parts
from dq.formats.splits import Split
from dq.profiling.recipe import CellEncoding, make_recipe
from dq.profiling.summary import FileSummary
from dq.schema.definition import FileFormat

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = structlog.get_logger()

_ENCODINGS = {
    FileFormat.CSV: CellEncoding.TEXT,
    FileFormat.JSON_LINES: CellEncoding.JSON,
    FileFormat.JSON: CellEncoding.JSON,
    FileFormat.PARQUET: CellEncoding.TYPED,
    FileFormat.EXCEL: CellEncoding.SHEET,
}
#: Few and small files are done in this process: starting Spark tasks would take longer.
_SMALL_FILES = 8
_SMALL_BYTES = 16 * 1024 * 1024
#: Key hashes counted by one task: about 64 MiB of them.
_HASHES_PER_RANGE = 4_000_000
_SHORTEST_ROW = 16
_REALIGNMENTS = 3


@dataclass(frozen=True, slots=True)
class ReaderChoice:
    """Which reader a file gets, and why, for the log."""

    reader: str
    reason: str


def profile_files(
    sources: Sequence[SourceObject],
    *,
    store: ObjectStore,
    spark: SparkSession | None = None,
    reader: str = "auto",
    limits: Limits | None = None,
) -> dict[int, FileSummary | PipelineError]:
    """Profile files; each ends in a summary (also one that cannot be parsed) or in its own error.

    `reader` is auto, spark or direct. Without a Spark session everything runs in this process.
    """
    profiled = profile_states(sources, store=store, spark=spark, reader=reader, limits=limits)
    return {
        number: found.summary if isinstance(found, Profiled) else found for number, found in profiled.items()
    }


def profile_states(
    sources: Sequence[SourceObject],
    *,
    store: ObjectStore,
    spark: SparkSession | None = None,
    reader: str = "auto",
    limits: Limits | None = None,
) -> dict[int, Profiled | PipelineError]:
    """Profile files as `profile_files` does, with the mergeable state of each."""
    limits = limits or Limits()
    with ThreadPoolExecutor(8) as pool:
        planned = list(pool.map(lambda source: plan_file(source, store, limits), sources))
    results: dict[int, Profiled | PipelineError] = {}
    by_lane: dict[str, list[FileTask]] = {"spark": [], "direct": []}
    for source, task in zip(sources, planned, strict=True):
        if isinstance(task, FileTask):
            choice = choose_reader(task, reader, spark is not None)
            by_lane[choice.reader].append(task)
            log.info("reader chosen", bucket=task.head.bucket, key=task.head.key, reader=choice.reader, reason=choice.reason)
        else:
            results[source.id] = _concluded(task, source, reader)
    by_id = {source.id: source for source in sources}
    if by_lane["spark"] and spark is not None:
        from dq.engine.readers import profile_with_spark_readers

        for number, found in profile_with_spark_readers(spark, by_lane["spark"], store, limits).items():
            results[number] = _concluded(found, by_id[number], "spark")
    for number, found in _profile_directly(by_lane["direct"], store, spark, limits).items():
        results[number] = _concluded(found, by_id[number], "direct")
    return results


def plan_file(source: SourceObject, store: ObjectStore, limits: Limits) -> FileTask | PipelineError:
    """Find a file's layout and cut it into parts."""
    head = source.peek.head
    try:
        bytes_at_hand = StoredSource(store, head, source.peek.data)
        layout = find_layout(bytes_at_hand, head.key, source.definition, limits, source.peek.data)
        encoding = _ENCODINGS[layout.format]
        recipe = make_recipe(layout.header, source.definition, encoding=encoding, inferred=layout.inferred)
        splits = tuple(plan_parts(layout, head.size, limits))
    except PipelineError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a fault in a library must not take the neighbours down
        return fault(head.uri, error)
    whole = source.peek.data if len(source.peek.data) >= head.size else b""
    ranges = max(head.size // (_HASHES_PER_RANGE * _SHORTEST_ROW), 1) if recipe.keys else 1
    return FileTask(source.id, head, layout, recipe, source.definition, splits, int(ranges), whole)


def choose_reader(task: FileTask, wanted: str, has_spark: bool) -> ReaderChoice:
    """Choose between Spark's readers and byte ranges."""

    if wanted == "direct":
        return ReaderChoice("direct", "READER=direct")
    if wanted == "spark" and has_spark:
        from dq.engine.spark_paths import refusal

        reason = refusal(task)
        if reason is None:
            return ReaderChoice("spark", "READER=spark")
        return ReaderChoice("direct", f"READER=spark, but {reason}")
    if wanted == "spark":
        return ReaderChoice("direct", "READER=spark, but there is no Spark session")
    return ReaderChoice("direct", f"parity is shown for {task.layout.format.value}")


def _profile_directly(
    tasks: Sequence[FileTask], store: ObjectStore, spark: SparkSession | None, limits: Limits
) -> dict[int, Profiled | PipelineError]:
    done: dict[int, Profiled | PipelineError] = {}
    waiting = list(tasks)
    for attempt in range(_REALIGNMENTS + 1):
        if not waiting:
            break
        found = _run(waiting, store, spark, limits)
        again = []
        for task in waiting:
            outcome = found[task.id]
            if isinstance(outcome, Misaligned):
                last = attempt + 1 >= _REALIGNMENTS
                splits = (Split(0, task.layout.first_row, task.head.size, sure=True),) if last else outcome.splits
                again.append(replace(task, splits=splits))
            else:
                done[task.id] = outcome
        waiting = again
    return done


def _run(
    tasks: Sequence[FileTask], store: ObjectStore, spark: SparkSession | None, limits: Limits
) -> Mapping[int, Profiled | Misaligned | PipelineError]:
    small = len(tasks) <= _SMALL_FILES and sum(task.head.size for task in tasks) <= _SMALL_BYTES
    if spark is None or small:
        return profile_here(tasks, store, limits, "direct")
    from dq.engine.spark_executor import profile_on_spark

    return profile_on_spark(spark, tasks, store, limits, "direct")


def _concluded(
    found: Profiled | Misaligned | PipelineError, source: SourceObject, reader: str
) -> Profiled | PipelineError:
    if isinstance(found, UnreadableFileError):
        return unreadable(source.peek.head.size, found, reader)
    if isinstance(found, Misaligned):
        raise AssertionError(f"{source.peek.head.uri}: parts of the file do not fit together")
    return found

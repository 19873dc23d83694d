"""Profile many files at once: choose a reader for each, run them all in a constant number of Spark jobs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from dq.engine.byte_ranges import profile_by_ranges
from dq.engine.object_store import ObjectStore
from dq.engine.outcomes import Profiled, unreadable
from dq.engine.parts import FileTask
from dq.engine.planning import ReaderChoice, choose_reader, plan_file
from dq.engine.source_file import SourceObject
from dq.errors import PipelineError, UnreadableFileError
from dq.formats.limits import Limits
from dq.profiling.summary import FileSummary

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = structlog.get_logger()

_PLANNERS = 8


def profile_files(
    sources: Sequence[SourceObject],
    *,
    store: ObjectStore,
    spark: SparkSession | None = None,
    reader: str = "auto",
    limits: Limits | None = None,
) -> dict[int, FileSummary | PipelineError]:
    """Profile files; each ends in a summary (also one that cannot be parsed) or in its own error, by its id.

    Args:
        sources: the files, each with its own id.
        store: where they are read from.
        spark: without a session everything runs on the threads of this process.
        reader: `auto`, `spark` or `direct`.
        limits: bounds on memory and time.
    """
    profiled = profile_sources(sources, store=store, spark=spark, reader=reader, limits=limits)
    return {number: found.summary if isinstance(found, Profiled) else found for number, found in profiled.items()}


def profile_sources(
    sources: Sequence[SourceObject],
    *,
    store: ObjectStore,
    spark: SparkSession | None = None,
    reader: str = "auto",
    limits: Limits | None = None,
    keep_states: bool = False,
) -> dict[int, Profiled | PipelineError]:
    """Profile files as `profile_files` does; with `keep_states` each comes with its mergeable state.

    A state has about 50 kB for a few hundred rows, some megabytes for a large file.
    """
    limits = limits or Limits()
    by_id = {source.id: source for source in sources}
    with ThreadPoolExecutor(_PLANNERS) as pool:
        plans = pool.map(lambda one: plan_file(one, store, limits, keep_state=keep_states), by_id.values())
        planned = dict(zip(by_id, plans, strict=True))
    tasks = [task for task in planned.values() if isinstance(task, FileTask)]
    found: dict[int, Profiled | PipelineError] = {
        number: _concluded(error, by_id[number], "direct")
        for number, error in planned.items()
        if not isinstance(error, FileTask)
    }
    by_spark, by_ranges = _by_reader(tasks, reader, has_spark=spark is not None)
    if by_spark and spark is not None:
        from dq.engine.readers import profile_with_spark_readers  # noqa: PLC0415 - loads Spark

        seen = profile_with_spark_readers(spark, by_spark, store, limits)
        found |= {number: _concluded(one, by_id[number], "spark") for number, one in seen.items()}
        left = [task for task in by_spark if task.id not in seen]
        if left:
            log.info("read by byte ranges: Spark's readers gave nothing for these", files=len(left))
        by_ranges += left
    for number, one in profile_by_ranges(by_ranges, store, spark, limits).items():
        found[number] = _concluded(one, by_id[number], "direct")
    return found


def _by_reader(tasks: Iterable[FileTask], wanted: str, *, has_spark: bool) -> tuple[list[FileTask], list[FileTask]]:
    """Deal files out to Spark's readers and to byte ranges; the log tells each choice once, with its first file."""
    chosen: dict[ReaderChoice, list[FileTask]] = {}
    for task in tasks:
        chosen.setdefault(choose_reader(task, wanted, has_spark=has_spark), []).append(task)
    for choice, files in chosen.items():
        first = files[0].head
        log.info(
            "reader chosen",
            reader=choice.reader, reason=choice.reason, files=len(files), bucket=first.bucket, key=first.key,
        )  # fmt: skip
    spark, direct = (
        [task for choice, files in chosen.items() if choice.reader == reader for task in files]
        for reader in ("spark", "direct")
    )
    return spark, direct


def _concluded(found: Profiled | PipelineError, source: SourceObject, reader: str) -> Profiled | PipelineError:
    """Turn a file that cannot be parsed into a summary that says so."""
    return unreadable(source.peek.head.size, found, reader) if isinstance(found, UnreadableFileError) else found

"""Profile many files at once: choose a reader for each, run them all in a constant number of Spark jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog

from dq.engine.byte_ranges.lane import SMALL_FILES, profile_by_ranges
from dq.engine.byte_ranges.unseen import Looked, PlanFile, look
from dq.engine.outcomes import Finished, Profiled, Scored, with_verdict
from dq.engine.parts import FileTask
from dq.engine.planning import ReaderChoice, choose_reader, plan_file
from dq.engine.source_file import Source, SourceObject, UnseenObject
from dq.formats.limits import Limits
from dq.profiling.summary.summary import FileSummary
from dq.profiling.tally.recipe import Recipe
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore, Peek

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = structlog.get_logger()

_PLANNERS = 8


def profile_files(
    sources: Sequence[Source],
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
    sources: Sequence[Source],
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
    found = _finished(sources, store, spark, reader, limits or Limits(), keep_states=keep_states, judged=False)
    return _only(Profiled, found)


def score_sources(
    sources: Sequence[Source],
    *,
    store: ObjectStore,
    spark: SparkSession | None = None,
    reader: str = "auto",
    limits: Limits | None = None,
    keep_states: bool = False,
) -> dict[int, Scored | PipelineError]:
    """Profile files as `profile_sources` does and judge each where its parts are put together.

    In a batch of many that is in Spark's tasks: only verdicts come to the driver.
    """
    found = _finished(sources, store, spark, reader, limits or Limits(), keep_states=keep_states, judged=True)
    return _only(Scored, found)


_F = TypeVar("_F", Profiled, Scored)


def _only(kind: type[_F], found: Mapping[int, Finished | PipelineError]) -> dict[int, _F | PipelineError]:
    return {number: one for number, one in found.items() if isinstance(one, kind | PipelineError)}


def _finished(
    sources: Sequence[Source],
    store: ObjectStore,
    spark: SparkSession | None,
    reader: str,
    limits: Limits,
    *,
    keep_states: bool,
    judged: bool,
) -> dict[int, Finished | PipelineError]:
    plan = partial(plan_file, store=store, limits=limits, keep_state=keep_states, judged=judged)
    unseen = {source.id: source for source in sources if isinstance(source, UnseenObject)}
    if spark is None or reader == "spark" or len(sources) <= SMALL_FILES:
        looked: Mapping[int, Looked] = look(unseen.values(), store)
    else:
        looked = _look_there(unseen, store, spark, limits, plan, judged=judged)
    seen = [source for source in sources if isinstance(source, SourceObject)]
    seen += [unseen[number].seen(one) for number, one in looked.items() if isinstance(one, Peek)]
    found = {number: one for number, one in looked.items() if not isinstance(one, Peek)}
    return found | _read(seen, store, spark, reader, limits, plan, judged=judged)


def _look_there(
    unseen: Mapping[int, UnseenObject],
    store: ObjectStore,
    spark: SparkSession,
    limits: Limits,
    plan: PlanFile,
    *,
    judged: bool,
) -> Mapping[int, Looked]:
    if not unseen:
        return {}
    from dq.engine.byte_ranges.spark_unseen import profile_unseen  # noqa: PLC0415 - loads Spark

    first = next(iter(unseen.values()))
    choice = ReaderChoice("direct", "small objects are looked at where they are counted")
    _log_choice(choice, len(unseen), first.bucket, first.key)
    return profile_unseen(spark, list(unseen.values()), store, limits, plan, judged=judged)


def _read(
    sources: Sequence[SourceObject],
    store: ObjectStore,
    spark: SparkSession | None,
    reader: str,
    limits: Limits,
    plan: PlanFile,
    *,
    judged: bool,
) -> dict[int, Finished | PipelineError]:
    """Read objects that were looked at, each with the reader it gets."""
    by_id = {source.id: source for source in sources}
    with ThreadPoolExecutor(_PLANNERS) as pool:
        planned = dict(zip(by_id, pool.map(plan, by_id.values()), strict=True))
    tasks = _by_layout(task for task in planned.values() if isinstance(task, FileTask))
    found: dict[int, Finished | PipelineError] = {
        number: error for number, error in planned.items() if not isinstance(error, FileTask)
    }

    def concluded(some: Mapping[int, Finished | PipelineError], reader: str) -> dict[int, Finished | PipelineError]:
        return {
            number: with_verdict(one, by_id[number].peek.head, by_id[number].definition, reader, judged=judged)
            for number, one in some.items()
        }

    by_spark, by_ranges = _by_reader(tasks, reader, has_spark=spark is not None)
    if by_spark and spark is not None:
        from dq.engine.spark_readers.lane import profile_with_spark_readers  # noqa: PLC0415 - loads Spark

        seen = profile_with_spark_readers(spark, by_spark, store, limits)
        found |= concluded(seen, "spark")
        left = [task for task in by_spark if task.id not in seen]
        if left:
            log.info("read by byte ranges: Spark's readers gave nothing for these", files=len(left))
        by_ranges += left
    return concluded(found | profile_by_ranges(by_ranges, store, spark, limits), "direct")


def _by_layout(tasks: Iterable[FileTask]) -> list[FileTask]:
    """Bring files of one layout together, and give them one recipe, which travels once for all of them."""
    alike: dict[Recipe, list[FileTask]] = {}
    for task in tasks:
        same = alike.setdefault(task.recipe, [])
        same.append(replace(task, recipe=same[0].recipe) if same else task)
    return [task for same in alike.values() for task in same]


def _by_reader(tasks: Iterable[FileTask], wanted: str, *, has_spark: bool) -> tuple[list[FileTask], list[FileTask]]:
    """Deal files out to Spark's readers and to byte ranges; the log tells each choice once, with its first file."""
    chosen: dict[ReaderChoice, list[FileTask]] = {}
    for task in tasks:
        chosen.setdefault(choose_reader(task, wanted, has_spark=has_spark), []).append(task)
    for choice, files in chosen.items():
        _log_choice(choice, len(files), files[0].head.bucket, files[0].head.key)
    spark, direct = (
        [task for choice, files in chosen.items() if choice.reader == reader for task in files]
        for reader in ("spark", "direct")
    )
    return spark, direct


def _log_choice(choice: ReaderChoice, files: int, bucket: str | None, key: str) -> None:
    log.info("reader chosen", reader=choice.reader, reason=choice.reason, files=files, bucket=bucket, key=key)

"""Profile many files at once: choose a reader for each, run them all in a constant number of Spark jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import structlog

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.lane import profile_by_ranges
from dq.engine.byte_ranges.local_executor import Progress
from dq.engine.byte_ranges.spark_references import sent_once
from dq.engine.byte_ranges.unseen import Peeked, peek_at
from dq.engine.file_results import FileVerdict, Finished, Profiled, with_verdict
from dq.engine.parts import FileTask
from dq.engine.planning import ReaderChoice, choose_reader, plan_file
from dq.engine.references import ReadKeys, known_references
from dq.engine.small import is_few
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
    assignment = Assignment(store, limits or Limits(), keep_states=keep_states)
    return _only(Profiled, _Call(spark, reader, assignment).finished(sources))


def judge_sources(  # noqa: PLR0913 - keywords, each of which most callers leave out
    sources: Sequence[Source],
    *,
    store: ObjectStore,
    spark: SparkSession | None = None,
    reader: str = "auto",
    limits: Limits | None = None,
    keep_states: bool = False,
    progress: Progress | None = None,
    read_keys: ReadKeys | None = None,
) -> dict[int, FileVerdict | PipelineError]:
    """Profile files as `profile_sources` does and judge each where its parts are put together.

    In a batch of many that is in Spark's tasks: only verdicts come to the driver. `progress` is told the share that
    is read, from 0 to 1, where the threads of this process read. `read_keys` reads the keys that files refer to, each
    kind of them once; without it nobody does.
    """
    with sent_once(spark, known_references([source.definition for source in sources], read_keys)) as references:
        assignment = Assignment(store, limits or Limits(), keep_states=keep_states, judged=True, references=references)
        return _only(FileVerdict, _Call(spark, reader, assignment, progress).finished(sources))


_F = TypeVar("_F", Profiled, FileVerdict)


def _only(kind: type[_F], found: Mapping[int, Finished | PipelineError]) -> dict[int, _F | PipelineError]:
    return {number: one for number, one in found.items() if isinstance(one, kind | PipelineError)}


@dataclass(frozen=True)
class _Call:
    """One call of the engine: with which session and reader, and what is asked of it."""

    spark: SparkSession | None
    reader: str
    assignment: Assignment
    progress: Progress | None = None

    def finished(self, sources: Sequence[Source]) -> dict[int, Finished | PipelineError]:
        """Look at objects that nobody has looked at, and read them all."""
        unseen = {source.id: source for source in sources if isinstance(source, UnseenObject)}
        here = is_few(len(sources)) and not any(source.isolated for source in sources)
        if self.spark is None or self.reader == "spark" or here:
            peeked: Mapping[int, Peeked] = peek_at(unseen.values(), self.assignment.store)
        else:
            peeked = self._peeked_there(self.spark, unseen)
        seen = [source for source in sources if isinstance(source, SourceObject)]
        seen += [unseen[number].seen(one) for number, one in peeked.items() if isinstance(one, Peek)]
        found = {number: one for number, one in peeked.items() if not isinstance(one, Peek)}
        return found | self._read(seen)

    def _peeked_there(self, spark: SparkSession, unseen: Mapping[int, UnseenObject]) -> Mapping[int, Peeked]:
        """Have Spark's tasks look at objects, which profile on the spot what one read has whole."""
        if not unseen:
            return {}
        from dq.engine.byte_ranges.spark_unseen import profile_unseen  # noqa: PLC0415 - loads Spark

        first = next(iter(unseen.values()))
        choice = ReaderChoice("direct", "small objects are looked at where they are counted")
        _log_choice(choice, len(unseen), first.bucket, first.key)
        return profile_unseen(spark, list(unseen.values()), self.assignment)

    def _read(self, sources: Sequence[SourceObject]) -> dict[int, Finished | PipelineError]:
        """Read objects that were looked at, each with the reader it gets."""
        by_id = {source.id: source for source in sources}
        with ThreadPoolExecutor(_PLANNERS) as pool:
            plans = pool.map(lambda source: plan_file(source, self.assignment), by_id.values())
            planned = dict(zip(by_id, plans, strict=True))
        tasks = _by_layout(task for task in planned.values() if isinstance(task, FileTask))
        by_spark, by_ranges = _by_reader(tasks, self.reader, has_spark=self.spark is not None)
        found: dict[int, tuple[Finished | PipelineError, str]] = {
            number: (error, "direct") for number, error in planned.items() if not isinstance(error, FileTask)
        }
        if by_spark and self.spark is not None:
            from dq.engine.spark_readers.lane import profile_with_spark_readers  # noqa: PLC0415 - loads Spark

            seen = profile_with_spark_readers(self.spark, by_spark, self.assignment)
            found |= {number: (one, "spark") for number, one in seen.items()}
            left = [task for task in by_spark if task.id not in seen]
            if left:
                log.info("read by byte ranges: Spark's readers gave nothing for these", files=len(left))
            by_ranges += left
        read = profile_by_ranges(by_ranges, self.assignment, self.spark, self.progress)
        found |= {number: (one, "direct") for number, one in read.items()}
        return {
            number: with_verdict(one, by_id[number], reader, judged=self.assignment.judged)
            for number, (one, reader) in found.items()
        }


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

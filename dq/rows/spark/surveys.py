"""Parts of files surveyed as Spark tasks: one job for any number of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from dq.engine.byte_ranges.bundles import bundled
from dq.engine.byte_ranges.python_worker import settle_in
from dq.engine.byte_ranges.spark_merge import MOST_PARTITIONS
from dq.engine.byte_ranges.task_limits import within
from dq.engine.file_results import worst
from dq.engine.parts import named_fault
from dq.engine.spark_calls import profile_apart
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.rows.files.file_parts import PartFacts
from dq.rows.files.key_pieces import KeyPiece, KeyRange, Repeats, repeats_among
from dq.rows.files.part_survey import PartSurvey, RowsWanted, part_facts, parts_to_survey, survey_part
from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from pyspark import RDD
    from pyspark.sql import SparkSession

log = structlog.get_logger()

#: How often parts are surveyed from better places before a file is read in one piece.
REALIGNMENTS = 3
_Told: TypeAlias = "PartSurvey | Repeats | PipelineError"


@dataclass(frozen=True, slots=True)
class SurveyedFile:
    """A file whose parts can be read now, each with what it has to know; of one without parts there are no facts."""

    wanted: RowsWanted
    facts: tuple[PartFacts, ...]


def survey_in_tasks(
    spark: SparkSession, files: dict[int, RowsWanted], limits: Limits
) -> dict[int, SurveyedFile | PipelineError]:
    """Survey the parts of files that have several; the others need none.

    Args:
        spark: the session.
        files: by ids of the caller's.
        limits: on the memory and the time of one part.
    """
    done: dict[int, SurveyedFile | PipelineError] = {}
    waiting = dict(files)
    for attempt in range(REALIGNMENTS + 1):
        done |= {id_: SurveyedFile(one, ()) for id_, one in waiting.items() if not one.rows.parts}
        waiting = {id_: one for id_, one in waiting.items() if one.rows.parts}
        if not waiting:
            break
        again: dict[int, RowsWanted] = {}
        for id_, told in _told(spark, waiting, limits).items():
            wanted = waiting[id_]
            errors = [one for one in told if isinstance(one, PipelineError)]
            if errors:
                done[id_] = worst(errors)
                continue
            surveys = [one for one in told if isinstance(one, PartSurvey)]
            facts = part_facts(wanted, surveys, [one for one in told if isinstance(one, Repeats)])
            if isinstance(facts, tuple):
                done[id_] = SurveyedFile(wanted, facts)
            else:
                again[id_] = replace(wanted, rows=facts if attempt + 1 < REALIGNMENTS else wanted.rows.whole())
        if again:
            log.info("reading again: a part did not begin at a record", files=len(again), attempt=attempt + 1)
        waiting = again
    return done


def _told(spark: SparkSession, files: dict[int, RowsWanted], limits: Limits) -> dict[int, list[_Told]]:
    return profile_apart(
        spark,
        list(files.items()),
        lambda some: _surveyed(spark, some, limits),
        lambda file, error: {file[0]: [error]},
        lambda file: file[1].rows.head.uri,
    )


def _surveyed(spark: SparkSession, files: Sequence[tuple[int, RowsWanted]], limits: Limits) -> dict[int, list[_Told]]:
    context = spark.sparkContext
    items = [(id_, wanted.travelling(), *part) for id_, wanted in files for part in parts_to_survey(wanted.rows)]
    sizes = [wanted.rows.head.size // len(wanted.rows.parts) for _, wanted in files for _ in wanted.rows.parts]
    bundles = bundled(items, sizes, limits, context.defaultParallelism)

    def survey(bundle: Iterable[list[tuple[int, RowsWanted, Split, int]]]) -> Iterator[tuple[Any, Any]]:
        settle_in()
        for some in bundle:
            for item in some:
                yield from within(_survey(*item, limits), limits)

    surveyed = context.parallelize(bundles, len(bundles)).mapPartitions(survey)
    ranges = sum(wanted.rows.key_ranges * len(wanted.rows.recipe.keys) for _, wanted in files if wanted.counts_keys)
    if ranges:
        surveyed = _met(surveyed, min(ranges, MOST_PARTITIONS))
    found: dict[int, list[_Told]] = {id_: [] for id_, _ in files}
    for (id_, _), one in surveyed.collect():
        found[id_].append(one)
    return found


def _survey(id_: int, wanted: RowsWanted, part: Split, until: int, limits: Limits) -> Iterator[tuple[Any, Any]]:
    try:
        for one in survey_part(wanted, part, until):
            yield (id_, one.range if isinstance(one, KeyPiece) else None), one
    except Exception as error:  # noqa: BLE001 - a fault in a library must not take the neighbours down
        yield (id_, None), named_fault(wanted.rows.head.uri, error, limits)


def _met(surveyed: RDD[tuple[Any, Any]], partitions: int) -> RDD[tuple[Any, Any]]:
    """Have the pieces of each range meet; all else passes through."""

    def met(rows: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        settle_in()
        pieces: dict[tuple[int, KeyRange], list[KeyPiece]] = {}
        for place, one in rows:
            if isinstance(one, KeyPiece):
                pieces.setdefault(place, []).append(one)
            else:
                yield place, one
        for place in sorted(pieces):
            for repeats in repeats_among(pieces.pop(place)):
                yield (place[0], None), repeats

    return surveyed.partitionBy(partitions, _spread).mapPartitions(met)


def _spread(place: tuple[int, KeyRange | None]) -> int:
    """Number a place the same in every process (Python's own hash of text is salted)."""
    id_, met = place
    return id_ * 31 + (0 if met is None else met.number + 7 * met.key + 13 * met.hashed)

"""Objects lifted as Spark tasks, in a constant number of jobs.

A large object is lifted in parts: its lines are counted first, and its keys where some may repeat; then every part is
read, and its rows written, by a task of its own. Small ones share tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from dq import (
    Limits,
    PartedFile,
    PartFacts,
    PartRead,
    PipelineError,
    SurveyedFile,
    misplaced,
    sent_once,
    survey_in_tasks,
    work_in_tasks,
)
from pipelines.lake.lifting.lift_part import Lifted, Lifting, lift_part, lift_whole, together

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = structlog.get_logger()

#: How often the parts of an object are read from better places before it is read in one piece.
REALIGNMENTS = 3


def lift_in_tasks(
    spark: SparkSession, liftings: Mapping[int, Lifting], limits: Limits
) -> dict[int, Lifted | PipelineError]:
    """Read objects and write their rows to where they belong; an error is a value, so that it stays with its object.

    Args:
        spark: the session.
        liftings: by the ids of their objects.
        limits: on the memory and the time that reading one part of an object takes.
    """
    references = {wanted: keys for one in liftings.values() for wanted, keys in one.wanted.rows.references.items()}
    with sent_once(spark, references) as sent:
        return _lifted(spark, {id_: one.referring_to(sent) for id_, one in liftings.items()}, limits)


def _lifted(spark: SparkSession, liftings: Mapping[int, Lifting], limits: Limits) -> dict[int, Lifted | PipelineError]:
    done: dict[int, Lifted | PipelineError] = {}
    waiting = dict(liftings)
    for attempt in range(REALIGNMENTS + 1):
        if not waiting:
            break
        surveyed = survey_in_tasks(spark, {id_: one.wanted for id_, one in waiting.items()}, limits)
        done |= {id_: one for id_, one in surveyed.items() if isinstance(one, PipelineError)}
        ready = {
            id_: (replace(waiting[id_], wanted=one.wanted), one.facts)
            for id_, one in surveyed.items()
            if isinstance(one, SurveyedFile)
        }
        waiting = {}
        for id_, found in work_in_tasks(
            spark, [_parted(id_, *one) for id_, one in ready.items()], _lift, limits
        ).items():
            again = found if isinstance(found, PipelineError) else _next(*ready[id_], found, attempt)
            if isinstance(again, Lifting):
                waiting[id_] = again
            else:
                done[id_] = again
        if waiting:
            log.info("lifting again: a part did not begin at a record", objects=len(waiting), attempt=attempt + 1)
    return done


@dataclass(frozen=True, slots=True)
class _Part:
    """What one task lifts: a part of an object, or all of it."""

    lifting: Lifting
    facts: PartFacts | None


def _parted(id_: int, lifting: Lifting, facts: tuple[PartFacts, ...]) -> PartedFile[_Part]:
    rows = lifting.wanted.rows
    travelling = replace(lifting, wanted=lifting.wanted.travelling())
    parts = [_Part(travelling, one) for one in facts] or [_Part(lifting, None)]
    return PartedFile(id_, rows.head.uri, parts, rows.head.size // len(parts))


def _lift(part: _Part) -> Lifted:
    return lift_whole(part.lifting) if part.facts is None else lift_part(part.lifting, part.facts)


def _next(lifting: Lifting, facts: tuple[PartFacts, ...], parts: list[Lifted], attempt: int) -> Lifted | Lifting:
    """Put the parts of an object together; where they did not fit, how it is lifted next."""
    rows = lifting.wanted.rows
    if facts:
        read = [PartRead(at, part.began, part.ended, part.lines) for at, part in enumerate(parts)]
        better = misplaced(rows, facts, read)
        if better is not None:
            better = better if attempt + 1 < REALIGNMENTS else rows.whole()
            return replace(
                lifting, wanted=replace(lifting.wanted, rows=better), attempt=f"{lifting.attempt}-{attempt + 1}"
            )
    whole = together(parts)
    whole.require_all()
    return whole

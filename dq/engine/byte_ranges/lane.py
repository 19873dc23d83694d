"""Files by ranges of bytes: on the threads of this process or as Spark tasks, wrong guesses of starts read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.local_executor import Progress, profile_here
from dq.engine.file_results import Finished, Misaligned, RoundResult
from dq.engine.parts import FileTask
from dq.engine.small import is_small_work
from dq.formats.splits import Split
from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = structlog.get_logger()

#: How often the parts of a file are read from corrected starts before the file is read in one piece.
REALIGNMENTS = 3


def profile_by_ranges(
    tasks: Sequence[FileTask],
    assignment: Assignment,
    spark: SparkSession | None,
    progress: Progress | None = None,
) -> dict[int, Finished | PipelineError]:
    """Profile files in one round, or one more for each time that guessed starts turned out to be wrong.

    `progress` is told of work in this process; Spark's is shown elsewhere.
    """
    done: dict[int, Finished | PipelineError] = {}
    waiting = list(tasks)
    for attempt in range(REALIGNMENTS + 1):
        if not waiting:
            break
        found = _run(waiting, assignment, spark, progress)
        again = []
        for task in waiting:
            result = found[task.id]
            if isinstance(result, Misaligned):
                again.append(replace(task, splits=_next_splits(task, result, attempt)))
            else:
                done[task.id] = result
        if again:
            log.info("reading again: a part did not begin at a record", files=len(again), attempt=attempt + 1)
        waiting = again
    return done


def _next_splits(task: FileTask, wrong: Misaligned, attempt: int) -> tuple[Split, ...]:
    if attempt + 1 < REALIGNMENTS:
        return wrong.splits
    return (Split(0, task.layout.first_row, task.head.size, sure=True),)


def _run(
    tasks: Sequence[FileTask],
    assignment: Assignment,
    spark: SparkSession | None,
    progress: Progress | None,
) -> Mapping[int, RoundResult]:
    here = is_small_work([task.head.size for task in tasks]) and not any(task.isolated for task in tasks)
    if spark is None or here:
        return profile_here(tasks, assignment, "direct", progress)
    from dq.engine.byte_ranges.spark_executor import profile_on_spark  # noqa: PLC0415 - loads Spark

    return profile_on_spark(spark, tasks, assignment, "direct")

"""Spark jobs for many files, in which a file that brings one down is set apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import structlog
from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # has no annotations
from pyspark.errors import PySparkException

from dq.engine.halving import BroughtDownError, Endings, EngineDownError, NotTriedError, set_apart
from etl_core.spark.java_process import java_gone

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from etl_core.errors import PipelineError

log = structlog.get_logger()
_W = TypeVar("_W")
_T = TypeVar("_T")
#: The last where the JVM has gone: its socket takes no call.
_BLAMES = (PySparkException, Py4JError, ConnectionError)


def profile_apart(
    spark: SparkSession,
    tasks: Sequence[_W],
    profile: Callable[[Sequence[_W]], dict[int, _T]],
    failed: Callable[[_W, PipelineError], dict[int, _T]],
    uri: Callable[[_W], str],
) -> dict[int, _T]:
    """Profile files in one Spark job; when it fails, in halves.

    Args:
        spark: asked, when nothing works, whether it runs anything at all.
        tasks: the files.
        profile: the job.
        failed: how a file ends without a result, told the error.
        uri: names a file in messages.
    """

    def alone(task: _W, error: Exception) -> dict[int, _T]:
        if (gone := java_gone(error)) is not None:
            return failed(task, EngineDownError(str(gone)))
        return failed(task, BroughtDownError(job_failed(uri(task), error)))

    def shared(task: _W, error: Exception) -> dict[int, _T]:
        what = "no job at all" if is_down() else "no job that reads a file of this batch"
        message = f"Spark runs {what} ({type(error).__name__}); trying again later may help"
        return failed(task, EngineDownError(message))

    def untried(task: _W, _error: Exception) -> dict[int, _T]:
        message = f"{uri(task)}: not tried: other files of its batch brought too many Spark jobs down"
        return failed(task, NotTriedError(message))

    answers: list[bool] = []

    def is_down() -> bool:
        if not answers:
            answers.append(_is_down(spark))
        return answers[0]

    return set_apart(tasks, profile, Endings(alone, shared, untried), blames=_BLAMES)


def job_failed(uri: str, error: Exception) -> str:
    """Say of which file Spark's job failed."""
    return f"{uri}: the Spark job that read it failed ({type(error).__name__}); trying again may help"


def _is_down(spark: SparkSession) -> bool:
    """Tell whether even a job without any file fails."""
    try:
        return spark.sparkContext.parallelize([1], 1).count() != 1
    except _BLAMES as error:
        log.error("Spark runs no job at all", error=error)  # noqa: TRY400 - no trace in a log line
        return True

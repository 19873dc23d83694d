"""A file that brings a Spark job down is set apart by halving the batch, so that its neighbours finish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # has no annotations
from pyspark.errors import PySparkException

log = structlog.get_logger()
_W = TypeVar("_W")
_T = TypeVar("_T")


def profile_apart(
    tasks: Sequence[_W],
    profile: Callable[[Sequence[_W]], dict[int, _T]],
    alone: Callable[[_W, Exception], dict[int, _T]],
) -> dict[int, _T]:
    """Profile a batch in one go; when Spark fails on it, in halves, until the file to blame stands `alone`."""
    try:
        return profile(tasks)
    except (PySparkException, Py4JError) as error:
        log.warning("spark job failed", files=len(tasks), error=error)
        if len(tasks) == 1:
            return alone(tasks[0], error)
    middle = len(tasks) // 2
    return profile_apart(tasks[:middle], profile, alone) | profile_apart(tasks[middle:], profile, alone)

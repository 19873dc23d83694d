"""What Spark raises, as errors of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # has no annotations
from pyspark.errors import PySparkException

from etl_core.errors import StorageUnavailableError


@contextmanager
def named_spark_failures(what: str) -> Iterator[None]:
    """Say what failed, without what rows hold.

    Raises:
        StorageUnavailableError: Spark, or where rows lie, is away.
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        message = f"{what}: Spark's job failed ({type(error).__name__}); trying again may help"
        raise StorageUnavailableError(message) from error

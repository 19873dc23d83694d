"""What Spark raises, as errors of this package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # has no annotations
from pyspark.errors import PySparkException

from etl_core.errors import StorageUnavailableError
from pipelines.etl.errors import UnfitValueError

#: How Spark tells of rows that trying again does not mend.
_UNFIT: Final = re.compile(r"pipelines\.etl\.errors\.UnfitValueError: (.*)")


@contextmanager
def named_spark_failures(what: str) -> Iterator[None]:
    """Say what failed, without what rows hold.

    Raises:
        UnfitValueError: a task raised it.
        StorageUnavailableError: Spark, or where rows lie, is away.
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        if unfit := _UNFIT.search(str(error)):
            raise UnfitValueError(f"{what}: {unfit[1].strip()}") from error
        message = f"{what}: Spark's job failed ({type(error).__name__}); trying again may help"
        raise StorageUnavailableError(message) from error

"""What Spark raises, as errors of this package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # has no annotations
from pyspark.errors import PySparkException

from etl_core.errors import DatabaseUnavailableError, SettingsError, StorageUnavailableError, TerminalError

_DRIVER: Final = re.compile(r"org\.postgresql\.util\.PSQLException: ([^\n]*)")
#: What the driver says where the same query may succeed later.
_MAY_PASS: Final = re.compile(
    r"Connection to \S+ refused|connection attempt failed|I/O error|terminating connection|canceling statement"
    r"|database system is|too many (clients|connections)|connection has been closed|remaining connection slots"
)
_LACKS_DRIVER: Final = ("ClassNotFoundException: org.postgresql.Driver", "No suitable driver")


@contextmanager
def named_spark_failures(what: str) -> Iterator[None]:
    """Say what failed, in the words of whoever refused, and without what rows hold.

    Raises:
        DatabaseUnavailableError: the source is away.
        StorageUnavailableError: Spark, or where rows lie, is.
        TerminalError: the source refuses.
        SettingsError: the session has no driver.
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        said = str(error)
        if any(words in said for words in _LACKS_DRIVER):
            problem = "it has no driver for Postgres; submit the job with SPARK_PROFILE=databases"
            raise SettingsError("the running Spark session", [problem]) from error
        if found := _DRIVER.search(said):
            message = f"{what}: the source said: {found[1].strip()}"
            kind = DatabaseUnavailableError if _MAY_PASS.search(found[1]) else TerminalError
            raise kind(message) from error
        message = f"{what}: Spark's job failed ({type(error).__name__}); trying again may help"
        raise StorageUnavailableError(message) from error

"""Spark's JVM, which a session starts beside this process, and which may end without it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from etl_core.errors import RetryableError

if TYPE_CHECKING:
    from subprocess import Popen

#: How long a JVM that has just let go of its connections may take to be gone.
_PATIENCE_SECONDS = 2.0


class JavaGoneError(RetryableError):
    """Spark's JVM has ended; a process has one, so whoever starts the job again starts another."""


def java_gone(error: BaseException | None = None) -> JavaGoneError | None:
    """The error that the JVM this process started has ended; None where it runs, or none was started here.

    Args:
        error: what was met. One of a broken connection is waited for a little: the JVM may be about to end.
    """
    process = _process()
    if process is None:
        return None
    if error is not None and _is_of_connection(error):
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
    code = process.poll()
    if code is None:
        return None
    how = f"killed by signal {-code}" if code < 0 else f"with exit code {code}"
    return JavaGoneError(f"Spark's JVM has ended ({how}); what was finished is kept, start the job again for the rest")


def _process() -> Popen[bytes] | None:
    """The process, where PySpark was loaded and has started one; under spark-submit it is our parent."""
    pyspark = sys.modules.get("pyspark")
    gateway = None if pyspark is None else pyspark.SparkContext._gateway  # noqa: SLF001 - PySpark tells it nowhere else
    process: Popen[bytes] | None = getattr(gateway, "proc", None)
    return process


def _is_of_connection(error: BaseException) -> bool:
    return isinstance(error, (ConnectionError, EOFError)) or type(error).__module__.startswith("py4j.")

"""What is set once in every Python process that Spark starts for tasks."""

from __future__ import annotations

import gc
import os
import tempfile
from functools import cache


@cache
def settle_in() -> None:
    """Leave what is loaded to itself, and put temporary files where Spark puts its own.

    A worker's garbage collector looks at new objects only; at all of them it took 5 % of the time. A container's own
    folder for temporary files is often small, or memory.
    """
    gc.freeze()
    folder = os.environ.get("SPARK_LOCAL_DIRS", "").partition(",")[0]
    if os.access(folder, os.W_OK):
        tempfile.tempdir = folder

"""Keys of a large reference: on disk, and in memory only where somebody looks.

The file has no name, so nothing stays behind whatever ends the process, and numbers are covered in it
(`covered_numbers`), for they are values of a file. It is mapped into memory, where the system holds as much of it as
there is room for. Sent to another process, the keys are put on disk there.
"""

from __future__ import annotations

import mmap
import os
import secrets
import tempfile
from typing import Any

import numpy as np

from dq.profiling.figures.row_keys import Numbers
from dq.profiling.row_rules.reference_keys import KeyRun, covered_numbers
from etl_core.errors import NoTemporarySpaceError


class _RunOnDisk(KeyRun):
    """A run whose arrays lie in a file."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as keys, for no other process has the file."""
        return _mapped, (*map(np.asarray, (self.numbers, self.firsts, self.seconds)), self.cover)


def run_on_disk(run: KeyRun) -> KeyRun:
    """Put keys on disk.

    Raises:
        NoTemporarySpaceError: they could not be written.
    """
    cover = secrets.randbits(64)
    return _mapped(np.sort(covered_numbers(run.numbers, cover)), run.firsts, run.seconds, cover)


def _mapped(numbers: Numbers, firsts: Numbers, seconds: Numbers, cover: int) -> KeyRun:
    size = numbers.nbytes + firsts.nbytes + seconds.nbytes
    try:
        with tempfile.TemporaryFile(prefix="pipeline-reference-") as file:
            for array in (numbers, firsts, seconds):
                file.write(array.data)
            file.flush()
            words = np.frombuffer(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ), np.uint64)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise NoTemporarySpaceError(
            f"its keys do not fit into memory, and {size:,} bytes of them could not be kept in a temporary file: "
            f"{reason}; free space there (TMPDIR, in Spark tasks spark.local.dir)"
        ) from error
    numbers, firsts, seconds = np.split(words, np.cumsum([len(numbers), len(firsts)]))
    return _RunOnDisk(numbers, firsts, seconds, cover)

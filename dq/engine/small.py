"""What is small, in one place: work that this process does itself, and objects that one read has whole."""

from __future__ import annotations

from collections.abc import Collection

from etl_core.objects.store import PEEK_BYTES

#: Few and small files are done on the threads of this process: Spark's tasks, or Spark, would take longer to start.
FEW_FILES = 8
SMALL_BYTES = 16 * 1024 * 1024
#: What one core reads and counts in some minutes: 50 to 120 MB a second, by the columns and what is asked of them.
BYTES_A_CORE = 8 * 1024 * 1024 * 1024


def is_few(files: int) -> bool:
    """Tell whether so many files are not worth Spark's tasks, if they are not large."""
    return files <= FEW_FILES


def is_small_work(sizes: Collection[int]) -> bool:
    """Tell whether files of these sizes, in bytes, are done sooner in this process than on Spark."""
    return is_few(len(sizes)) and sum(sizes) <= SMALL_BYTES


def is_done_here(size: int, cores: int, *, is_local: bool) -> bool:
    """Tell whether one file that somebody waits for is read by the threads of this process, whatever Spark could do.

    Spark would start a JVM, and on the same machine it has no more cores. A file of this machine always is; an object
    elsewhere as long as this machine has counted it in some minutes, for a larger one there may be a cluster.

    Args:
        size: in bytes.
        cores: of this machine.
        is_local: whether the file is on this machine.
    """
    return is_local or size <= cores * BYTES_A_CORE


def is_one_read(size: int | None) -> bool:
    """Tell whether the read that looks at an object of this announced size has all of it; None is not known."""
    return size is not None and 0 <= size <= PEEK_BYTES

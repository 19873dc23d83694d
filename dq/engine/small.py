"""What is small, in one place: work that this process does itself, and objects that one read has whole."""

from __future__ import annotations

from collections.abc import Collection

from etl_core.objects.store import PEEK_BYTES

#: Few and small files are done on the threads of this process: Spark's tasks, or Spark, would take longer to start.
FEW_FILES = 8
SMALL_BYTES = 16 * 1024 * 1024


def is_few(files: int) -> bool:
    """Tell whether so many files are not worth Spark's tasks, if they are not large."""
    return files <= FEW_FILES


def is_small_work(sizes: Collection[int]) -> bool:
    """Tell whether files of these sizes, in bytes, are done sooner in this process than on Spark."""
    return is_few(len(sizes)) and sum(sizes) <= SMALL_BYTES


def is_one_read(size: int | None) -> bool:
    """Tell whether the read that looks at an object of this announced size has all of it; None is not known."""
    return size is not None and 0 <= size <= PEEK_BYTES

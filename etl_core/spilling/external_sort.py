"""More records than fit into memory, sorted: sorted parts of them wait in temporary files and are merged.

External merge sort as in Knuth, The Art of Computer Programming, volume 3, section 5.4.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from etl_core.spilling.record_file import RecordFile

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What a pair takes besides its bytes, about: a tuple and two objects.
_OVERHEAD = 170
#: Files that are merged at a time; each holds a piece of itself in memory.
_MOST_FILES = 64


class ExternalSort:
    """Pairs of byte strings, given back in the order of their bytes.

    Args:
        most_bytes: of memory that waiting pairs may take, about; beyond it they go to a temporary file.

    Raises NoTemporarySpaceError where the folder for temporary files takes no more.
    """

    def __init__(self, most_bytes: int = 16 * 1024 * 1024) -> None:
        self._most_bytes = most_bytes
        self._waiting: list[tuple[bytes, bytes]] = []
        self._bytes = 0
        self._files: list[RecordFile] = []

    def add(self, key: bytes, value: bytes) -> None:
        """Add a pair."""
        self._waiting.append((key, value))
        self._bytes += len(key) + len(value) + _OVERHEAD
        if self._bytes > self._most_bytes:
            self._spill()

    def sorted(self) -> Iterator[tuple[bytes, bytes]]:
        """All pairs, by key and then by value; nothing may be added any more."""
        self._waiting.sort()
        return heapq.merge(*self._files, self._waiting)

    def close(self) -> None:
        """Give the disk back."""
        for file in self._files:
            file.close()
        self._files, self._waiting = [], []

    def _spill(self) -> None:
        self._waiting.sort()
        self._files.append(_written(iter(self._waiting)))
        self._waiting, self._bytes = [], 0
        if len(self._files) == _MOST_FILES:
            merged = _written(heapq.merge(*self._files))
            self.close()
            self._files = [merged]


def _written(pairs: Iterator[tuple[bytes, bytes]]) -> RecordFile:
    file = RecordFile()
    for key, value in pairs:
        file.add(key, value)
    return file

"""The keys of a whole file in one process: in memory while they are few, on disk when they are many."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from dq.profiling.figures.keys import KEY_HASH, RowKeys, count_repeats

#: Bytes of one key that are held in memory.
MOST_HELD = 256 * 1024 * 1024
#: Ranges that many keys are dealt into; one at a time is read back and counted.
_RANGES = 64


@dataclass(frozen=True, slots=True)
class _Pair:
    """The files of one range: numbers, and hashes of all other keys."""

    numbers: IO[bytes]
    hashes: IO[bytes]


class GatheredKeys:
    """Collects one key of all rows of a file, part by part; `close` gives the disk back."""

    def __init__(self, most_held: int = MOST_HELD) -> None:
        """Hold `most_held` bytes of keys in memory, and put the rest where temporary files are."""
        self._most_held = most_held
        self._held: list[RowKeys] = []
        self._bytes = 0
        self._files: list[_Pair] = []
        self._opened = ExitStack()
        self.rows = 0

    def add(self, keys: RowKeys) -> None:
        """Take in the keys of one part."""
        self.rows += len(keys)
        self._held.append(keys)
        self._bytes += keys.numbers.nbytes + keys.hashes.nbytes
        if self._bytes > self._most_held:
            self._put_away()

    def repeats(self) -> int:
        """Count the rows after the first of equal keys."""
        if not self._files:
            return count_repeats(self._held)
        self._put_away()
        return sum(count_repeats([keys]) for keys in self._ranges())

    def close(self) -> None:
        """Delete what is on disk."""
        self._held.clear()
        self._opened.close()

    def _put_away(self) -> None:
        if not self._files:
            self._files = [_Pair(self._temporary(), self._temporary()) for _ in range(_RANGES)]
        for keys in self._held:
            for some, files in zip(keys.dealt(_RANGES), self._files, strict=True):
                files.numbers.write(some.numbers.tobytes())
                files.hashes.write(some.hashes.tobytes())
        self._held.clear()
        self._bytes = 0

    def _ranges(self) -> Iterator[RowKeys]:
        for files in self._files:
            numbers = np.frombuffer(_whole(files.numbers), np.uint64)
            yield RowKeys(numbers, np.frombuffer(_whole(files.hashes), KEY_HASH))

    def _temporary(self) -> IO[bytes]:
        file: Any = tempfile.TemporaryFile(prefix="pipeline-keys-")  # noqa: SIM115 - closed by `close`
        return self._opened.enter_context(file)


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()

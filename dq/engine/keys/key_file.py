"""Keys in a temporary file, dealt into ranges, so that those of one range can be read back for themselves.

The file has no name from the moment it is opened (where the system lets it), so nothing stays behind whatever ends the
process. Keys are values of the file, sensitive ones too: on the disk they are covered by random numbers (Philox 4x64,
Salmon et al. 2011) whose key is in memory alone.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from shutil import copyfileobj
from typing import IO

import numpy as np
import numpy.typing as npt

from dq.profiling.figures.row_keys import KEY_HASH, RowKeys
from etl_core.errors import NoTemporarySpaceError

_COPIED = 1024 * 1024
#: Words that Philox gives for each step of its counter.
_BLOCK = 4


@dataclass(frozen=True, slots=True)
class Chunk:
    """Keys that were written at once, from `start` in the file on, and with what they are covered there.

    `numbers` and `hashes` are where each range of them begins and ends behind `start`, in bytes.
    """

    start: int
    cover: bytes
    numbers: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.int64]

    @property
    def ranges(self) -> int:
        """Say into how many ranges they were dealt."""
        return len(self.numbers) - 1

    def size(self, at: int) -> int:
        """Give the bytes of one range."""
        return int(self.numbers[at + 1] - self.numbers[at] + self.hashes[at + 1] - self.hashes[at])

    def moved(self, by: int) -> Chunk:
        """Give its place in a file to which it was copied."""
        return replace(self, start=self.start + by)


class KeyFile:
    """A temporary file that is only added to."""

    def __init__(self) -> None:
        """Open it where temporary files are kept."""
        self._size = 0
        with self._written():
            self._file: IO[bytes] = tempfile.TemporaryFile(prefix="pipeline-keys-")  # noqa: SIM115 - see `close`

    def write(self, ranges: Sequence[RowKeys]) -> Chunk:
        """Put keys away that were dealt into ranges.

        Raises:
            NoTemporarySpaceError: they could not be written.
        """
        arrays = [*(one.numbers for one in ranges), *(one.hashes for one in ranges)]
        words = np.concatenate([one.view(np.uint64) for one in arrays])
        edges = np.cumsum([0, *(one.nbytes for one in arrays)], dtype=np.int64)
        middle = len(ranges) + 1
        chunk = Chunk(self._size, secrets.token_bytes(16), edges[:middle], edges[middle - 1 :])
        with self._written():
            self._file.seek(0, os.SEEK_END)
            self._file.write(_covered(words, chunk.cover, 0).data)
            self._file.flush()
        self._size += words.nbytes
        return chunk

    def read(self, chunk: Chunk, at: int) -> RowKeys:
        """Give the keys of one range of a chunk back."""
        numbers = self._got(chunk, chunk.numbers[at : at + 2])
        return RowKeys(numbers, self._got(chunk, chunk.hashes[at : at + 2]).view(KEY_HASH))

    def append(self, other: KeyFile) -> int:
        """Add all of another file; how far its chunks are moved.

        Raises:
            NoTemporarySpaceError: it could not be written.
        """
        moved = self._size
        with self._written():
            other._file.seek(0)
            self._file.seek(0, os.SEEK_END)
            copyfileobj(other._file, self._file, _COPIED)
        self._size += other._size
        return moved

    def close(self) -> None:
        """Give the disk back; what could not be written before does not matter any more."""
        with suppress(OSError):
            self._file.close()

    def _got(self, chunk: Chunk, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
        start, stop = edges.tolist()
        if start == stop:
            return np.empty(0, np.uint64)
        with self._written():
            self._file.seek(chunk.start + start)
            words = np.frombuffer(self._file.read(stop - start), np.uint64)
        return _covered(words, chunk.cover, start // words.itemsize)

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Say what a failing disk means for the file that is read."""
        try:
            yield
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise NoTemporarySpaceError(
                f"the keys of the file do not fit into memory, and after {self._size:,} bytes of them no more could be "
                f"kept in a temporary file: {reason}; free space where temporary files are (TMPDIR, in Spark tasks "
                "spark.local.dir), about 16 bytes for each row and key"
            ) from error


def _covered(words: npt.NDArray[np.uint64], cover: bytes, first: int) -> npt.NDArray[np.uint64]:
    """Cover the words of a chunk from the `first` on, or uncover them."""
    block, skipped = divmod(first, _BLOCK)
    stream = np.random.Philox(key=np.frombuffer(cover, np.uint64), counter=block)
    covered: npt.NDArray[np.uint64] = words ^ stream.random_raw(skipped + len(words))[skipped:]
    return covered

"""Keys in a temporary file, dealt into ranges, so that those of one range can be read back for themselves.

The file has no name from the moment it is opened (where the system lets it), so nothing stays behind whatever ends the
process.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from shutil import copyfileobj
from typing import IO, Any, TypeVar

import numpy as np
import numpy.typing as npt

from dq.profiling.figures.row_keys import KEY_HASH, RowKeys
from etl_core.errors import NoTemporarySpaceError

_COPIED = 1024 * 1024
_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Keys that were written at once: where each range of numbers begins and ends in the file, and of hashes."""

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
        return replace(self, numbers=self.numbers + by, hashes=self.hashes + by)


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
        return Chunk(self._put([one.numbers for one in ranges]), self._put([one.hashes for one in ranges]))

    def read(self, chunk: Chunk, at: int) -> RowKeys:
        """Give the keys of one range of a chunk back."""
        return RowKeys(self._got(chunk.numbers, at, np.dtype(np.uint64)), self._got(chunk.hashes, at, KEY_HASH))

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
        """Give the disk back."""
        with self._written():
            self._file.close()

    def _put(self, arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.int64]:
        edges = np.cumsum([self._size, *(one.nbytes for one in arrays)], dtype=np.int64)
        with self._written():
            self._file.seek(0, os.SEEK_END)
            for one in arrays:
                self._file.write(one.view(np.uint8).data)
            self._file.flush()
        self._size = int(edges[-1])
        return edges

    def _got(self, edges: npt.NDArray[np.int64], at: int, kind: np.dtype[_T]) -> npt.NDArray[_T]:
        start, stop = int(edges[at]), int(edges[at + 1])
        if start == stop:
            return np.empty(0, kind)
        with self._written():
            self._file.seek(start)
            return np.frombuffer(self._file.read(stop - start), kind)

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

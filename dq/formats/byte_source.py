"""Where bytes come from: random access by ranges, or a file object over them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


class ByteSource(Protocol):
    """One version of one object. `read` gives fewer bytes only at its end."""

    @property
    def size(self) -> int:
        """Size in bytes."""

    def read(self, start: int, length: int) -> bytes:
        """Read `length` bytes from offset `start`."""


@dataclass(frozen=True, slots=True)
class BytesSource:
    """Bytes in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.data)

    def read(self, start: int, length: int) -> bytes:
        """Read from memory."""
        return self.data[start : start + length]


def chunks(source: ByteSource, start: int, size: int) -> Iterator[bytes]:
    """Read from `start` to the end in pieces of `size` bytes."""
    position = start
    while position < source.size:
        data = source.read(position, size)
        if not data:
            return
        position += len(data)
        yield data


class SourceFile(io.RawIOBase):
    """A byte source as a seekable file, for libraries that want one."""

    def __init__(self, source: ByteSource) -> None:
        """Start at the beginning."""
        super().__init__()
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        """Reading is what it is for."""
        return True

    def seekable(self) -> bool:
        """Ranges may be read in any order."""
        return True

    def tell(self) -> int:
        """Give the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Read from the position on."""
        rest = self._source.size - self._position
        wanted = rest if size is None or size < 0 else min(size, rest)
        data = self._source.read(self._position, wanted) if wanted > 0 else b""
        self._position += len(data)
        return data

    def readinto(self, buffer: object) -> int:
        """Fill a buffer."""
        view = memoryview(buffer)  # type: ignore[arg-type]  # the protocol of buffers has no name in 3.10
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

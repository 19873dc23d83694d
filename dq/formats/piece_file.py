"""A stream of byte pieces as a file object that can only be read forwards."""

from __future__ import annotations

import io
from collections.abc import Iterator


class PieceFile(io.RawIOBase):
    """Reads pieces one after the other."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Take pieces as they are asked for."""
        super().__init__()
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        """Reading is what it is for."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer, as far as one piece goes."""
        view = memoryview(buffer)  # type: ignore[arg-type]  # the protocol of buffers has no name in 3.10
        if not self._rest:
            self._rest = next(self._pieces, b"")
        taken = self._rest[: len(view)]
        view[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)

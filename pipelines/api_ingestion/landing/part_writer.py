"""Records as lines of a compressed file, in parts of bounded size."""

from __future__ import annotations

import tempfile
import zlib
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_CHUNK: Final = 512 * 1024
#: What gzip may add to what cannot be made smaller, and holds back.
_SLACK: Final = 128 * 1024
_GZIP: Final = 31
#: Half as quick again as the usual one, for some hundredths more bytes.
_LEVEL: Final = 1


class PartWriter:
    """Takes records, gives parts of at most `most` bytes to `land`; beside a part's bytes little is held.

    Args:
        most: bytes of a part; a record that is larger by itself is a part of its own.
        land: told the bytes, and the digests of the records in them.
        aside: has something done while others go on; gives what waits for it.
    """

    def __init__(
        self,
        most: int,
        land: Callable[[bytes, bytearray], object],
        aside: Callable[[Callable[[], None]], Callable[[], None]] = lambda do: do,
    ) -> None:
        self._most, self._land, self._aside = most, land, aside
        self._chunk = min(_CHUNK, most // 4)
        self._slack = min(_SLACK, most // 4)
        self._pending: Callable[[], None] | None = None
        self._begin()

    def close(self) -> None:
        """Let go of what was not given."""
        self._settle()
        self._file.close()

    def add(self, lines: Sequence[bytes], digests: Sequence[bytes]) -> None:
        """Take records, each on one line."""
        size = sum(map(len, lines)) + len(lines)
        if size > self._chunk and len(lines) > 1:
            half = len(lines) // 2
            self.add(lines[:half], digests[:half])
            self.add(lines[half:], digests[half:])
        elif lines:
            self._take(lines, digests, size)

    def finish(self) -> None:
        """Give the last part, if there is anything in it."""
        if self._digests:
            self._give()

    def _take(self, lines: Sequence[bytes], digests: Sequence[bytes], size: int) -> None:
        self._settle()
        if self._digests and self._file.tell() + size + self._slack > self._most:
            self._give()
            self._begin()
        self._pending = self._aside(partial(self._write, lines))
        self._digests += b"".join(digests)

    def _write(self, lines: Sequence[bytes]) -> None:
        self._file.write(self._gzip.compress(b"\n".join(lines) + b"\n"))

    def _settle(self) -> None:
        """Wait until all that was taken is written."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending()

    def _begin(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="api-")  # noqa: SIM115 - closed by `_give` or `close`
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._digests = bytearray()

    def _give(self) -> None:
        self._settle()
        with self._file as file:
            file.write(self._gzip.flush())
            file.seek(0)
            data, digests = file.read(), self._digests
        self._digests = bytearray()
        self._land(data, digests)

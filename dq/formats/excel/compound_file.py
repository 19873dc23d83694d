"""OLE compound files: the streams of a file that is a small file system, as old Office files are."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEADER = 512
_ENTRY = 128
_IN_HEADER = 109
_STREAM, _ROOT = 2, 5
#: Numbers of sectors from here on are marks: the end of a chain, a free sector.
_NO_SECTOR = 0xFFFFFFFA


class CompoundFile:
    """The streams of a compound file in memory. Whatever is wrong with it raises ValueError or struct.error."""

    def __init__(self, data: bytes) -> None:
        """Read the table of sectors and the directory."""
        self._data = data
        shift, small_shift = struct.unpack_from("<2H", data, 30)
        if not (small_shift < shift <= 16):  # noqa: PLR2004 - 512 or 4096 bytes in practice
            raise ValueError("sectors of no known size")
        self._size, self._small_size = 1 << shift, 1 << small_shift
        directory, _, self._cutoff, small_table, _, more, _ = struct.unpack_from("<7I", data, 48)
        self._table = self._numbers(self._table_sectors(more))
        entries = b"".join(map(self._sector, self._chain(directory)))
        self._entries = [entries[at : at + _ENTRY] for at in range(0, len(entries) - _ENTRY + 1, _ENTRY)]
        self._small_table = self._numbers(self._chain(small_table))
        roots = [entry for entry in self._entries if entry[66] == _ROOT]
        self._small = b"".join(map(self._sector, self._chain(_place(roots[0])[0]))) if roots else b""

    def streams(self, *names: str) -> Iterator[bytes]:
        """Give every stream of one of these names."""
        for entry in self._entries:
            length = struct.unpack_from("<H", entry, 64)[0]
            name = entry[: max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
            if entry[66] == _STREAM and name in names:
                start, size = _place(entry)
                yield self._stream(start, size)

    def _stream(self, start: int, size: int) -> bytes:
        if size >= self._cutoff:
            return b"".join(map(self._sector, self._chain(start)))[:size]
        width = self._small_size
        pieces = (self._small[at * width : (at + 1) * width] for at in _followed(start, self._small_table))
        return b"".join(pieces)[:size]

    def _table_sectors(self, more: int) -> list[int]:
        """List the sectors that hold the table: the first in the header, the others in a chain of their own."""
        sectors = list(struct.unpack_from(f"<{_IN_HEADER}I", self._data, 76))
        seen: set[int] = set()
        while more < _NO_SECTOR and more not in seen:
            seen.add(more)
            *others, more = self._numbers([more])
            sectors += others
            if len(sectors) > _IN_HEADER + len(self._data) // self._size:
                raise ValueError("a table of sectors larger than the file")
        return [sector for sector in sectors if sector < _NO_SECTOR]

    def _numbers(self, sectors: list[int]) -> list[int]:
        data = b"".join(map(self._sector, sectors))
        return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))

    def _chain(self, start: int) -> list[int]:
        return _followed(start, self._table)

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._data[start : start + self._size]


def _place(entry: bytes) -> tuple[int, int]:
    """Give the first sector and the size of a stream."""
    start, size = struct.unpack_from("<2I", entry, 116)
    return start, size


def _followed(start: int, table: list[int]) -> list[int]:
    """Follow a chain of sectors to its end; one that bites its tail raises ValueError."""
    sectors: list[int] = []
    while start < _NO_SECTOR:
        if start >= len(table) or len(sectors) > len(table):
            raise ValueError("a chain of sectors without an end")
        sectors.append(start)
        start = table[start]
    return sectors

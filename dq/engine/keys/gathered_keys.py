"""Keys of many rows in one process: in memory while they are few, in a temporary file when they are many."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from dq.engine.keys.key_file import Chunk, KeyFile
from dq.profiling.figures.row_keys import RowKeys, count_repeats, joined

_MIB = 1024 * 1024
#: Bytes of keys, of all names together, that are held in memory before any are put away.
MOST_HELD = 64 * _MIB
#: Bytes of keys that are dealt and written, or handed on, at once, and that are counted; both take copies of them.
_AT_ONCE = 8 * _MIB
_MOST_COUNTED = 32 * _MIB
#: Ranges that keys in the file are dealt into, one of which is read back and counted at a time.
_RANGES = 128
#: Keys of a range, as multiples of what it should have, from which on many of them must be equal.
_CROWDED = 4

_Name = TypeVar("_Name", bound=Hashable)


class GatheredKeys(Generic[_Name]):
    """Collects keys by name; `close` gives the disk back.

    However many rows there are, their keys take `MOST_HELD` bytes of memory and what counting one range of them takes,
    and beyond that some kilobytes for each `_AT_ONCE` on disk.
    """

    def __init__(self, most_held: int = MOST_HELD, copies: int = 1) -> None:
        """Hold `most_held` bytes of keys in memory, and put the rest where temporary files are.

        Of a key that very many rows have, `copies` are enough: one to count, two to know that it repeats.
        """
        self._most_held, self._copies = most_held, copies
        self._held: dict[_Name, list[RowKeys]] = {}
        self._rows: dict[_Name, int] = {}
        self._bytes = 0
        self._file: KeyFile | None = None
        self._chunks: dict[_Name, list[Chunk]] = {}

    @property
    def names(self) -> list[_Name]:
        """Give the names, in the order in which they came."""
        return list(self._rows)

    def add(self, name: _Name, keys: RowKeys) -> None:
        """Take in keys.

        Raises:
            NoTemporarySpaceError: they are too many for memory, and the disk is full.
        """
        self._rows[name] = self._rows.get(name, 0) + len(keys)
        self._held.setdefault(name, []).append(keys)
        self._bytes += keys.nbytes
        if self._bytes > (min(self._most_held, _AT_ONCE) if self._file else self._most_held):
            self._put_away()

    def absorb(self, other: GatheredKeys[_Name]) -> None:
        """Take over all that another one has, which is empty then.

        Raises:
            NoTemporarySpaceError: as `add`.
        """
        for name, rows in other._rows.items():
            self._rows[name] = self._rows.get(name, 0) + rows - sum(map(len, other._held.get(name, ())))
            for keys in other._held.pop(name, ()):
                self.add(name, keys)
        if other._file is not None:
            self._file = self._file or KeyFile()
            moved = self._file.append(other._file)
            for name, chunks in other._chunks.items():
                self._chunks.setdefault(name, []).extend(chunk.moved(moved) for chunk in chunks)
        other.close()

    def count(self, name: _Name) -> tuple[int, int]:
        """Count the rows, and those of them after the first of equal keys.

        Raises:
            NoTemporarySpaceError: as `add`.
        """
        rows = self._rows.get(name, 0)
        if name not in self._chunks:
            return rows, count_repeats(self._held.get(name, ()))
        self._put_away()
        distinct = sum(len(keys) - count_repeats([keys]) for keys in self._by_range(name))
        return rows, rows - distinct

    def repeated(self, name: _Name) -> Iterator[RowKeys]:
        """Give the keys that several rows have, each once, some at a time. Wants two `copies`.

        Raises:
            NoTemporarySpaceError: as `add`.
        """
        if name not in self._chunks:
            yield joined(self._held.get(name, (RowKeys(),))).repeated()
            return
        self._put_away()
        for keys in self._by_range(name):
            yield keys.repeated()

    def dealt(self, name: _Name, ranges: int) -> Iterator[tuple[int, RowKeys]]:
        """Deal keys into ranges, as `RowKeys.dealt` does, some at a time: a range may come several times."""
        for keys in self._portions(name):
            yield from enumerate(keys.dealt(ranges))
        for chunk in self._chunks.get(name, ()):
            yield from enumerate(joined([self._read(chunk, at) for at in range(chunk.ranges)]).dealt(ranges))

    def close(self) -> None:
        """Forget all keys, and delete what is on disk."""
        self._held, self._rows, self._chunks, self._bytes = {}, {}, {}, 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _put_away(self) -> None:
        self._file = self._file or KeyFile()
        for name in list(self._held):
            chunks = self._chunks.setdefault(name, [])
            for keys in self._portions(name):
                crowded = _CROWDED * (len(keys) // _RANGES + 1)
                # Not by the bits that may have brought them together here.
                ranges = keys.dealt(_RANGES, level=1)
                thinned = [one.thinned(self._copies) if len(one) > crowded else one for one in ranges]
                chunks.append(self._file.write(thinned))
            del self._held[name]
        self._bytes = 0

    def _portions(self, name: _Name) -> Iterator[RowKeys]:
        """Give the keys in memory, about so many at a time as are handled at once."""
        some: list[RowKeys] = []
        size = 0
        for keys in self._held.get(name, ()):
            some.append(keys)
            size += keys.nbytes
            if size >= _AT_ONCE:
                yield joined(some)
                some, size = [], 0
        if some:
            yield joined(some)

    def _by_range(self, name: _Name) -> Iterator[RowKeys]:
        """Give the keys on disk, equal ones together, a range or a part of it at a time."""
        chunks = self._chunks[name]
        for at in range(_RANGES):
            parts = -(-sum(chunk.size(at) for chunk in chunks) // _MOST_COUNTED)
            if parts <= 1:
                yield joined([self._read(chunk, at) for chunk in chunks])
            for part in range(parts if parts > 1 else 0):
                dealt = (self._read(chunk, at).dealt(parts, level=2)[part] for chunk in chunks)
                yield joined([one.thinned(self._copies) for one in dealt])

    def _read(self, chunk: Chunk, at: int) -> RowKeys:
        if self._file is None:
            raise AssertionError("keys were put away into no file")
        return self._file.read(chunk, at)

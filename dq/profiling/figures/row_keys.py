"""What stands for the keys of rows, counted by sorting.

A key of one number is a number of 64 bits itself, any other is hashed to 128 bits, so that a billion rows do not
collide (probability below 1e-20).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack
import numpy as np
import numpy.typing as npt

from dq.profiling.figures.mixing import mixed

#: One key that is no number: two independent 64-bit hashes.
KEY_HASH = np.dtype([("first", np.uint64), ("second", np.uint64)])
Numbers = npt.NDArray[np.uint64]
Hashes = npt.NDArray[np.void]

_WIDTHS = (np.uint8, np.uint16, np.uint32, np.uint64)
_MOST_HEAD = 64


def _no_numbers() -> Numbers:
    return np.empty(0, np.uint64)


def _no_hashes() -> Hashes:
    return np.empty(0, KEY_HASH)


@dataclass(frozen=True, slots=True, eq=False)
class RowKeys:
    """The keys of some rows, in no order: `numbers` are values as they are, `hashes` stand for all others."""

    numbers: Numbers = field(default_factory=_no_numbers)
    hashes: Hashes = field(default_factory=_no_hashes)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.numbers) + len(self.hashes)

    @property
    def nbytes(self) -> int:
        """Say how much memory they take."""
        return self.numbers.nbytes + self.hashes.nbytes

    def dealt(self, ranges: int, level: int = 0) -> list[RowKeys]:
        """Deal them into `ranges` (at most 65,536) ranges, about equally full; equal keys meet in one.

        What one deal put together can be dealt apart again at another `level`, of 0 to 2.
        """
        if ranges == 1:
            return [self]
        numbers: list[Numbers] = _dealt(self.numbers, mixed(self.numbers), ranges, level)
        hashes: list[Hashes] = _dealt(self.hashes, self.hashes["first"], ranges, level)
        return [RowKeys(*pair) for pair in zip(numbers, hashes, strict=True)]

    def thinned(self, copies: int = 1) -> RowKeys:
        """Leave so many copies of each key, nearly: of hashes that share half of their bits with others more may stay.

        What is left is in the order of the keys, hashes in that of their first halves.
        """
        numbers, hashes = np.sort(self.numbers), self.hashes[np.argsort(self.hashes["first"], kind="stable")]
        more = np.zeros(len(hashes), np.bool_)
        first, second = hashes["first"], hashes["second"]
        more[copies:] = (first[copies:] == first[:-copies]) & (second[copies:] == second[:-copies])
        return RowKeys(numbers[_changes(numbers, copies)], hashes[~more])

    def repeated(self) -> RowKeys:
        """Give each key that occurs more than once, once, in ascending order."""
        numbers = sorted_numbers(self.numbers)
        hashes = np.sort(self.hashes, order=("first", "second"))
        again = hashes[1:][hashes[1:] == hashes[:-1]]
        return RowKeys(np.unique(numbers[1:][numbers[1:] == numbers[:-1]]), np.unique(again))

    def to_bytes(self) -> bytes:
        """Write them for the way to another process, numbers as steps from each to the next larger one.

        Identifiers given out one after the other then need one byte each, whatever their range.
        """
        steps = np.diff(sorted_numbers(self.numbers), prepend=np.uint64(0))
        width = next(kind for kind in _WIDTHS if not len(steps) or steps[1:].max(initial=0) <= np.iinfo(kind).max)
        head = msgpack.packb([len(steps), steps[:1].tobytes(), np.dtype(width).str, len(self.hashes)])
        return b"".join((head, steps[1:].astype(width).tobytes(), self.hashes.tobytes()))

    @classmethod
    def from_bytes(cls, data: bytes) -> RowKeys:
        """Read them back, the numbers in ascending order."""
        unpacker = msgpack.Unpacker()
        unpacker.feed(memoryview(data)[:_MOST_HEAD])
        count, first, width, others = unpacker.unpack()
        start = unpacker.tell()
        steps = np.frombuffer(data, width, max(count - 1, 0), start)
        numbers = np.cumsum(np.concatenate((np.frombuffer(first, np.uint64), steps), dtype=np.uint64), dtype=np.uint64)
        return cls(numbers, np.frombuffer(data, KEY_HASH, others, start + steps.nbytes))


def _changes(ascending: Numbers, copies: int) -> npt.NDArray[np.bool_]:
    """Tell which numbers are among the first so many of equal ones."""
    kept = np.ones(len(ascending), np.bool_)
    kept[copies:] = ascending[copies:] != ascending[:-copies]
    return kept


def joined(parts: Sequence[RowKeys]) -> RowKeys:
    """Put the keys of several parts together."""
    if len(parts) == 1:
        return parts[0]
    numbers = np.concatenate([_no_numbers(), *(part.numbers for part in parts)])
    return RowKeys(numbers, np.concatenate([_no_hashes(), *(part.hashes for part in parts)]))


def count_repeats(parts: Sequence[RowKeys]) -> int:
    """Count the rows after the first of equal keys, among all rows of one range."""
    together = joined(parts)
    numbers = sorted_numbers(together.numbers)
    return int(np.count_nonzero(numbers[1:] == numbers[:-1])) + _repeated_hashes(together.hashes)


def sorted_numbers(numbers: Numbers) -> Numbers:
    """Give numbers in ascending order, themselves where they are."""
    return numbers if (numbers[1:] >= numbers[:-1]).all() else np.sort(numbers)


def _repeated_hashes(hashes: Hashes) -> int:
    first = np.sort(hashes["first"])
    equal = first[1:] == first[:-1]
    if not equal.any():
        return 0
    doubtful = hashes[np.isin(hashes["first"], np.unique(first[1:][equal]))]
    return len(doubtful) - len(np.unique(doubtful))


def _dealt(keys: npt.NDArray[Any], spread: Numbers, ranges: int, level: int) -> list[npt.NDArray[Any]]:
    bits = spread >> np.uint64(48) if level == 0 else spread >> np.uint64(16 * (level - 1)) & np.uint64(0xFFFF)
    number = (bits * np.uint64(ranges) >> np.uint64(16)).astype(np.uint16)
    order = np.argsort(number, kind="stable")  # a radix sort
    edges = np.cumsum(np.bincount(number, minlength=ranges))[:-1]
    return np.split(keys[order], edges)

"""Distinct counts: the k smallest of 64-bit hashes, exact up to k values, mergeable in any order.

Bar-Yossef et al., "Counting distinct elements in a data stream" (2002): with h the k-th smallest
hash as a fraction of the hash range, (k - 1) / h estimates the number of distinct values with a
relative standard error of 1 / sqrt(k - 2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

#: The stated relative error of an estimate: beyond three standard errors for k = 16384.
STATED_ERROR = 0.03


def _no_hashes() -> Hashes:
    return np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class DistinctSketch:
    """The `size` smallest distinct hashes seen, ascending; `full` once any was dropped."""

    size: int
    hashes: Hashes = field(default_factory=_no_hashes)
    full: bool = False

    def add(self, hashes: Hashes) -> DistinctSketch:
        """Take in the hashes of further values, repeated or not."""
        if self.full:
            hashes = hashes[hashes < self.hashes[-1]]
        if len(hashes) == 0:
            return self
        return self._kept(np.concatenate((self.hashes, hashes)), self.size, full=self.full)

    def __add__(self, other: DistinctSketch) -> DistinctSketch:
        """Merge: associative and commutative; the smaller size wins."""
        size = min(self.size, other.size)
        if not len(other.hashes) and size == self.size:
            return self
        if not len(self.hashes) and size == other.size:
            return other
        both = np.concatenate((self.hashes, other.hashes))
        return self._kept(both, size, full=self.full or other.full)

    @staticmethod
    def _kept(hashes: Hashes, size: int, *, full: bool) -> DistinctSketch:
        # Sorting is vectorised for 64-bit integers; np.unique hashes and takes five times as long.
        ordered = np.sort(hashes)
        fresh = np.ones(len(ordered), np.bool_)
        np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
        unique = ordered[fresh]
        if len(unique) > size:
            return DistinctSketch(size, unique[:size].copy(), full=True)
        return DistinctSketch(size, unique, full=full)

    def __eq__(self, other: object) -> bool:
        """Equal when they hold the same hashes."""
        return (
            isinstance(other, DistinctSketch)
            and (self.size, self.full) == (other.size, other.full)
            and bool(np.array_equal(self.hashes, other.hashes))
        )

    __hash__ = None  # type: ignore[assignment]  # holds an array, compared by content

    def estimate(self) -> int:
        """Give the number of distinct values: exact unless `full`."""
        if not self.full:
            return len(self.hashes)
        share = (float(self.hashes[-1]) + 1.0) / 2.0**64
        return round((len(self.hashes) - 1) / share)

    def error(self) -> float:
        """Give the stated relative error of `estimate`: 0.0 when exact, three standard errors where fewer are kept."""
        return max(STATED_ERROR, 3.0 / math.sqrt(self.size - 2)) if self.full else 0.0

"""Exact counts of values while there are few of them; given up for good once there are many.

Giving up is absorbing, so merging stays associative and commutative. Beyond the exact range the
top values are estimated from the row sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

#: The most distinct values, and characters of them, that are counted exactly.
MOST_VALUES = 1000
MOST_TEXT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Rows by value (as text, cut to 256 characters); None once there were too many values."""

    counts: Mapping[str, int] | None = field(default_factory=dict)

    def add(self, pairs: Iterable[tuple[str, int]]) -> Frequencies:
        """Count further rows."""
        if self.counts is None:
            return self
        counts = dict(self.counts)
        for value, count in pairs:
            counts[value] = counts.get(value, 0) + count
        if len(counts) > MOST_VALUES or sum(map(len, counts)) > MOST_TEXT:
            return OVERFLOWN
        return Frequencies(counts)

    def __add__(self, other: Frequencies) -> Frequencies:
        """Merge: associative and commutative."""
        if other.counts is None:
            return OVERFLOWN
        return self.add(other.counts.items()) if other.counts else self

    def top(self, most: int) -> tuple[tuple[str, int], ...]:
        """Give the `most` frequent values, ties in order of the value; empty when overflown."""
        ranked = sorted((self.counts or {}).items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(ranked[:most])


OVERFLOWN = Frequencies(None)

"""Exact counts of values while there are few of them; given up for good once there are many.

Giving up is absorbing, so merging stays associative and commutative. Beyond the exact range the
top values are estimated from the row sample.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

#: The most distinct values, and characters of them, that are counted exactly.
MOST_VALUES = 1000
MOST_TEXT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Rows by value, as text; None once there were too many values, or too much text in them."""

    counts: Mapping[str, int] | None = field(default_factory=dict)

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Frequencies:
        """Keep counted values unless they are too many."""
        if len(counts) > MOST_VALUES or sum(map(len, counts)) > MOST_TEXT:
            return OVERFLOWN
        return cls(counts)

    def __add__(self, other: Frequencies) -> Frequencies:
        """Merge: associative and commutative."""
        if self.counts is None or other.counts is None:
            return OVERFLOWN
        if not self.counts or not other.counts:
            return self if self.counts else other
        counts = dict(self.counts)
        for value, count in other.counts.items():
            counts[value] = counts.get(value, 0) + count
        return Frequencies.of(counts)

    def top(self, most: int) -> tuple[tuple[str, int], ...]:
        """Give the `most` frequent values, ties in order of the value; empty when overflown."""
        counts = self.counts
        if not counts:
            return ()
        ranked = sorted(counts.values(), reverse=True)[:most]
        least = ranked[-1]
        above = [pair for pair in counts.items() if pair[1] > least] if ranked[0] > least else []
        tied = heapq.nsmallest(most - len(above), [value for value, count in counts.items() if count == least])
        return (*sorted(above, key=lambda pair: (-pair[1], pair[0])), *((value, least) for value in tied))


OVERFLOWN = Frequencies(None)

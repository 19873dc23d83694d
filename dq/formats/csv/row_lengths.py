"""How long the rows of a text are at most, known from where they end, wherever the text is cut into parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Bytes within which a row is expected to end; closer looks at the lengths of rows cost more time.
_NEAR = 4096


@dataclass(frozen=True, slots=True)
class Distances:
    """How far apart the ends of a text's rows lie, in bytes: before the first, behind the last, between two at most.

    `most` may say `_NEAR` where it is less. Without an end (`ends`) the other three are the text's length.
    """

    first: int = 0
    last: int = 0
    most: int = 0
    ends: bool = False

    def __add__(self, other: Distances) -> Distances:
        """Put the text behind this one to it."""
        return Distances(
            self.first if self.ends else self.first + other.first,
            other.last if other.ends else self.last + other.last,
            max(self.most, other.most, self.last + other.first),
            self.ends or other.ends,
        )

    @property
    def longest(self) -> int:
        """Bytes of the longest row at most, with the line feed that ends it."""
        return max(self.first, self.most, self.last) + 1


def between_feeds(text: bytes) -> Distances:
    """Take every line feed for the end of a row: hop from one to the next, over all those that lie near."""
    first, last = text.find(b"\n"), text.rfind(b"\n")
    if first < 0:
        return no_end(text)
    most = min(_NEAR, last - first)
    at = first
    while last - at > _NEAR:
        near = text.rfind(b"\n", at + 1, at + 1 + _NEAR)
        if near < 0:
            near = text.find(b"\n", at + 1)
            most = max(most, near - at)
        at = near
    return Distances(first, len(text) - last - 1, most, ends=True)


def between(ends: npt.NDArray[np.int64], text: bytes) -> Distances:
    """Take these places, ascending, for the ends of the rows of a text."""
    if not len(ends):
        return no_end(text)
    return Distances(int(ends[0]), len(text) - int(ends[-1]) - 1, int(np.diff(ends).max(initial=0)), ends=True)


def no_end(text: bytes) -> Distances:
    """Take a text for a piece of one row."""
    return Distances(len(text), len(text), len(text))

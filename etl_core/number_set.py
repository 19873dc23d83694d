"""Many whole numbers in little memory: a bit each, in pages that are there only where a number is.

Ten million numbers that follow each other take 1.25 MB. However they lie, a set takes no more than an eighth of a byte
for each number up to its highest, in pages of 4 KiB, of which one that holds a single number is the dearest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

#: Numbers that a page stands for.
_PAGE = 32 * 1024
_BITS = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


class NumberSet(Collection[int]):
    """Whole numbers from 0 on, each once; given in ascending order whatever the order in which they came."""

    __slots__ = ("_count", "_pages")

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._pages: dict[int, bytearray] = {}
        self._count = 0
        self.update(numbers)

    def update(self, numbers: Iterable[int]) -> None:
        """Add numbers; those that are there already stay."""
        for number in numbers:
            page, place = divmod(number, _PAGE)
            bits = self._pages.get(page)
            if bits is None:
                bits = self._pages[page] = bytearray(_PAGE // 8)
            at, mask = place >> 3, 1 << (place & 7)
            if not bits[at] & mask:
                bits[at] |= mask
                self._count += 1

    def pieces(self, size: int) -> Iterator[tuple[int, ...]]:
        """All numbers, so many at a time."""
        numbers = iter(self)
        while piece := tuple(islice(numbers, size)):
            yield piece

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        for page in sorted(self._pages):
            first = page * _PAGE
            for at, byte in enumerate(self._pages[page]):
                if byte:
                    yield from (first + at * 8 + bit for bit in _BITS[byte])

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int) or number < 0:
            return False
        page, place = divmod(number, _PAGE)
        bits = self._pages.get(page)
        return bits is not None and bool(bits[place >> 3] >> (place & 7) & 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NumberSet) and self._pages == other._pages

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._count} numbers)"

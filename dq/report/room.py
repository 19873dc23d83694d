"""How much of what people wrote a page shows: less where the page would become too large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_FIXED: Final = 150_000
_A_COLUMN: Final = 3_000
_COLUMNS_OF_FIXED: Final = 50


@dataclass(frozen=True, slots=True)
class Room:
    """What a page has room for.

    Attributes:
        examples: offences of a failed rule.
        characters: of one offence.
        top_values: the most frequent values of a column.
        top_characters: of one of them.
        sample_rows: rows of the sample.
    """

    examples: int
    characters: int
    top_values: int
    top_characters: int
    sample_rows: int


#: From the usual one to the smallest; a page takes the first with which it is not too large.
ROOMS: Final = (
    Room(5, 120, 4, 60, 12),
    Room(3, 80, 3, 40, 12),
    Room(2, 60, 2, 30, 8),
    Room(1, 40, 1, 20, 4),
    Room(0, 0, 0, 0, 2),
)


def largest_page(columns: int) -> int:
    """Bytes of a page: 150 kB for 50 columns, 3 kB more for each beyond them, so that 200 have 600 kB."""
    return _FIXED + _A_COLUMN * max(columns - _COLUMNS_OF_FIXED, 0)

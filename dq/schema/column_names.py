"""Names that tell the columns of a file apart, whatever its header repeats or leaves out."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLACE_ALONE = re.compile(r"\[(\d+)\]")


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Give each column a name of its own: of a repeated name all but the first, and blank ones, show their place.

    >>> column_names(["year", "city", "year", ""])
    ('year', 'city', 'year [3]', '[4]')
    """
    if len(set(header)) == len(header) and "" not in header:
        return tuple(header)
    taken = set(header)
    found: set[str] = set()
    names = []
    for place, name in enumerate(header, 1):
        own = name
        if not name or name in found:
            own = f"{name} [{place}]".strip()
            while own in taken:  # a header may hold such a name, too
                own = f"{own} [{place}]"
        found.add(own)
        taken.add(own)
        names.append(own)
    return tuple(names)


def place_of_unnamed(name: str) -> int | None:
    """Give the place, counted from 1, of a column whose name is nothing else; None of all others."""
    place = _PLACE_ALONE.fullmatch(name)
    return int(place[1]) if place else None

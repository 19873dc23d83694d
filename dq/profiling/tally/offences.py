"""Places in a file and the first offending cells found there."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

#: How many examples of one kind of offence are kept, and how many characters of each.
MOST_EXAMPLES = 25
MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True, order=True)
class Offence:
    """An offending cell or row: which split of the file, which line within it (1-based, 0 where unknown), its text.

    `reason` says why, where that is more than its kind. `parts` are the texts of a key of several columns.
    """

    split: int
    line: int
    text: str
    reason: str = ""
    parts: tuple[str, ...] = ()


def first_offences(*groups: Iterable[Offence]) -> tuple[Offence, ...]:
    """Keep the first offences in file order: merging is associative and commutative."""
    found = [finding for group in groups for finding in group]
    return tuple(heapq.nsmallest(MOST_EXAMPLES, found) if len(found) > 1 else found)


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """Cut a text to `most` characters, the last of them an ellipsis when anything was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def placed(offences: Iterable[Offence], starts: Mapping[int, int]) -> tuple[Offence, ...]:
    """Number offences from the start of the file; `starts` gives the lines before each split, where they are known."""

    def line_of(found: Offence) -> int:
        return found.line + starts[found.split] if found.line and found.split in starts else 0

    return tuple(replace(found, split=0, line=line_of(found)) for found in offences)

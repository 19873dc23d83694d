"""The order of two announcements of one key.

S3 gives every create and delete a hexadecimal `sequencer` that grows for one key and means nothing
between keys. Its length varies; S3's user guide of 2023 says to pad the shorter one with zeros on
the right before comparing (the guide of 2021 said on the left). Letters come in either case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")


class Relation(str, Enum):
    """How the first of two compared announcements stands to the second."""

    OLDER = "older"
    SAME = "same"
    NEWER = "newer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ordering:
    """The outcome of a comparison.

    `weak` marks one between sequencers of unequal length, where the padding rule decided; ask the
    object store before anything is thrown away because of it.
    """

    relation: Relation
    weak: bool = False


def compare_sequencers(first: str | None, second: str | None) -> Ordering:
    """How `first` stands to `second`; both belong to the same key.

    Unknown when one is missing or is not hexadecimal.
    """
    if not (first and second and _HEXADECIMAL.fullmatch(first) and _HEXADECIMAL.fullmatch(second)):
        return Ordering(Relation.UNKNOWN)
    length = max(len(first), len(second))
    left, right = (text.upper().ljust(length, "0") for text in (first, second))
    weak = len(first) != len(second)
    if left == right:
        return Ordering(Relation.SAME, weak)
    return Ordering(Relation.OLDER if left < right else Relation.NEWER, weak)

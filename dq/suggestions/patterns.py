"""The shape that texts have in common, as a pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final

_CLASSES: Final = (("[0-9]", str.isdecimal), ("[A-Z]", str.isupper), ("[a-z]", str.islower))
_HEX: Final = re.compile(r"[0-9a-f]{8,}(-[0-9a-f]{4,}){0,4}")
#: More parts than these are no code but words.
_MOST_PARTS: Final = 8
_LEAST_LENGTH: Final = 3
#: Marks that stand between runs, as patterns write them.
_MARKS: Final = {mark: rf"\{mark}" if mark == "." else mark for mark in "-_/.:#@ "}


def find_pattern(values: Sequence[str]) -> str | None:
    """Give the pattern of texts that all have the same shape: runs of digits and letters, and marks between them.

    >>> find_pattern(["AX0017", "BZ4711"]), find_pattern(["12-a", "7-b"]), find_pattern(["one", "two words"])
    ('[A-Z]{2}[0-9]{4}', '[0-9]{1,2}-[a-z]', None)
    """
    if not values or any(len(value) < _LEAST_LENGTH and not value.isascii() for value in values):
        return None
    if all(_HEX.fullmatch(value) for value in values) and len({len(value) for value in values}) == 1:
        return _of_hex(values[0])
    shapes = [_shape(value) for value in values]
    first = shapes[0]
    if first is None or len(first) > _MOST_PARTS or not any(kind == "[0-9]" for kind, _ in first):
        return None
    kinds = [kind for kind, _ in first]
    lengths: list[list[int]] = [[] for _ in kinds]
    for shape in shapes:
        if shape is None or [kind for kind, _ in shape] != kinds:
            return None
        for at, (_, length) in enumerate(shape):
            lengths[at].append(length)
    return "".join(kind + _times(min(some), max(some)) for kind, some in zip(kinds, lengths, strict=True))


def _of_hex(value: str) -> str:
    return "-".join(f"[0-9a-f]{{{len(part)}}}" for part in value.split("-"))


def _shape(value: str) -> list[tuple[str, int]] | None:
    """Give the runs of a text: what each consists of, and how long it is; None where something else is in it."""
    kinds = [_kind(character) for character in value]
    if None in kinds or not kinds:
        return None
    return [(str(kind), len(list(run))) for kind, run in groupby(kinds)]


def _kind(character: str) -> str | None:
    if character.isascii():
        for kind, holds in _CLASSES:
            if holds(character):
                return kind
    return _MARKS.get(character)


def _times(least: int, most: int) -> str:
    if least == most:
        return "" if most == 1 else f"{{{most}}}"
    return f"{{{least},{most}}}"

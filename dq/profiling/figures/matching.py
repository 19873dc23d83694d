r"""Which texts match a pattern, as a whole.

RE2 looks at one text after the other. A pattern that is one set of ASCII characters, so many times (`[0-9a-f]{32}`,
`\d{5}`, `[A-Z]+`), as most codes and identifiers have, is asked of the bytes of all texts at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import Mask
from dq.profiling.cells.texts import bytes_of, offsets_of

_MEMBER: Final = r"([0-9A-Za-z])-([0-9A-Za-z])|([0-9A-Za-z_])|\\(d)"
#: How RE2 writes a count; anything else between braces is text to it.
_COUNT: Final = "0|[1-9][0-9]*"
_ONE_SET: Final = re.compile(
    rf"(?:\[(?P<members>(?:{_MEMBER})+)\]|\\d)(?:\{{({_COUNT})(,?)((?:{_COUNT})?)\}}|([*+?]?))"
)
_DIGITS: Final = b"0123456789"
_PATTERNS: Final = 1000
#: Bytes outside the set, of all, from which on RE2 is as quick.
_MANY_STRANGE: Final = 0.02


@dataclass(frozen=True, slots=True)
class RepeatedSet:
    """A text of `least` to `most` characters (None: any number), all of them among `characters`."""

    characters: bytes
    least: int
    most: int | None


@lru_cache(_PATTERNS)
def repeated_set(pattern: str) -> RepeatedSet | None:
    """Read a pattern in the RE2 syntax that is one set of ASCII characters, so many times; None where it is not.

    >>> repeated_set("[0-3x]{2,5}")
    RepeatedSet(characters=b'0123x', least=2, most=5)
    """
    found = _ONE_SET.fullmatch(pattern)
    if found is None:
        return None
    members = found["members"]
    characters = _DIGITS if members is None else b"".join(map(_member, re.finditer(_MEMBER, members)))
    times, comma, most, sign = found.groups()[-4:]
    if times is None:
        least, upper = {"": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
    elif comma:
        least, upper = int(times), int(most) if most else None
    else:
        least, upper = int(times), int(times)
    return RepeatedSet(bytes(sorted(set(characters))), least, upper)


def _member(found: re.Match[str]) -> bytes:
    first, last, single, _ = found.groups()
    if first:
        return bytes(range(ord(first), ord(last) + 1))
    return single.encode() if single else _DIGITS


def matching(texts: pa.StringArray, pattern: str) -> Mask:
    """Tell which of some texts, none of them null, match a pattern from their beginning to their end."""
    wanted = repeated_set(pattern)
    if wanted is None:
        return _by_re2(texts, pattern)
    offsets = offsets_of(texts)
    lengths = np.diff(offsets)
    fits: Mask = lengths >= wanted.least
    if wanted.most is not None:
        fits &= lengths <= wanted.most
    data = bytes_of(texts)
    odd = len(data.translate(None, wanted.characters))
    if odd > _MANY_STRANGE * len(data):
        return _by_re2(texts, pattern)
    if odd:
        strange = np.ones(256, np.bool_)
        strange[list(wanted.characters)] = False
        places = np.flatnonzero(strange[np.frombuffer(data, np.uint8)])
        fits[np.searchsorted(offsets[1:] - offsets[0], places, side="right")] = False
    return fits


def _by_re2(texts: pa.StringArray, pattern: str) -> Mask:
    found: Mask = pc.match_substring_regex(texts, f"^(?:{pattern})$").to_numpy(zero_copy_only=False)
    return found

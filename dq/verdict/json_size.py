"""How long a value is as JSON: plain, with ASCII escapes and spaces, the longest of its usual spellings."""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

#: Bytes that the profile payload may have, and as many the failed rules and the message together.
MAX_BYTES: Final = 256 * 1024


def fits(value: Any, most: int = MAX_BYTES) -> bool:  # noqa: ANN401 - any JSON value
    """Tell whether a value as JSON has at most `most` bytes."""
    quick = most_bytes(value)
    return (quick is not None and quick <= most) or encoded_size(value) <= most


def most_bytes(value: Any) -> int | None:  # noqa: ANN401 - any JSON value
    """Give a number `encoded_size` does not exceed, in a fraction of its time; None where there is none.

    The short spelling differs from the long one in a space behind every comma and colon, in at most one character
    of each number (1e16 is 1e+16), together less than twice its own length; and in escapes, which have 6 characters for
    DEL and for 2 or 3 bytes of UTF-8, 12 for 4 bytes: 4 more for each byte behind a character's first one are enough.
    """
    try:
        short = orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits
        return None
    escapes = 5 * short.count(b"\x7f") + (0 if short.isascii() else 4 * (len(short) - len(short.decode())))
    return 3 * len(short) + escapes


def encoded_size(value: Any) -> int:  # noqa: ANN401 - any JSON value
    """Give the bytes of a value as JSON; NaN and the infinities have to be null already."""
    return len(json.dumps(value, allow_nan=False))

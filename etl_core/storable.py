"""Text and JSON that Postgres can hold: one rule, for every column of every table.

A text column takes no NUL and no half of a surrogate pair, and JSON has no NaN. They are replaced where they can be
seen: NUL by U+2400 (the picture of NUL), half a surrogate pair by U+FFFD, a number that is not finite by null.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

import orjson

#: What orjson would write although it is not JSON.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Give `text` with what Postgres cannot hold replaced visibly."""
    return text if is_plain(text) else _SURROGATE.sub("\ufffd", text.replace("\x00", "\u2400"))


def is_plain(text: str) -> bool:
    """Tell at a glance that `text` holds nothing Postgres refuses: nearly all texts are ASCII without NUL."""
    return text.isascii() and "\x00" not in text


class JsonText(str):
    """A text that is JSON already, and such as `json_text` writes: it travels and is stored as it is."""

    __slots__ = ()


def json_text(value: object) -> str:
    """Serialise mappings, sequences, texts, numbers, booleans and None, without spaces.

    Raises:
        TypeError: something else is among them.
    """
    if isinstance(value, JsonText):
        return str(value)
    try:
        text = orjson.dumps(value, default=_plain, option=_OPTIONS)  # makes null of what is not finite
    except TypeError:  # integers of more than 64 bits, lone surrogates, keys that are no texts, what is not JSON
        return _slow_text(_clean(value))
    return text.decode() if b"\\u0000" not in text else _slow_text(_clean(value))


def _slow_text(value: object) -> str:
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain, separators=(",", ":"))


def _plain(value: object) -> object:
    """Frozen mappings are not dicts; everything else has to be JSON already."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is not JSON; expected mappings, lists, texts, numbers, booleans or null")


def _clean(value: object) -> object:
    match value:
        case str():
            return storable(value)
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {storable(str(key)): _clean(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return value

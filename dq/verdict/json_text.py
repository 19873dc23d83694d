"""JSON that a jsonb column takes.

Postgres holds neither NUL characters nor lone surrogates, and JSON has no NaN. They are replaced where they can be
seen: NUL by U+2400 (the picture of NUL), a lone surrogate by U+FFFD, a number that is not finite by null.
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


class JsonText(str):
    """A text that is JSON already, and such as `json_text` writes: it travels and is stored as it is."""

    __slots__ = ()


def json_text(value: object) -> str:
    """Serialise mappings, sequences, texts, numbers, booleans and None, without spaces."""
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


def storable_text(text: str) -> str:
    """The text with what Postgres cannot hold replaced visibly."""
    return _SURROGATE.sub("\ufffd", text.replace("\x00", "\u2400"))


def _plain(value: object) -> object:
    """Frozen mappings are not dicts; everything else has to be JSON already."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a verdict holds a {type(value).__name__}, which is not JSON")


def _clean(value: object) -> object:
    match value:
        case str():
            return storable_text(value)
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {storable_text(str(key)): _clean(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return value

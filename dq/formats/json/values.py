"""Single JSON values: parsed, measured, written again."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import orjson

#: How deep the values of a record may be nested: the most that orjson writes.
MOST_NESTING = 254
_HUGE_NUMBER = re.compile(rb"[0-9][eE]\+?[0-9]{3}|[0-9]{300}")
_HALF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS


class TooDeepError(ValueError):
    """A value is nested deeper than `MOST_NESTING`."""


def parse_object(text: bytes) -> dict[str, Any] | None:
    """Parse a JSON object; None when the text is something else. Of a repeated key the last value counts.

    orjson refuses numbers beyond a double, which are valid JSON: such texts get a second look.
    """
    try:
        value = orjson.loads(text)
    except ValueError:
        if not _HUGE_NUMBER.search(text) or _HALF_A_PAIR.search(text):
            return None
        value = _parse_huge_numbers(text)
    return value if isinstance(value, dict) else None


def _parse_huge_numbers(text: bytes) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def json_token(value: object) -> str:
    """Write one value as JSON, equal values alike; raises TooDeepError."""
    if isinstance(value, float) and not math.isfinite(value):
        return '"beyond the range of a number"'
    try:
        return orjson.dumps(value, option=_OPTIONS).decode()
    except TypeError as error:
        if nested_too_deep(value):
            raise TooDeepError(f"nested deeper than {MOST_NESTING} levels") from error
        return orjson.dumps(str(value)).decode()  # an integer beyond 64 bits


def nested_too_deep(value: object) -> bool:
    """Tell whether a value has more levels of objects and arrays than `MOST_NESTING`, itself included."""
    level = [value]
    for _ in range(MOST_NESTING + 1):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return False
    return True


def _inner(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []

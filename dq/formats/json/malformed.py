"""Why a line, or an element of an array, is no row of JSON: one of a few sentences, the same whoever read it."""

from __future__ import annotations

import json
import re
from typing import Final

import orjson

from dq.formats.lines.text_check import looks_like

SEVERAL_LINES: Final = "an object over several lines: write one object a line, or an array"
#: A line from the middle of an object that was written over several: a name, a bracket, a value with its comma.
_MIDDLE: Final = re.compile(rb'"(?:[^"\\]|\\.)*"\s*(?::.*|,)|[\[\]{}]+,?', re.DOTALL)
_NO_NUMBER: Final = re.compile(rb"[:,\[]\s*-?(?:NaN|Infinity)\b")
#: Longer texts are not looked at for a second time.
_LONGEST: Final = 64 * 1024


def why_malformed(text: bytes, *, of_array: bool = False) -> str:
    """Say why a text is no object that can be read; `of_array`: it is an element of an array, not a line."""
    stripped = text.strip()
    if not stripped:
        return "nothing between two commas"
    try:
        value = orjson.loads(stripped)
    except ValueError:
        pass
    else:
        return "nested too deep" if isinstance(value, dict) else "not a JSON object"
    try:
        stripped.decode()
    except UnicodeDecodeError:
        encoding = looks_like(stripped)
        return f"not UTF-8 ({f'it looks like {encoding}; ' if encoding else ''}convert the file)"
    return (None if of_array else _of_line(stripped)) or _of_text(stripped)


def _of_text(text: bytes) -> str:
    """Say what a text has that JSON has not."""
    if text.startswith(b"{'"):
        return "not JSON: names and texts stand in double quotes"
    if _NO_NUMBER.search(text[:_LONGEST]):
        return "not JSON: NaN and Infinity are no numbers of JSON, write null"
    return "not JSON"


def _of_line(line: bytes) -> str | None:
    """Find what is wrong with the lines of a file that was not written line by line."""
    if line.startswith(b"{") and line.endswith(b"},") and _is_object(line[:-1]):
        return "a comma behind the object: write one object a line, without commas between them"
    if line.startswith(b"{") and not line.endswith(b"}"):
        return SEVERAL_LINES
    if _MIDDLE.fullmatch(line[:_LONGEST]):
        return SEVERAL_LINES
    return "several objects on one line: write one object a line" if _goes_on(line) else None


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except ValueError:
        return False


def _goes_on(line: bytes) -> bool:
    """Tell whether a line begins with an object and goes on with another."""
    if not line.startswith(b"{") or len(line) > _LONGEST:
        return False
    text = line.decode()
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return text[end:].lstrip(" ,").startswith("{")

"""The records of an answer, as they were written there: no number is rounded, no name moves.

What is kept of a record is its own part of the text; its values are looked at only for its key and for when it changed.
Most answers are read by `quick_page`. Others are gone through by the scanner of the standard library, which says where
each value ends, so that it can be told what is wrong and where.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]  # of the standard library, not of its stubs
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pipelines.api_ingestion.errors import PageError
from pipelines.api_ingestion.pages.quick_page import quick_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SPACE: Final = re.compile(r"[ \t\n\r]*").match
_LINE_BREAKS: Final = re.compile(rb"[\r\n]")


@dataclass(frozen=True, slots=True)
class Page:
    """What an answer holds.

    Attributes:
        lines: records, each as it was written, on one line.
        columns: values of the same records, by the dotted paths that were asked for; None where there is none.
        marks: what leads on, likewise.
    """

    lines: Sequence[bytes]
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    marks: dict[str, Any] = field(default_factory=dict)


def read_page(body: bytes, records: str | None, wanted: Sequence[str] = (), looked: Sequence[str] = ()) -> Page:
    """Read an answer.

    Args:
        body: as it came.
        records: the dotted path of the list; None where the answer is the list.
        wanted: dotted paths of other values.
        looked: dotted paths of values of each record.

    Raises:
        PageError: it is no JSON, or there is no list of objects where one was declared.
    """
    found = quick_page(body, records, wanted, looked)
    if found is None:
        return careful_page(body, records, wanted, looked)
    lines, columns, marks = found
    if b"\n" in body or b"\r" in body:  # between values: in a text they would be no JSON
        lines = [_LINE_BREAKS.sub(b" ", line) for line in lines]
    return Page(lines, columns, marks)


def careful_page(
    body: bytes, records: str | None, wanted: Sequence[str], looked: Sequence[str], *, short: bool = True
) -> Page:
    """The same by the scanner of the standard library, which takes longer.

    `short`: without numbers of thousands of digits; where there are such, it is read once more. Raises as `read_page`.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PageError(f"the answer is not UTF-8 (byte {error.start}); expected JSON") from None
    reader = _Reader(text, records, wanted, _SCAN if short else _SCAN_LONG)
    try:
        end = reader.value((), _skip(text, 0))
        if _skip(text, end) != len(text):
            raise PageError(f"the answer goes on behind its JSON, from character {end} on")
    except StopIteration as error:
        raise PageError(f"the answer is not JSON: expected a value at character {error.value}") from None
    except (ValueError, IndexError) as error:
        if short and _LONG_NUMBER(text):
            return careful_page(body, records, wanted, looked, short=False)
        at = error.pos if isinstance(error, json.JSONDecodeError) else None
        where = "" if at is None else f" at character {at}"
        hint = f"it has {len(body)} bytes, of which the last may be missing"
        raise PageError(f"the answer is not JSON{where}; {hint}") from None
    except RecursionError:
        raise PageError("the answer is nested too deep") from None
    if reader.found is None:
        place = "the answer" if records is None else records
        said = f"there is no list at {records}" if records is not None else "the answer is no list"
        raise PageError(f"{said}{reader.instead}; expected the records in {place}")
    lines = [_LINE_BREAKS.sub(b" ", one.encode()) for one in reader.found]
    return Page(lines, {path: _values_at(reader.values, path) for path in looked}, reader.marks)


def _values_at(records: Sequence[Any], path: str) -> list[Any]:
    """The value of each record at a dotted path, None where there is none."""
    values = list(records)
    for part in path.split("."):
        values = [one.get(part) if isinstance(one, dict) else None for one in values]
    return values


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


#: The quick one; and one for answers with numbers of thousands of digits, which Python does not take for such.
_SCAN: Final = json.JSONDecoder(parse_constant=_no_constant).scan_once  # type: ignore[attr-defined]  # likewise
_SCAN_LONG: Final = json.JSONDecoder(parse_constant=_no_constant, parse_int=str).scan_once  # type: ignore[attr-defined]
_MOST_DIGITS: Final = 4000
_LONG_NUMBER: Final = re.compile(f"[0-9]{{{_MOST_DIGITS}}}").search


class _Reader:
    """Goes through one answer."""

    def __init__(
        self, text: str, records: str | None, wanted: Sequence[str], scan: Callable[[str, int], tuple[Any, int]]
    ) -> None:
        self._text, self._scan = text, scan
        self._records = () if records is None else tuple(records.split("."))
        self._wanted = {tuple(path.split(".")): path for path in wanted}
        self._inner = {path[:at] for path in (*self._wanted, self._records) for at in range(len(path))}
        self.found: list[str] | None = None
        self.values: list[dict[str, Any]] = []
        self.instead = ""
        self.marks: dict[str, Any] = {}

    def value(self, path: tuple[str, ...], at: int) -> int:
        """Read the value that begins at `at`; where it ends."""
        first = self._text[at]
        if path == self._records and first == "[":
            return self._list(at)
        if path in self._inner and first == "{" and path != self._records:
            return self._object(path, at)
        value, end = self._scan(self._text, at)
        if path == self._records:
            self.instead = f", but {_kind(value)}"
        if path in self._wanted:
            self.marks[self._wanted[path]] = value
        return end

    def _object(self, path: tuple[str, ...], at: int) -> int:
        text, at = self._text, _skip(self._text, at + 1)
        if text[at] == "}":
            return at + 1
        while True:
            if text[at] != '"':
                raise json.JSONDecodeError("a name", text, at)
            name, at = scanstring(text, at + 1, True)  # noqa: FBT003 - `strict`, as it is there
            at = self._expect(":", at)
            at = _skip(text, self.value((*path, name), at))
            if text[at] == "}":
                return at + 1
            at = self._expect(",", at)

    def _list(self, at: int) -> int:
        text, scan, found, values = self._text, self._scan, list[str](), list[dict[str, Any]]()
        at = _skip(text, at + 1)
        if text[at] == "]":
            self.found, self.values = found, values
            return at + 1
        while True:
            value, end = scan(text, at)
            if type(value) is not dict:
                raise PageError(f"record {len(found) + 1} is {_kind(value)}; expected an object")
            found.append(text[at:end])
            values.append(value)
            at = end if text[end] == "," else _skip(text, end)
            if text[at] == "]":
                self.found, self.values = found, values
                return at + 1
            if text[at] != ",":
                raise json.JSONDecodeError("expected ,", text, at)
            at += 2 if text[at + 1] == " " else 1
            if text[at] != "{":
                at = _skip(text, at)

    def _expect(self, mark: str, at: int) -> int:
        at = _skip(self._text, at)
        if self._text[at] != mark:
            raise json.JSONDecodeError(f"expected {mark}", self._text, at)
        return _skip(self._text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE(text, at)
    return at if found is None else found.end()


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return "a text"
        case list():
            return "a list"
    return "an object"

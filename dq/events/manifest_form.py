"""The text of a batch manifest: a list of objects as JSON, JSON Lines or CSV, read as it goes by.

However many objects it lists, no more of it is held than one entry, which may have a million characters. A JSON
document over several lines that is no array is the exception, and has a limit of its own.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from dq.events.announcement import Rejected
from dq.events.dialects.bare_form import read_bare
from dq.events.notification import AnnouncementLimits, parse_announcement
from dq.events.object_event import ObjectEvent
from etl_core.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from dq.events.announcement import Part

#: Characters of one entry: a line, or an element of an array.
MOST_OF_ENTRY = 1024 * 1024
#: Characters of a JSON document over several lines that is no array; it is held as a whole.
MOST_OF_DOCUMENT = 16 * 1024 * 1024
#: Characters of a CSV entry with line breaks in it: a quote that is never closed would take all the rest for one.
_MOST_OVER_LINES = 128 * 1024
#: Characters that are kept of what is too long.
_KEPT = 4096
_PIECE = 64 * 1024
_COLUMNS = ("bucket", "key", "version_id")
_MORE_COLUMNS = ("etag", "last_modified", "size")
_ANY_LENGTH = AnnouncementLimits(most_bytes=2**40)
_SPACE = re.compile(r"[ \t\r\n]*")
_ADVICE = "write one object a line (JSON Lines), or CSV, which may be of any length"


def read_manifest_form(file: TextIO, *, written_at: datetime | None = None) -> Iterator[Part]:
    """The objects a manifest lists, keys as they stand.

    JSON and JSON Lines hold the bare form (or announcements of any dialect). CSV has the columns
    `bucket,key[,version_id]`, in this order when there is no header line; a header may name them in any
    order and add `etag`, `size`, `last_modified`. Lines that are no entries are rejected by their number.

    Args:
        file: the manifest as text, with its line breaks as they are (`newline=""`).
        written_at: aware, when the manifest was written. It becomes the time of entries that carry none, so
            the same manifest read twice announces the same, and a later one announces its objects anew.

    Raises:
        UsageError: an array is not JSON from some entry on, or a JSON document is too long to be held; what came
            before it was given already.
    """
    for part in _parts(file):
        if isinstance(part, ObjectEvent):
            source = "manifest" if part.source == "bare" else part.source
            yield replace(part, source=source, event_time=part.event_time or written_at)
        else:
            yield part


def _parts(file: TextIO) -> Iterator[Part]:
    number, first = 0, ""
    while not first.strip():
        first = file.readline(MOST_OF_ENTRY + 1)
        if not first:
            return
        first = first.removeprefix("\ufeff") if number == 0 else first
        number += 1
    is_whole = len(first) <= MOST_OF_ENTRY
    match first.lstrip()[:1]:
        case "[" if not (is_whole and _is_json(first)):
            yield from _read_array(first, file)
        case "{" if is_whole and not _is_json(first):
            yield from _read_document(first, file)
        case "[" | "{":
            yield from _read_lines(_Lines(file, number, first))
        case _:
            yield from _read_csv(_Lines(file, number, first))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


# JSON


def _read_lines(lines: _Lines) -> Iterator[Part]:
    while True:
        lines.forget()
        try:
            line = next(lines)
        except StopIteration:
            return
        except _TooLongError as error:
            yield error.rejected
            continue
        if line.strip():
            found = parse_announcement(line, limits=_ANY_LENGTH)
            for part in found.parts:
                yield _in_line(lines.number, part)


def _read_document(first: str, file: TextIO) -> Iterator[Part]:
    """A document whose first line is no JSON: it goes on in the next ones, or that line is broken."""
    text = first + file.read(MOST_OF_DOCUMENT - len(first) + 1)
    if len(text) > MOST_OF_DOCUMENT:
        raise UsageError(
            f"the manifest's first line is no whole JSON object, and the text is longer than the {MOST_OF_DOCUMENT:,}"
            f" characters of a document that can be read as one; {_ADVICE}"
        )
    found = parse_announcement(text, limits=_ANY_LENGTH)
    yield from found.parts


def _read_array(text: str, file: TextIO) -> Iterator[Part]:
    """The elements of a JSON array, one after the other; it ends with the text."""
    decoder, number = json.JSONDecoder(), 1
    at = text.index("[") + 1
    while True:
        text, at = _onward(text, at, file)
        if number == 1 and text[at : at + 1] == "]":
            break
        text, at, end = _element(decoder, text, at, file, number)
        yield from _read_element(text[at:end])
        text, at = _onward(text, end, file)
        if text[at : at + 1] == "]":
            break
        if text[at : at + 1] != ",":
            raise UsageError(f"the manifest's array has no comma or ] after entry {number}; mend it, or {_ADVICE}")
        at, number = at + 1, number + 1
    text, at = _onward(text, at + 1, file)
    if at < len(text):
        raise UsageError(f"the manifest goes on after the end of its array of {number} entries; {_ADVICE}")


def _onward(text: str, at: int, file: TextIO) -> tuple[str, int]:
    """Past white space: the text that is at hand, with more of the file where that was all, and the place in it."""
    while True:
        found = _SPACE.match(text, at)
        at = found.end() if found else at
        if at < len(text):
            return text, at
        text, at = file.read(_PIECE), 0
        if not text:
            return text, at


def _element(decoder: json.JSONDecoder, text: str, at: int, file: TextIO, number: int) -> tuple[str, int, int]:
    """The text at hand and where in it the next element begins and ends; more is read until it is whole."""
    while True:
        end = None
        try:
            _, end = decoder.raw_decode(text, at)
        except ValueError:
            pass  # perhaps only because it is not whole yet
        except RecursionError as error:
            raise UsageError(f"the manifest's entry {number} nests too deep; {_ADVICE}") from error
        if end is not None and end < len(text):
            return text, at, end
        more = file.read(_PIECE)
        if end is not None and not more:
            return text, at, end
        if not more:
            raise UsageError(
                f"the manifest's entry {number} is not JSON, or the text ends in it; mend it, or {_ADVICE}"
            )
        text, at = text[at:] + more, 0
        if len(text) > MOST_OF_ENTRY + _PIECE:
            raise UsageError(
                f"the manifest's entry {number} is not JSON, or longer than {MOST_OF_ENTRY:,} characters, the most an"
                f" entry may have; mend it, or {_ADVICE}"
            )


def _read_element(text: str) -> Iterator[Part]:
    found = parse_announcement(f"[{text}]", limits=_ANY_LENGTH)
    yield from found.parts


# CSV


def _read_csv(lines: _Lines) -> Iterator[Part]:
    rows = csv.reader(lines, strict=True)
    names: tuple[str, ...] | None = None
    while True:
        lines.forget()
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Rejected(f"manifest line {lines.number}: {error}", lines.written())
            continue
        except _TooLongError as error:
            yield error.rejected
            continue
        if not any(cell.strip() for cell in row):
            continue
        if names is None:
            heads = tuple(cell.strip().lower() for cell in row)
            names = heads if {"bucket", "key"} <= set(heads) else _COLUMNS
            if names is heads:
                continue
        yield _read_row(names, row, lines.number, lines.written())


def _read_row(names: tuple[str, ...], row: list[str], line: int, written: str) -> Part:
    if len(row) > len(names) or len(row) < min(len(names), 2):
        return Rejected(f"manifest line {line}: {len(row)} cells, expected {','.join(names)}", written)
    cells: dict[str, object] = {
        name: cell for name, cell in zip(names, row, strict=False) if name in (*_COLUMNS, *_MORE_COLUMNS) and cell
    }
    size = cells.get("size")
    if isinstance(size, str) and size.isascii() and size.isdigit():
        cells["size"] = int(size)
    return _in_line(line, read_bare(cells, written, source="manifest"))


def _in_line(line: int, part: Part) -> Part:
    """A part, with the number of its line where it is rejected."""
    return replace(part, reason=f"manifest line {line}: {part.reason}") if isinstance(part, Rejected) else part


# lines


class _TooLongError(Exception):
    """A line has more characters than an entry may have; `rejected` says so."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected.reason)
        self.rejected = rejected


class _Lines(Iterator[str]):
    """Lines with their breaks. `number` is that of the last one; a line that is too long is passed over and raised.

    After that it goes on with the next one, which no generator would.
    """

    def __init__(self, file: TextIO, number: int, first: str) -> None:
        self._file = file
        self._first: str | None = first
        self.number = number - 1
        self._since: list[str] = []
        self._characters = 0

    def __next__(self) -> str:
        line = self._file.readline(MOST_OF_ENTRY + 1) if self._first is None else self._first
        self._first = None
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MOST_OF_ENTRY:
            rest = line
            while rest and rest[-1] not in "\r\n":
                rest = self._file.readline(_PIECE)
            reason = f"manifest line {self.number}: more than {MOST_OF_ENTRY:,} characters; its beginning is kept"
            raise _TooLongError(Rejected(reason, "".join((*self._since, line[:_KEPT]))))
        self._since.append(line)
        self._characters += len(line)
        if self._characters > _MOST_OVER_LINES and len(self._since) > 1:
            reason = (
                f"manifest line {self.number}: an entry goes on over {len(self._since)} lines with more than"
                f" {_MOST_OVER_LINES:,} characters; most likely a quote is not closed"
            )
            raise _TooLongError(Rejected(reason, self.written()))
        return line

    def forget(self) -> None:
        """Begin a record anew."""
        self._since.clear()
        self._characters = 0

    def written(self) -> str:
        """The lines since then, as they were written."""
        return "".join(self._since).strip("\r\n")

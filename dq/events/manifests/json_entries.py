"""Entries of a manifest in JSON: an object a line, an array of any length, or one document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from dq.events.manifests.lines import ADVICE, MOST_OF_ENTRY, PIECE, Lines, TooLongError, in_line
from dq.events.notification import AnnouncementLimits, parse_announcement
from etl_core.errors import UsageError

if TYPE_CHECKING:
    from dq.events.announcement import Part

#: Characters of a JSON document over several lines that is no array; it is held as a whole.
MOST_OF_DOCUMENT = 16 * 1024 * 1024
_ANY_LENGTH = AnnouncementLimits(most_bytes=2**40)
_SPACE = re.compile(r"[ \t\r\n]*")


def read_json_lines(lines: Lines) -> Iterator[Part]:
    """The entries of JSON Lines; a line that is none is rejected by its number."""
    while True:
        lines.forget()
        try:
            line = next(lines)
        except StopIteration:
            return
        except TooLongError as error:
            yield error.rejected
            continue
        if line.strip():
            found = parse_announcement(line, limits=_ANY_LENGTH)
            for part in found.parts:
                yield in_line(lines.number, part)


def read_document(first: str, file: TextIO) -> Iterator[Part]:
    """A document whose first line is no JSON: it goes on in the next ones, or that line is broken."""
    text = first + file.read(MOST_OF_DOCUMENT - len(first) + 1)
    if len(text) > MOST_OF_DOCUMENT:
        raise UsageError(
            f"the manifest's first line is no whole JSON object, and the text is longer than the {MOST_OF_DOCUMENT:,}"
            f" characters of a document that can be read as one; {ADVICE}"
        )
    found = parse_announcement(text, limits=_ANY_LENGTH)
    yield from found.parts


def read_array(text: str, file: TextIO) -> Iterator[Part]:
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
            raise UsageError(f"the manifest's array has no comma or ] after entry {number}; mend it, or {ADVICE}")
        at, number = at + 1, number + 1
    text, at = _onward(text, at + 1, file)
    if at < len(text):
        raise UsageError(f"the manifest goes on after the end of its array of {number} entries; {ADVICE}")


def _onward(text: str, at: int, file: TextIO) -> tuple[str, int]:
    """Past white space: the text that is at hand, with more of the file where that was all, and the place in it."""
    while True:
        found = _SPACE.match(text, at)
        at = found.end() if found else at
        if at < len(text):
            return text, at
        text, at = file.read(PIECE), 0
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
            raise UsageError(f"the manifest's entry {number} nests too deep; {ADVICE}") from error
        if end is not None and end < len(text):
            return text, at, end
        more = file.read(PIECE)
        if end is not None and not more:
            return text, at, end
        if not more:
            raise UsageError(f"the manifest's entry {number} is not JSON, or the text ends in it; mend it, or {ADVICE}")
        text, at = text[at:] + more, 0
        if len(text) > MOST_OF_ENTRY + PIECE:
            raise UsageError(
                f"the manifest's entry {number} is not JSON, or longer than {MOST_OF_ENTRY:,} characters, the most an"
                f" entry may have; mend it, or {ADVICE}"
            )


def _read_element(text: str) -> Iterator[Part]:
    found = parse_announcement(f"[{text}]", limits=_ANY_LENGTH)
    yield from found.parts

"""Lines of a manifest, one at a time, none of them longer than an entry may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from dq.events.announcement import Rejected

if TYPE_CHECKING:
    from dq.events.announcement import Part

#: Characters of one entry: a line, or an element of an array.
MOST_OF_ENTRY = 1024 * 1024
#: Characters that are read of a file at a time.
PIECE = 64 * 1024
#: What to do about a document that cannot be read as one.
ADVICE = "write one object a line (JSON Lines), or CSV, which may be of any length"
#: Characters of a CSV entry with line breaks in it: a quote that is never closed would take all the rest for one.
_MOST_OVER_LINES = 128 * 1024
#: Characters that are kept of what is too long.
_KEPT = 4096


class TooLongError(Exception):
    """A line has more characters than an entry may have; `rejected` says so."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected.reason)
        self.rejected = rejected


class Lines(Iterator[str]):
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
                rest = self._file.readline(PIECE)
            reason = f"manifest line {self.number}: more than {MOST_OF_ENTRY:,} characters; its beginning is kept"
            raise TooLongError(Rejected(reason, "".join((*self._since, line[:_KEPT]))))
        self._since.append(line)
        self._characters += len(line)
        if self._characters > _MOST_OVER_LINES and len(self._since) > 1:
            reason = (
                f"manifest line {self.number}: an entry goes on over {len(self._since)} lines with more than"
                f" {_MOST_OVER_LINES:,} characters; most likely a quote is not closed"
            )
            raise TooLongError(Rejected(reason, self.written()))
        return line

    def forget(self) -> None:
        """Begin a record anew."""
        self._since.clear()
        self._characters = 0

    def written(self) -> str:
        """The lines since then, as they were written."""
        return "".join(self._since).strip("\r\n")


def in_line(line: int, part: Part) -> Part:
    """A part, with the number of its line where it is rejected."""
    return replace(part, reason=f"manifest line {line}: {part.reason}") if isinstance(part, Rejected) else part

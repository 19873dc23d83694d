"""Where the elements of a JSON array begin and end: found by its brackets, commas and quotes, without parsing them.

A parser of streams keeps what it has read of an element, whatever its size, and stops at the first
fault. Cut up first, the array becomes rows like the lines of a file: each parsed by itself, with a
bound on its length, and a broken one is a malformed row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from dq.errors import UnreadableFileError
from dq.formats.limits import Limits

_OPEN, _CLOSE, _COMMA, _QUOTE = 1, 2, 3, 4
_BACKSLASH = ord("\\")
_KINDS = np.zeros(256, np.uint8)
_KINDS[list(b"[{")] = _OPEN
_KINDS[list(b"]}")] = _CLOSE
_KINDS[ord(",")] = _COMMA
_KINDS[ord('"')] = _QUOTE
_STEPS = np.array([0, 1, -1, 0, 0], np.int8)
_WHITE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


class ArrayElements:
    """Cuts the consecutive pieces of a JSON array into the texts of its elements, looking at each byte once."""

    def __init__(self, limits: Limits) -> None:
        """Begin before the array."""
        self._limits = limits
        self._held: list[bytes] = []  # the element that is not complete yet
        self._held_size = 0
        self._carried = b""  # the start of the text, or a backslash whose next byte is not here yet
        self._count = 0
        self._depth = 0
        self._quoted = self._begun = self._ended = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Take in the next piece; gives the elements that are complete.

        Raises UnreadableFileError for what is no array, and for an element beyond the limit.
        """
        text, self._carried = self._carried + piece, b""
        if not self._begun:
            text = self._begin(text)
        if self._ended:
            self._refuse_more(text)
            return []
        if (len(text) - len(text.rstrip(b"\\"))) % 2:
            text, self._carried = text[:-1], text[-1:]
        ends = self._element_ends(text)
        elements = self._cut(text, ends)
        if max(self._held_size, *map(len, elements), 0) > self._limits.line:
            message = (
                f"an element of the JSON array is longer than {self._limits.line:,} bytes, the most that is read as "
                "one row; is it closed?"
            )
            raise UnreadableFileError(message)
        self._count += len(elements)
        return elements

    def finish(self) -> None:
        """Make sure that the array was all there; raises UnreadableFileError."""
        if not self._begun:
            raise UnreadableFileError("the file holds nothing but white space; expected a JSON array")
        if not self._ended:
            message = f"the JSON array is never closed: the file ends after {self._count:,} elements; send it again"
            raise UnreadableFileError(message)

    def _begin(self, text: bytes) -> bytes:
        start = text.removeprefix(_BOM).lstrip(_WHITE)
        if not start or (_BOM.startswith(start) and len(text) < len(_BOM)):
            self._carried = text[: len(_BOM)]  # white space needs no keeping
            return b""
        if not start.startswith(b"["):
            shown = start[:1].decode("ascii", "replace")
            raise UnreadableFileError(f"the file is no JSON array: it begins with {shown!r}, expected '['")
        self._begun = True
        return start[1:]

    def _cut(self, text: bytes, ends: list[int]) -> list[bytes]:
        """Cut a text behind its elements and hold what is left."""
        elements = []
        start = 0
        for end in ends:
            elements.append(b"".join((*self._held, text[start:end])))
            self._held, self._held_size = [], 0
            start = end + 1
        if self._ended:
            self._refuse_more(text[start:])
            if self._count == 0 and len(elements) == 1 and not elements[0].strip(_WHITE):
                return []
        elif start < len(text):
            self._held.append(text[start:] if start else text)
            self._held_size += len(text) - start
        return elements

    def _refuse_more(self, text: bytes) -> None:
        if text.strip(_WHITE):
            raise UnreadableFileError(
                "the JSON array is closed, and there is more text behind it; send one array, or one object a line"
            )

    def _element_ends(self, text: bytes) -> list[int]:
        """Find the commas between elements and the bracket behind the last one; keeps where the text leaves off."""
        array = np.frombuffer(text, np.uint8)
        kinds = _KINDS[array]
        marks = np.flatnonzero(kinds)
        kinds = kinds[marks]
        if b"\\" in text:
            kinds[np.searchsorted(marks, _escaped_quotes(array))] = 0
        quotes = np.cumsum(kinds == _QUOTE, dtype=np.int32)
        outside = (quotes & 1) == self._quoted
        self._quoted ^= bool(len(quotes) and quotes[-1] & 1)
        marks, kinds = marks[outside], kinds[outside]
        depth = np.cumsum(_STEPS[kinds], dtype=np.int32) + np.int32(self._depth)
        self._depth = int(depth[-1]) if len(depth) else self._depth
        between = (kinds == _COMMA) & (depth == 0)
        closing = np.flatnonzero(depth < 0)[:1]
        if len(closing):
            self._ended = True
            between[closing] = True
            between[closing[0] + 1 :] = False
        ends: list[int] = marks[between].tolist()
        return ends


def _escaped_quotes(array: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Find the quotes behind an odd number of backslashes."""
    slashes = np.flatnonzero(array == _BACKSLASH)
    gaps = np.diff(slashes, prepend=-2, append=len(array) + 1) != 1
    first, behind = slashes[gaps[:-1]], slashes[gaps[1:]] + 1  # of each run of them: its first, and just behind it
    behind = behind[((behind - first) % 2 == 1) & (behind < len(array))]
    escaped: npt.NDArray[np.int64] = behind[array[behind] == ord('"')]
    return escaped


def elements_of(pieces: Iterable[bytes], limits: Limits) -> Iterator[list[bytes]]:
    """Give the elements of the array that `pieces` make up."""
    array = ArrayElements(limits)
    for piece in pieces:
        if elements := array.feed(piece):
            yield elements
    array.finish()

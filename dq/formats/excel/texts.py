"""How much text the cells of a workbook hold: what stands in the file once, the library copies to every cell."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from dq.errors import UnreadableFileError
from dq.formats.limits import Limits

#: Text held in memory, in units of what a workbook itself may have.
_TIMES = 4
_END = re.compile(rb"</(?:[\w.-]+:)?si\s*>|<(?:[\w.-]+:)?si\s*/>")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_STRING_CELL = re.compile(rb"""\bt\s*=\s*["']s["']""")
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["'](?:[^>"']|"[^"]*"|'[^']*')*>\s*<(?:[\w.-]+:)?v\b[^>]*>\s*([0-9]{1,9})""")


class Texts:
    """The lengths of the strings that cells share, in bytes, and what those of the cells come to so far."""

    def __init__(self, limits: Limits, lengths: Sequence[int] = ()) -> None:
        """Start with no cell."""
        self._most = _TIMES * limits.whole
        self._lengths = np.array(lengths, np.int64)
        self._longest = max(lengths, default=0)
        self._total = 0

    def add(self, size: int) -> None:
        """Take in the text of some cells; raises UnreadableFileError beyond the limit."""
        self._total += size
        if self._total > self._most:
            message = (
                f"the texts of a sheet have more than {self._most:,} bytes together, the most that is held in memory"
            )
            raise UnreadableFileError(message)

    def add_shared(self, number: int) -> None:
        """Take in a cell that holds one of the strings."""
        if number < len(self._lengths):
            self.add(int(self._lengths[number]))

    def add_xml(self, text: bytes) -> None:
        """Take in the cells of a piece of a sheet of xlsx; they are looked at one by one only where it matters."""
        most = (text.count(b'"s"') + text.count(b"'s'")) * self._longest
        if self._total + most > self._most // 2:
            numbers = np.array(_SHARED.findall(text), np.int64)
            known = numbers[numbers < len(self._lengths)]
            unknown = len(_STRING_CELL.findall(text)) - len(numbers)
            most = int(self._lengths[known].sum()) + max(unknown, 0) * self._longest
        self.add(most)


def lengths_in_xml(data: bytes) -> list[int]:
    """Give the lengths of the shared strings of xlsx, with their tags."""
    text = _COMMENT.sub(b"", data) if b"<!--" in data else data
    ends = [0, *(found.end() for found in _END.finditer(text))]
    return [end - start for start, end in pairwise(ends)]


def lengths_in_old_records(chunks: Sequence[bytes]) -> list[int]:
    """Give the lengths of the shared strings of xls, whose record goes on in others in the midst of a string."""
    lengths: list[int] = []
    left = iter(chunks)
    chunk, at = next(left, b""), 8
    while True:
        while at >= len(chunk):
            at -= len(chunk)
            following = next(left, None)
            if following is None:
                return lengths
            chunk = following
        if at + 3 > len(chunk):
            return lengths
        characters, flags = struct.unpack_from("<HB", chunk, at)
        lengths.append(3 * characters)
        at += 3
        behind = 0
        if flags & 8 and at + 2 <= len(chunk):
            behind += 4 * struct.unpack_from("<H", chunk, at)[0]
            at += 2
        if flags & 4 and at + 4 <= len(chunk):
            behind += struct.unpack_from("<I", chunk, at)[0]
            at += 4
        chunk, at = _behind(chunk, at, characters, flags, left)
        at += behind


def _behind(chunk: bytes, at: int, characters: int, flags: int, left: Iterator[bytes]) -> tuple[bytes, int]:
    """Skip the characters of a string: where it goes on in another chunk, that begins with its width."""
    width = 1 + (flags & 1)
    while characters > (len(chunk) - at) // width:
        characters -= (len(chunk) - at) // width
        following = next(left, None)
        if not following:
            return b"", 0
        chunk, at, width = following, 1, 1 + (following[0] & 1)
    return chunk, at + characters * width

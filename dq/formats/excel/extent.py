"""How far the cells of a sheet reach and what they hold, found before a library lays it all out in memory.

A library that runs out of memory takes its process along, and with it the other files.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Sequence

from dq.errors import UnreadableFileError
from dq.formats.excel.compound_file import CompoundFile
from dq.formats.excel.texts import Texts, lengths_in_old_records
from dq.formats.limits import Limits

PASSWORD = "the workbook is protected by a password; send it without"  # noqa: S105 - a sentence
#: The place of a cell (`r="AB12"`) or of a row (`r="12"`).
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,7})([0-9]{1,12})["']""")
#: How many strings a part says to hold: room is made for so many before any is read.
_COUNT = re.compile(rb"""ount\s*=\s*["']\s*\+?0*([0-9]{1,30})""")
_LETTERS = 26


class Extent:
    """The cells that sheets span, laid out; beyond the limit it raises UnreadableFileError."""

    def __init__(self, limits: Limits) -> None:
        """Start with no sheet."""
        self._limits = limits
        self._before = 0  # in sheets that are done
        self.rows = self.columns = 0

    def reach(self, row: int, column: int) -> None:
        """Take in a cell, rows and columns counted from 1."""
        self.rows = max(self.rows, row)
        self.columns = max(self.columns, column)
        if self._before + self.rows * self.columns > self._limits.cells:
            message = (
                f"a sheet reaches to row {self.rows:,} and column {self.columns:,}, "
                f"the most is {self._limits.cells:,} cells"
            )
            raise UnreadableFileError(message)

    def end_sheet(self) -> None:
        """Begin another sheet; those of some kinds of workbook are in memory all at once."""
        self._before += self.rows * self.columns
        self.rows = self.columns = 0


def bound_xml_part(pieces: Iterable[bytes], lengths: Sequence[int], limits: Limits) -> None:
    """Refuse a part of xlsx whose cells lie far apart, or are too many, or hold too much text: `lengths` of strings.

    So is one that only says to hold too many strings.
    """
    extent = Extent(limits)
    texts = Texts(limits, lengths)
    ends = 0
    held = b""
    for piece in pieces:
        text = held + piece
        cut = text.rfind(b">") + 1  # no match goes across one
        text, held = text[:cut], text[cut:]
        if len(held) > limits.line:
            message = f"a part of the workbook has {limits.line:,} bytes without a tag, the most that is read at once"
            raise UnreadableFileError(message)
        for letters, number in set(_PLACE.findall(text)):
            extent.reach(int(number), _column_number(letters))
        ends += text.count(b"</")  # a cell with a value has two at least
        counts = [int(count) for count in set(_COUNT.findall(text))]
        if max(ends // 2 - 1, *counts, 0) > limits.cells:
            message = f"a part of the workbook has more than {limits.cells:,} cells or strings, the most that is read"
            raise UnreadableFileError(message)
        texts.add_xml(text)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * _LETTERS + letter - ord("A") + 1
    return number


#: Records of xlsb: a row begins; a cell, of whatever type, and one of a string shared with others; such a string.
_ROW, _CELLS, _SHARED, _STRING = 0, range(1, 12), 7, 0x13


def bound_binary_sheet(data: bytes, lengths: Sequence[int], limits: Limits) -> None:
    """Refuse a sheet of xlsb whose cells lie far apart or hold too much text: `lengths` of the strings they share."""
    extent, texts = Extent(limits), Texts(limits, lengths)
    row = 0
    for kind, at, length in _binary_records(data):
        if kind == _ROW and length:
            row = int.from_bytes(data[at : at + 4], "little")
        elif kind in _CELLS:
            column = int.from_bytes(data[at : at + 4], "little")
            if row >= extent.rows or column >= extent.columns:
                extent.reach(row + 1, column + 1)
            if kind == _SHARED:
                texts.add_shared(int.from_bytes(data[at + 8 : at + 12], "little"))


def lengths_in_binary(data: bytes) -> list[int]:
    """Give the lengths of the strings that cells of xlsb share."""
    return [
        2 * int.from_bytes(data[at + 1 : at + 5], "little") for kind, at, _ in _binary_records(data) if kind == _STRING
    ]


def _binary_records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Give the number of each record, where its body begins, and its length: numbers of 7 bits a byte."""
    at, end = 0, len(data)
    while at < end:
        kind = data[at]
        at += 1
        if kind > _LOW and at < end:
            kind = kind & _LOW | (data[at] & _LOW) << 7
            at += 1
        length = shift = 0
        for _ in range(4):
            part = data[at] if at < end else 0
            at += 1
            length |= (part & _LOW) << shift
            shift += 7
            if part <= _LOW:
                break
        yield kind, at, length
        at += length


_LOW = 0x7F
#: Records of xls: where a sheet begins, how large it says it is, its end; that all is encrypted; shared strings, and
#: the rest of a record; cells: several, of a shared string, of any kind.
_SHEET, _SIZE, _EOF, _ENCRYPTED, _STRINGS, _MORE = 0x0085, 0x0200, 0x000A, 0x002F, 0x00FC, 0x003C
_SEVERAL, _OF_STRING = 0x00BD, 0x00FD
_SIZES = {10: "<4H", 14: "<2I2H"}
_XLS_CELLS = {0x0006, _SEVERAL, 0x00D6, _OF_STRING, 0x0203, 0x0204, 0x0205, 0x027E}


def bound_old_workbook(data: bytes, limits: Limits) -> None:
    """Refuse an xls file whose cells lie far apart or hold too much text, in all its sheets: they are read all at once.

    The library would read one with a password as it stands, encrypted.
    """
    for stream in CompoundFile(data).streams("Workbook", "Book"):
        places, strings = _of_workbook(stream)
        extent, texts = Extent(limits), Texts(limits, lengths_in_old_records(strings))
        for sheet in places:
            _reach_in_sheet(stream, sheet, extent, texts)
            extent.end_sheet()


def _of_workbook(stream: bytes) -> tuple[list[int], list[bytes]]:
    """Find where the sheets begin, and the record of shared strings with those that go on with it."""
    places: list[int] = []
    strings: list[bytes] = []
    before = 0
    for kind, at, length in _old_records(stream, 0):
        if kind == _ENCRYPTED:
            raise UnreadableFileError(PASSWORD)
        if kind == _SHEET and at + 4 <= len(stream):
            places.append(struct.unpack_from("<I", stream, at)[0])
        elif kind == _STRINGS or (kind == _MORE and before == _STRINGS):
            strings.append(stream[at : at + length])
            kind = _STRINGS  # noqa: PLW2901 - the record goes on
        before = kind
    return places, strings


def _old_records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Give the number of each record up to the end of a sheet, where its body begins, and its length."""
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<2H", stream, at)
        if kind == _EOF:
            return
        yield kind, at + 4, length
        at += 4 + length


def _reach_in_sheet(stream: bytes, start: int, extent: Extent, texts: Texts) -> None:
    for kind, at, length in _old_records(stream, start):
        if at + length > len(stream):
            return
        if kind in _XLS_CELLS and length >= 4:  # noqa: PLR2004 - row and column
            row, column = struct.unpack_from("<2H", stream, at)
            if kind == _SEVERAL:
                column = max(column, struct.unpack_from("<H", stream, at + length - 2)[0])
            if row >= extent.rows or column >= extent.columns:
                extent.reach(row + 1, column + 1)
            if kind == _OF_STRING:
                texts.add_shared(int.from_bytes(stream[at + 6 : at + length], "little"))
        elif kind == _SIZE and length in _SIZES:
            top, bottom, left, right = struct.unpack_from(_SIZES[length], stream, at)
            if top > bottom or left > right:
                raise ValueError("a sheet of less than no size")
            extent.reach(bottom, right)  # room is made for so many cells before any is read


_ROW_END, _TABLE_END = b"</table:table-row>", b"</table:table>"
_ATTRIBUTES = rb"""((?:[^>"']|"[^"]*"|'[^']*')*)>"""
_ODS_ROW = re.compile(rb"<table:table-row\b" + _ATTRIBUTES)
_ODS_CELL = re.compile(rb"<table:(?:covered-)?table-cell\b" + _ATTRIBUTES)
_REPEATED = re.compile(rb"""table:number-(?:rows|columns)-repeated\s*=\s*["'](\d{1,12})["']""")
#: Bytes of a cell's tags and attributes, about.
_TAGS = 200
_NO_MARKUP = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


def bound_open_document(pieces: Iterable[bytes], limits: Limits) -> None:
    """Refuse the content of an ods file that spans too many cells, rows and cells repeated by a number among them."""
    extent, texts = Extent(limits), Texts(limits)
    row_number = 0
    for text, ends_sheet in _rows_of(pieces, limits):
        opened = _ODS_ROW.search(text)
        times = _times(opened.group(1)) if opened else 1
        row_number += times
        width, size = _width(text)
        if width:
            extent.reach(row_number, width)
            texts.add(times * size)
        if ends_sheet:
            extent.end_sheet()
            row_number = 0


def _rows_of(pieces: Iterable[bytes], limits: Limits) -> Iterator[tuple[bytes, bool]]:
    """Cut the text behind each row, and say whether a sheet ends there."""
    held = b""
    for piece in pieces:
        held += piece
        kept = b""
        if b"<!" in held:
            held = _NO_MARKUP.sub(b"", held)
            if (at := held.find(b"<!")) >= 0:  # not complete yet
                held, kept = held[:at], held[at:]
        *rows, held = held.split(_ROW_END)
        for row in rows:
            before, end, behind = row.rpartition(_TABLE_END)
            if end:
                yield before, True
            yield behind, False
        held += kept
        if len(held) > limits.line:
            message = f"a row of the workbook has more than {limits.line:,} bytes, the most that is read as one row"
            raise UnreadableFileError(message)


def _width(row: bytes) -> tuple[int, int]:
    """Count the cells of a row up to the last that holds something, and the text of them all if any is repeated.

    A text that is not repeated takes no more memory than bytes of the file.
    """
    if b"repeated" not in row:
        return row.count(b"<table:table-cell") + row.count(b"<table:covered-table-cell"), 0
    width = place = size = 0
    cells = list(_ODS_CELL.finditer(row))
    for cell, end in zip(cells, [*(cell.start() for cell in cells[1:]), len(row)], strict=True):
        attributes = cell.group(1)
        times = _times(attributes)
        place += times
        if not attributes.endswith(b"/") or b"value" in attributes or b"formula" in attributes:
            width = place
            size += times * max(end - cell.start() - _TAGS, 0)
    return width, size


def _times(attributes: bytes) -> int:
    return max(map(int, _REPEATED.findall(attributes)), default=1) or 1

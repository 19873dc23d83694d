"""How far the cells of a sheet reach, found before a library lays out everything between them in memory.

A library that runs out of memory takes its process along, and with it the other files.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable

from dq.errors import UnreadableFileError
from dq.formats.compound_file import CompoundFile
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


def bound_xml_part(pieces: Iterable[bytes], limits: Limits) -> None:
    """Refuse a part of xlsx whose cells lie far apart, or are too many, or that says to hold too many strings."""
    extent = Extent(limits)
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


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * _LETTERS + letter - ord("A") + 1
    return number


#: Records of xlsb: a row begins; a cell, of whatever type.
_ROW, _CELLS = 0, range(1, 12)


def bound_binary_sheet(data: bytes, limits: Limits) -> None:
    """Refuse a sheet of xlsb whose cells lie far apart: records of a number, a length and that many bytes."""
    extent = Extent(limits)
    at, end, row = 0, len(data), 0
    while at < end:
        kind = data[at]
        at += 1
        if kind > 0x7F and at < end:  # noqa: PLR2004 - numbers of 7 bits a byte
            kind = kind & 0x7F | (data[at] & 0x7F) << 7
            at += 1
        length = shift = 0
        for _ in range(4):
            part = data[at] if at < end else 0
            at += 1
            length |= (part & 0x7F) << shift
            shift += 7
            if part <= 0x7F:  # noqa: PLR2004 - as above
                break
        if kind == _ROW and length:
            row = int.from_bytes(data[at : at + 4], "little")
        elif kind in _CELLS:
            column = int.from_bytes(data[at : at + 4], "little")
            if row >= extent.rows or column >= extent.columns:
                extent.reach(row + 1, column + 1)
        at += length


#: Records of xls: where a sheet begins, how large it says it is, its end; that all is encrypted; cells, one or several.
_SHEET, _SIZE, _EOF, _ENCRYPTED, _SEVERAL = 0x0085, 0x0200, 0x000A, 0x002F, 0x00BD
_SIZES = {10: "<4H", 14: "<2I2H"}
_XLS_CELLS = {0x0006, _SEVERAL, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E}


def bound_old_workbook(data: bytes, limits: Limits) -> None:
    """Refuse an xls file whose cells lie far apart, in all its sheets together: they are read all at once.

    The library would read one with a password as it stands, encrypted.
    """
    for stream in CompoundFile(data).streams("Workbook", "Book"):
        extent = Extent(limits)
        for sheet in _sheet_places(stream):
            _reach_in_sheet(stream, sheet, extent)
            extent.end_sheet()


def _sheet_places(stream: bytes) -> list[int]:
    """Find where the sheets begin."""
    places = []
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<2H", stream, at)
        if kind == _EOF:
            break
        if kind == _ENCRYPTED:
            raise UnreadableFileError(PASSWORD)
        if kind == _SHEET and at + 8 <= len(stream):
            places.append(struct.unpack_from("<I", stream, at + 4)[0])
        at += 4 + length
    return places


def _reach_in_sheet(stream: bytes, at: int, extent: Extent) -> None:
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<2H", stream, at)
        if kind == _EOF:
            break
        if kind in _XLS_CELLS and length >= 4 and at + 4 + length <= len(stream):  # noqa: PLR2004 - row and column
            row, column = struct.unpack_from("<2H", stream, at + 4)
            if kind == _SEVERAL:
                column = max(column, struct.unpack_from("<H", stream, at + 2 + length)[0])
            if row >= extent.rows or column >= extent.columns:
                extent.reach(row + 1, column + 1)
        elif kind == _SIZE and length in _SIZES and at + 4 + length <= len(stream):
            top, bottom, left, right = struct.unpack_from(_SIZES[length], stream, at + 4)
            if top > bottom or left > right:
                raise ValueError("a sheet of less than no size")
            extent.reach(bottom, right)  # room is made for so many cells before any is read
        at += 4 + length


_ROW_END, _TABLE_END = b"</table:table-row>", b"</table:table>"
_ATTRIBUTES = rb"""((?:[^>"']|"[^"]*"|'[^']*')*)>"""
_ODS_ROW = re.compile(rb"<table:table-row\b" + _ATTRIBUTES)
_ODS_CELL = re.compile(rb"<table:(?:covered-)?table-cell\b" + _ATTRIBUTES)
_REPEATED = re.compile(rb"""table:number-(?:rows|columns)-repeated\s*=\s*["'](\d{1,12})["']""")
_NO_MARKUP = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


def bound_open_document(pieces: Iterable[bytes], limits: Limits) -> None:
    """Refuse the content of an ods file that spans too many cells, rows and cells repeated by a number among them."""
    extent = Extent(limits)
    row_number = 0
    for text, ends_sheet in _rows_of(pieces, limits):
        opened = _ODS_ROW.search(text)
        row_number += _times(opened.group(1)) if opened else 1
        width = _width(text)
        if width:
            extent.reach(row_number, width)
        if ends_sheet:
            extent.end_sheet()
            row_number = 0


def _rows_of(pieces: Iterable[bytes], limits: Limits) -> Iterable[tuple[bytes, bool]]:
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


def _width(row: bytes) -> int:
    """Count the cells of a row up to the last that holds something."""
    if b"repeated" not in row:
        return row.count(b"<table:table-cell") + row.count(b"<table:covered-table-cell")
    width = place = 0
    for cell in _ODS_CELL.finditer(row):
        attributes = cell.group(1)
        place += _times(attributes)
        if not attributes.endswith(b"/") or b"value" in attributes or b"formula" in attributes:
            width = place
    return width


def _times(attributes: bytes) -> int:
    return max(map(int, _REPEATED.findall(attributes)), default=1) or 1

"""Error cells of xls and xlsb sheets: the library gives them as empty cells, their records say where and which.

Both kinds are records of a number, a length and a body, those of xls in a stream of a compound file ([MS-XLS] 2.4,
[MS-CFB]), those of xlsb in a part of an archive ([MS-XLSB] 2.3). A sheet is walked through only where its bytes may
hold such a record at all.
"""

from __future__ import annotations

import re
import struct
import zipfile
from array import array
from collections.abc import Iterator
from typing import TypeAlias

from dq.formats.excel.package import Package
from dq.formats.excel.wide_records import wide_records

#: The texts of error cells by their places, row and column counted from 0.
Errors: TypeAlias = "dict[tuple[int, int], str]"

_SHOWN = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip
_CODE = rb"[\x00\x07\x0f\x17\x1d\x24\x2a\x2b]"
_MAYBE_XLS = re.compile(rb"\x05\x02\x08\x00.{6}" + _CODE + rb"\x01|\x02." + _CODE + rb".{3}\xff\xff", re.DOTALL)
_MAYBE_XLSB = re.compile(rb"\x03\x09.{8}" + _CODE + rb"|\x0b..{8}" + _CODE, re.DOTALL)

#: Records of xls: a sheet's place in the stream, the end of a sheet, a truth value or error, a formula with its result.
_BOUND_SHEET, _EOF, _BOOL_OR_ERROR, _FORMULA = 0x0085, 0x000A, 0x0205, 0x0006
#: Records of xlsb: a row, an error, a formula whose result is one.
_ROW, _ERROR, _ERROR_FORMULA = 0, 3, 11
#: Bytes of a sector, by their binary logarithm: of a compound file there are two kinds.
_SECTORS = {9: 512, 12: 4096}
#: What begins a compound file; what ends a chain of its sectors; the smallest stream that has sectors of its own.
_COMPOUND, _END_OF_CHAIN, _LEAST_STREAM = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0xFFFFFFFA, 4096


def xls_errors(data: bytes, sheet: int) -> Errors:
    """Find the error cells of a sheet of an xls file, by its place in the workbook; nothing in any other file."""
    if not data.startswith(_COMPOUND):
        return {}
    try:
        stream = _workbook_stream(data)
        if not _MAYBE_XLS.search(stream):
            return {}
        sheets = [at for number, at in _records(stream, 0) if number == _BOUND_SHEET]
        start = struct.unpack_from("<I", stream, sheets[sheet])[0]
        found = (_xls_error(stream, number, at) for number, at in _records(stream, start))
        return dict(filter(None, found))
    except (struct.error, LookupError, ValueError):
        return {}


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Give the number and the place of each record up to the end of a sheet, or of the workbook's own."""
    while at + 4 <= len(stream):
        number, length = struct.unpack_from("<2H", stream, at)
        if number == _EOF:
            return
        yield number, at + 4
        at += 4 + length


def _xls_error(stream: bytes, number: int, at: int) -> tuple[tuple[int, int], str] | None:
    if number == _BOOL_OR_ERROR:
        row, column, _, code, is_error = struct.unpack_from("<3H2B", stream, at)
        return ((row, column), _SHOWN[code]) if is_error and code in _SHOWN else None
    if number == _FORMULA:
        row, column, _, kind, _, code, *_, mark = struct.unpack_from("<3H6BH", stream, at)
        return ((row, column), _SHOWN[code]) if mark == 0xFFFF and kind == 2 and code in _SHOWN else None  # noqa: PLR2004
    return None


def _workbook_stream(data: bytes) -> bytes:
    """Put the sectors of the workbook's stream together; none where it is among the small streams."""
    size = _SECTORS[struct.unpack_from("<H", data, 30)[0]]
    directory, more = struct.unpack_from("<I", data, 48)[0], struct.unpack_from("<I", data, 68)[0]
    listed = [*struct.unpack_from("<109I", data, 76)]
    per_sector = size // 4
    seen = 0
    while more < _END_OF_CHAIN and seen <= len(data) // size:
        entries = struct.unpack_from(f"<{per_sector}I", data, (more + 1) * size)
        listed += entries[:-1]
        more = entries[-1]
        seen += 1
    table = array("I")
    for sector in listed:
        if sector < _END_OF_CHAIN:
            table.frombytes(data[(sector + 1) * size : (sector + 2) * size])
    entries_of = _chain(data, table, directory, size)
    for at in range(0, len(entries_of), 128):
        length = struct.unpack_from("<H", entries_of, at + 64)[0]
        name = entries_of[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        start, bytes_ = struct.unpack_from("<IQ", entries_of, at + 116)
        if name in {"Workbook", "Book"} and bytes_ >= _LEAST_STREAM:
            return _chain(data, table, start, size)[:bytes_]
    return b""


def _chain(data: bytes, table: array[int], sector: int, size: int) -> bytes:
    pieces: list[bytes] = []
    while sector < len(table) and len(pieces) <= len(table):
        pieces.append(data[(sector + 1) * size : (sector + 2) * size])
        sector = table[sector]
    return b"".join(pieces)


def xlsb_errors(archive: zipfile.ZipFile, package: Package, sheet: int) -> Errors:
    """Find the error cells of a sheet of an xlsb file, by its place in the workbook."""
    part = package.sheet_part(sheet)
    content = archive.read(part) if part else b""
    if not _MAYBE_XLSB.search(content):
        return {}
    found: Errors = {}
    row = 0
    for number, at in wide_records(content):
        if number == _ROW:
            row = int.from_bytes(content[at : at + 4], "little")
        elif number in {_ERROR, _ERROR_FORMULA}:
            shown = _SHOWN.get(content[at + 8])
            if shown is not None:
                found[row, int.from_bytes(content[at : at + 4], "little")] = shown
    return found

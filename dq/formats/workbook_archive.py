"""Workbooks as zip archives, looked at before a library expands them: bombs are refused."""

from __future__ import annotations

import io
import re
import zipfile
from typing import IO

from dq.errors import UnreadableFileError
from dq.formats.limits import Limits

_ENTRIES = 10_000
_PIECE = 1024 * 1024
_SMALL = 1024 * 1024
_WORKBOOKS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}
_SHEET = re.compile(r"xl/worksheets/[^/]*\.xml")
#: The place of a cell (`r="AB12"`) or of a row (`r="12"`).
_PLACE = re.compile(rb"""\br=["']([A-Z]{0,3})([0-9]{1,7})["']""")
_LONGEST_PLACE = 14


def refuse_bombs(data: bytes, limits: Limits) -> None:
    """Refuse an archive that would expand beyond the limits, by its directory and the places of its cells.

    Raises UnreadableFileError, and whatever zipfile raises for a broken archive.
    """
    if not data.startswith(b"PK"):
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        _refuse_expansion(entries, len(data), limits)
        if _WORKBOOKS.isdisjoint(entry.filename for entry in entries):
            names = ", ".join(repr(entry.filename[:60]) for entry in entries[:5]) or "nothing"
            message = f"the file is a zip archive that holds no workbook (but {names}); send the file itself"
            raise UnreadableFileError(message)
        for entry in entries:
            if _SHEET.fullmatch(entry.filename):
                with archive.open(entry) as sheet:
                    _refuse_scattered(sheet, limits)


def _refuse_expansion(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    size = sum(entry.file_size for entry in entries)
    most = min(8 * limits.whole, limits.expansion * max(packed, _SMALL))
    if len(entries) > _ENTRIES or size > most:
        message = (
            f"the workbook would expand from {packed:,} to {size:,} bytes in {len(entries):,} parts; "
            "such a file is refused as a decompression bomb"
        )
        raise UnreadableFileError(message)


def _refuse_scattered(sheet: IO[bytes], limits: Limits) -> None:
    """Refuse a sheet whose cells lie far apart: the library holds everything between them in memory."""
    rows = columns = 1
    before = b""
    while piece := sheet.read(_PIECE):
        for letters, number in set(_PLACE.findall(before + piece)):
            rows = max(rows, int(number))
            columns = max(columns, _column_number(letters))
        if rows * columns > limits.cells:
            message = f"a sheet reaches to row {rows:,} and column {columns:,}, the most is {limits.cells:,} cells"
            raise UnreadableFileError(message)
        before = piece[-_LONGEST_PLACE:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number

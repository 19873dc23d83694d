"""Workbooks as zip archives, looked at before a library expands them: bombs are refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO

from dq.errors import UnreadableFileError
from dq.formats.excel.extent import (
    PASSWORD,
    bound_binary_sheet,
    bound_old_workbook,
    bound_open_document,
    bound_xml_part,
    lengths_in_binary,
)
from dq.formats.excel.texts import lengths_in_xml
from dq.formats.limits import Limits

_ENTRIES = 10_000
_PIECE = 1024 * 1024
_SMALL = 1024 * 1024
_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_STRINGS, _BINARY_STRINGS = "xl/sharedStrings.xml", "xl/sharedStrings.bin"
_WORKBOOKS = {"xl/workbook.xml", "xl/workbook.bin", _CONTENT}
_OLD = b"\xd0\xcf\x11\xe0"


def refuse_bombs(data: bytes, limits: Limits) -> None:
    """Refuse a workbook that would expand beyond the limits: by its directory, and by the places of its cells.

    Raises UnreadableFileError, and whatever zipfile or struct raise for a broken file.
    """
    if data.startswith(_OLD):
        bound_old_workbook(data, limits)
    if not data.startswith(b"PK"):
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        _refuse_expansion(entries, len(data), limits)
        if _WORKBOOKS.isdisjoint(entry.filename for entry in entries):
            names = ", ".join(repr(entry.filename[:60]) for entry in entries[:5]) or "nothing"
            message = f"the file is a zip archive that holds no workbook (but {names}); send the file itself"
            raise UnreadableFileError(message)
        if _MANIFEST in archive.namelist() and b":encryption-data" in archive.read(_MANIFEST):
            raise UnreadableFileError(PASSWORD)
        lengths = _shared_strings(archive)
        for entry in entries:
            with archive.open(entry) as part:
                _refuse_scattered(entry.filename, part, lengths, limits)


def _refuse_expansion(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    size = sum(entry.file_size for entry in entries)
    most = min(8 * limits.whole, limits.expansion * max(packed, _SMALL))
    if len(entries) > _ENTRIES or size > most:
        message = (
            f"the workbook would expand from {packed:,} to {size:,} bytes in {len(entries):,} parts; "
            "such a file is refused as a decompression bomb"
        )
        raise UnreadableFileError(message)


def _shared_strings(archive: zipfile.ZipFile) -> list[int]:
    """Give the lengths of the strings that cells share."""
    if _STRINGS in archive.namelist():
        return lengths_in_xml(archive.read(_STRINGS))
    if _BINARY_STRINGS in archive.namelist():
        return lengths_in_binary(archive.read(_BINARY_STRINGS))
    return []


def _refuse_scattered(name: str, part: IO[bytes], lengths: Sequence[int], limits: Limits) -> None:
    """Refuse a part of a workbook whose cells lie far apart: the library holds everything between them in memory.

    Any part may be a sheet, whatever its name. All of it is read: so its size is known to be the one it claims.
    """
    first = part.read(_PIECE)
    pieces = _pieces(first, part)
    if name == _CONTENT:
        bound_open_document(pieces, limits)
    elif first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        bound_xml_part(pieces, lengths, limits)
    elif name.endswith(".bin"):
        bound_binary_sheet(b"".join(pieces), lengths, limits)
    else:
        for _ in pieces:
            pass


def _pieces(first: bytes, part: IO[bytes]) -> Iterator[bytes]:
    while first:
        yield first
        first = part.read(_PIECE)

"""Guessing where the first record of a byte range begins: at a line, unless that line break is likely quoted."""

from __future__ import annotations

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource
from dq.formats.csv.careful import careful_records
from dq.formats.csv.rows import too_long
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.schema.definition import FileFormat

_WINDOW = 64 * 1024
_MOST_WINDOW = 8 * 1024 * 1024
_RECORDS = 100


def find_start(source: ByteSource, layout: FileLayout, start: int, limits: Limits) -> int:
    """Find the first record start at or behind `start`, which is not the start of the file.

    Raises UnreadableFileError when no line ends within the limit.
    """
    position = start - 1
    window = source.read(position, _WINDOW)
    plain = window.find(b"\n") + 1
    if layout.format is FileFormat.CSV and layout.dialect.quote.encode() in window:
        inside = _end_of_quoted(window, layout)
        if inside and _fitting(window[inside:], layout) > _fitting(window[plain:] if plain else b"", layout):
            return position + inside
    size = _WINDOW
    while not plain:
        position += len(window)
        if position >= source.size:
            return source.size
        if position - start > limits.line:
            raise UnreadableFileError(too_long(limits))
        size = min(size * 2, _MOST_WINDOW)
        window = source.read(position, size)
        plain = window.find(b"\n") + 1
    return position + plain


def _fitting(text: bytes, layout: FileLayout) -> float:
    """Give the share of the first records of a text that have the right number of fields."""
    records = fitting = 0
    for record in careful_records(text, layout.dialect):
        if record.end == len(text) or records == _RECORDS:
            break
        if text[record.start : record.end].strip():
            records += 1
            fitting += len(record.cells) == len(layout.header)
    return fitting / records if records else 0.0


def _end_of_quoted(window: bytes, layout: FileLayout) -> int:
    """Find the end of the record whose quoted cell a text is supposed to begin in; 0 if there is none."""
    first = next(careful_records(layout.dialect.quote.encode() + window, layout.dialect), None)
    if first is None or first.open or first.end > len(window):
        return 0
    return first.end - 1

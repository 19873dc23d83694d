"""Guessing where the first record of a byte range begins: at a line, unless that line break is likely quoted."""

from __future__ import annotations

from dq.formats.csv.careful import careful_records
from dq.formats.layout import FileLayout

_RECORDS = 100


def first_record(window: bytes, layout: FileLayout) -> int:
    """Find the first record in a text cut out of a file, 0 where there is none: behind a line break, quoted or not.

    Supposed that the text begins in a quoted cell, its first record ends elsewhere: the more likely place is the one
    behind which more records have the right number of fields.
    """
    plain = window.find(b"\n") + 1
    if layout.dialect.quote.encode() in window:
        inside = _end_of_quoted(window, layout)
        if inside and _fitting(window[inside:], layout) > _fitting(window[plain:] if plain else b"", layout):
            return inside
    return plain


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

"""Why a record of CSV is no row, in words that are the same whoever read it."""

from __future__ import annotations

from typing import Final

from dq.formats.lines.text_check import looks_like

OPEN_QUOTE: Final = "quote opened and never closed"


def wrong_width(fields: int, width: int) -> str:
    """Say how many fields there are; beyond some number the exact one helps nobody, and there would be many reasons."""
    most = 2 * width + 8
    found = f"{fields:,} field" if fields == 1 else f"{fields:,} fields"
    return f"{found} instead of {width:,}" if fields <= most else f"more than {most:,} fields instead of {width:,}"


def not_utf8(record: bytes) -> str:
    """Say that a record is not UTF-8, and which encoding it may have."""
    encoding = looks_like(record)
    return f"not UTF-8 (declare csv.encoding{f'; it looks like {encoding}' if encoding else ''})"

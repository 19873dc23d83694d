"""Names of files: shown and kept as text of one line, whatever somebody called them, and no longer than is possible."""

from __future__ import annotations

from typing import Final

from etl_core.log.redaction import one_line

#: Characters of a name that are kept in `meta`, and bytes of one that file systems take.
_MOST: Final = 255
_END: Final = 50


def shown_name(name: str) -> str:
    r"""A name that can be written and stays in its line: other characters, and bytes that are no UTF-8, as escapes.

    >>> shown_name("citizens\n2026-01 M\udcfcller.xlsx")
    'citizens\\n2026-01 M\\udcfcller.xlsx'
    """
    shown = one_line(name)
    return shown if len(shown) <= _MOST else f"{shown[: _MOST - _END - 1]}…{shown[-_END:]}"


def marked_name(name: str, mark: str, suffix: str | None = None) -> str:
    """A file's name with a mark before its suffix, or before another one; the beginning is cut where it is too long.

    >>> marked_name("citizens_2026-01.xlsx", "a1b2"), marked_name("citizens", "a1b2"), marked_name("c.xlsx", "7", "csv")
    ('citizens_2026-01.a1b2.xlsx', 'citizens.a1b2', 'c.7.csv')
    >>> len(marked_name(f"{'ü' * 200}.xlsx", "a1b2").encode()) <= 255
    True
    """
    stem, _, own = name.rpartition(".")
    if not stem:  # .xlsx, or no suffix at all
        stem, own = name, ""
    end = f".{mark}.{own if suffix is None else suffix}".rstrip(".")
    room = _MOST - len(end.encode())
    return stem.encode()[: max(room, 0)].decode(errors="ignore") + end

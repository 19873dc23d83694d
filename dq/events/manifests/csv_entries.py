"""Entries of a manifest in CSV, with or without a header line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dq.events.announcement import Rejected
from dq.events.dialects.bare_form import read_bare
from dq.events.manifests.lines import Lines, TooLongError, in_line

if TYPE_CHECKING:
    from dq.events.announcement import Part

_COLUMNS = ("bucket", "key", "version_id")
_MORE_COLUMNS = ("etag", "last_modified", "size")


def read_csv(lines: Lines) -> Iterator[Part]:
    """The entries; a line that is none is rejected by its number."""
    rows = csv.reader(lines, strict=True)
    names: tuple[str, ...] | None = None
    while True:
        lines.forget()
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Rejected(f"manifest line {lines.number}: {error}", lines.written())
            continue
        except TooLongError as error:
            yield error.rejected
            continue
        if not any(cell.strip() for cell in row):
            continue
        if names is None:
            heads = tuple(cell.strip().lower() for cell in row)
            names = heads if {"bucket", "key"} <= set(heads) else _COLUMNS
            if names is heads:
                continue
        yield _read_row(names, row, lines.number, lines.written())


def _read_row(names: tuple[str, ...], row: list[str], line: int, written: str) -> Part:
    if len(row) > len(names) or len(row) < min(len(names), 2):
        return Rejected(f"manifest line {line}: {len(row)} cells, expected {','.join(names)}", written)
    cells: dict[str, object] = {
        name: cell for name, cell in zip(names, row, strict=False) if name in (*_COLUMNS, *_MORE_COLUMNS) and cell
    }
    size = cells.get("size")
    if isinstance(size, str) and size.isascii() and size.isdigit():
        cells["size"] = int(size)
    return in_line(line, read_bare(cells, written, source="manifest"))

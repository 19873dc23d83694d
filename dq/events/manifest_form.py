"""The text of a batch manifest: a list of objects as JSON, JSON Lines or CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from dq.events.announcement import Announcement, Rejected, collect
from dq.events.dialects.bare_form import read_bare
from dq.events.notification import AnnouncementLimits, parse_announcement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dq.events.announcement import Skipped
    from dq.events.object_event import ObjectEvent

_COLUMNS = ("bucket", "key", "version_id")
_MORE_COLUMNS = ("etag", "last_modified", "size")
_ANY_LENGTH = AnnouncementLimits(most_bytes=2**40)


def parse_manifest(text: str, *, written_at: datetime | None = None) -> Announcement:
    """The objects a manifest lists, keys as they stand.

    JSON and JSON Lines hold the bare form (or announcements of any dialect). CSV has the columns
    `bucket,key[,version_id]`, in this order when there is no header line; a header may name them in any
    order and add `etag`, `size`, `last_modified`.

    Args:
        text: the whole manifest.
        written_at: aware, when the manifest was written. It becomes the time of entries that carry none, so
            the same manifest read twice announces the same, and a later one announces its objects anew.
    """
    stripped = text.removeprefix("\ufeff").lstrip()
    if stripped[:1] in {"[", "{"}:
        found = parse_announcement(text, limits=_ANY_LENGTH)
        events = tuple(replace(event, source="manifest") if event.source == "bare" else event for event in found.events)
        found = replace(found, events=events)
    else:
        found = collect(_read_csv(text.removeprefix("\ufeff")))
    if written_at is None:
        return found
    return replace(found, events=tuple(e if e.event_time else replace(e, event_time=written_at) for e in found.events))


def _read_csv(text: str) -> Iterator[ObjectEvent | Skipped | Rejected]:
    lines = list(io.StringIO(text, newline=""))
    rows = csv.reader(lines, strict=True)
    names: tuple[str, ...] | None = None
    start = 0
    while start < len(lines):
        try:
            row = next(rows, [])
        except csv.Error as error:
            start, written = rows.line_num, "".join(lines[start : rows.line_num])
            yield Rejected(f"manifest line {start}: {error}", written.strip("\r\n"))
            continue
        start, written = rows.line_num, "".join(lines[start : rows.line_num])
        if not any(cell.strip() for cell in row):
            continue
        if names is None:
            heads = tuple(cell.strip().lower() for cell in row)
            names = heads if {"bucket", "key"} <= set(heads) else _COLUMNS
            if names is heads:
                continue
        yield _read_row(names, row, start, written.strip("\r\n"))


def _read_row(names: tuple[str, ...], row: list[str], line: int, written: str) -> ObjectEvent | Skipped | Rejected:
    if len(row) > len(names) or len(row) < min(len(names), 2):
        return Rejected(f"manifest line {line}: {len(row)} cells, expected {','.join(names)}", written)
    cells: dict[str, object] = {
        name: cell for name, cell in zip(names, row, strict=False) if name in (*_COLUMNS, *_MORE_COLUMNS) and cell
    }
    size = cells.get("size")
    if isinstance(size, str) and size.isascii() and size.isdigit():
        cells["size"] = int(size)
    part = read_bare(cells, written, source="manifest")
    return replace(part, reason=f"manifest line {line}: {part.reason}") if isinstance(part, Rejected) else part

"""The text of a batch manifest: a list of objects as JSON, JSON Lines or CSV, read as it goes by.

However many objects it lists, no more of it is held than one entry, which may have a million characters. A JSON
document over several lines that is no array is the exception, and has a limit of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from dq.events.manifests.csv_entries import read_csv
from dq.events.manifests.json_entries import read_array, read_document, read_json_lines
from dq.events.manifests.lines import MOST_OF_ENTRY, Lines
from dq.events.object_event import ObjectEvent

if TYPE_CHECKING:
    from datetime import datetime

    from dq.events.announcement import Part


def read_entries(file: TextIO, *, written_at: datetime | None = None) -> Iterator[Part]:
    """The objects a manifest lists, keys as they stand.

    JSON and JSON Lines hold the bare form (or announcements of any dialect). CSV has the columns
    `bucket,key[,version_id]`, in this order when there is no header line; a header may name them in any
    order and add `etag`, `size`, `last_modified`. Lines that are no entries are rejected by their number.

    Args:
        file: the manifest as text, with its line breaks as they are (`newline=""`).
        written_at: aware, when the manifest was written. It becomes the time of entries that carry none, so
            the same manifest read twice announces the same, and a later one announces its objects anew.

    Raises:
        UsageError: an array is not JSON from some entry on, or a JSON document is too long to be held; what came
            before it was given already.
    """
    for part in _parts(file):
        if isinstance(part, ObjectEvent):
            source = "manifest" if part.source == "bare" else part.source
            yield replace(part, source=source, event_time=part.event_time or written_at)
        else:
            yield part


def _parts(file: TextIO) -> Iterator[Part]:
    number, first = 0, ""
    while not first.strip():
        first = file.readline(MOST_OF_ENTRY + 1)
        if not first:
            return
        first = first.removeprefix("\ufeff") if number == 0 else first
        number += 1
    is_whole = len(first) <= MOST_OF_ENTRY
    match first.lstrip()[:1]:
        case "[" if not (is_whole and _is_json(first)):
            yield from read_array(first, file)
        case "{" if is_whole and not _is_json(first):
            yield from read_document(first, file)
        case "[" | "{":
            yield from read_json_lines(Lines(file, number, first))
        case _:
            yield from read_csv(Lines(file, number, first))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True

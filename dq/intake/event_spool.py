"""Parts of announcements that wait on disk: a first pass looks at all of them, a second one announces them.

So that what is checked before anything is announced is what is announced, whatever happens at the source meanwhile.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dq.events.announcement import Rejected, Skipped, in_pieces
from dq.events.object_event import ObjectEvent
from etl_core.spilling.record_file import RecordFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.events.announcement import Announcement, Part

_SKIPPED, _REJECTED, _EVENT = b"s", b"r", b"e"


class EventSpool:
    """Parts in the order in which they were added, in a temporary file. Close it."""

    def __init__(self) -> None:
        self._file = RecordFile()
        self.events = 0

    def add(self, part: Part) -> None:
        """Add a part.

        Raises:
            NoTemporarySpaceError: the folder for temporary files takes no more.
        """
        match part:
            case Skipped():
                self._write(_SKIPPED, [part.kind, part.reason, part.subject])
            case Rejected():
                self._write(_REJECTED, [part.reason, part.body])
            case _:
                self.events += 1
                self._write(_EVENT, _fields(part))

    def pieces(self) -> Iterator[Announcement]:
        """All parts, as announcements of moderate size."""
        return in_pieces(_part(kind, json.loads(text)) for kind, text in self._file)

    def _write(self, kind: bytes, fields: list[str | int | None]) -> None:
        self._file.add(kind, json.dumps(fields).encode())

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()


def _fields(event: ObjectEvent) -> list[str | int | None]:
    moment = None if event.event_time is None else event.event_time.isoformat()
    names = (event.bucket, event.key, event.version_id, event.etag)
    return [*names, event.size, event.sequencer, moment, event.source]


def _part(kind: bytes, fields: list[Any]) -> Part:
    if kind == _SKIPPED:
        return Skipped(*fields)
    if kind == _REJECTED:
        return Rejected(*fields)
    bucket, key, version_id, etag, size, sequencer, moment, source = fields
    return ObjectEvent(
        bucket=bucket,
        key=key,
        version_id=version_id,
        etag=etag,
        size=size,
        sequencer=sequencer,
        event_time=None if moment is None else datetime.fromisoformat(moment),
        source=source,
    )

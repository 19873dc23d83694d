"""Which objects a backfill is about, as they are listed: a few are held at a time, whatever there are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dq.events.announcement import in_pieces
from dq.events.object_event import ObjectEvent
from dq.intake.listing import list_objects
from dq.intake.manifest import read_manifest
from etl_core.objects.store import Peek

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dq.batch.doors import Doors
    from dq.events.announcement import Announcement, Part


@dataclass(frozen=True, slots=True)
class Choice:
    """Objects under `prefix` or in `manifest`, one of which is given, last modified from `since` on, before `until`."""

    prefix: str | None = None
    manifest: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def has(self, event: ObjectEvent) -> bool:
        """Whether an object belongs to the span; where nobody knows when it was modified it does."""
        moment = event.event_time
        if moment is None:
            return True
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)


def choose(choice: Choice, doors: Doors) -> Iterator[Announcement]:
    """The objects in pieces of moderate size, each with its last-modified where it is there.

    Raises:
        UsageError: the prefix or the manifest cannot be read, or not to its end.
        StorageUnavailableError: the object store did not answer.
    """
    parts: Iterator[Part]
    if choice.prefix is not None:
        parts = list_objects(doors.objects, choice.prefix)
    else:
        parts = read_manifest(doors.objects, str(choice.manifest))
    for piece in in_pieces(parts):
        events = piece.events if choice.prefix is not None else with_heads(piece.events, doors)
        yield replace(piece, events=tuple(event for event in events if choice.has(event)))


def with_heads(events: tuple[ObjectEvent, ...], doors: Doors) -> tuple[ObjectEvent, ...]:
    """The events with etag, size and last-modified of the objects; of those not to be had, as they were.

    Buckets that are not ours are not asked.
    """
    ours = {place: one for place, one in enumerate(events) if doors.accepts(one.bucket)}
    wanted = {place: (one.bucket, one.key, one.version_id) for place, one in ours.items()}
    peeks = doors.objects.peek_all(wanted) if wanted else {}
    return tuple(_seen(event, peeks.get(place)) for place, event in enumerate(events))


def _seen(event: ObjectEvent, peek: object) -> ObjectEvent:
    if not isinstance(peek, Peek):
        return event
    head = peek.head
    return replace(event, etag=head.etag, size=head.size, event_time=head.last_modified)

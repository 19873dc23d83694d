"""Which rows of the ledger an announcement is about: the unique index of `conf/sql/pipeline.sql`, in both languages."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, DateTime, and_, case, func, literal_column, tuple_

from dq.ledger.tables import object_inbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dq.events.object_event import ObjectEvent

_CHUNK = 500
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def _event_time_if_it_counts(event: ObjectEvent) -> datetime | None:
    return event.event_time if event.version_id is None and event.sequencer is None else None


def sort_key(event: ObjectEvent) -> tuple[Any, ...]:
    """The order in which rows are inserted and locked everywhere, so that no two transactions wait for each other."""
    version, etag, sequencer = event.version_id or "", event.etag or "", event.sequencer or ""
    return (event.bucket, event.key, version, etag, sequencer, _event_time_if_it_counts(event) or _NEVER)


def is_about(events: Iterable[ObjectEvent]) -> ColumnElement[bool]:
    """The condition that a row is that of one of `events` (not too many at once)."""
    c = object_inbox.c
    counts = case((and_(c.version_id.is_(None), c.sequencer.is_(None)), c.event_time))
    infinite: ColumnElement[datetime] = literal_column("timestamptz '-infinity'", DateTime(timezone=True))
    columns = tuple_(
        c.bucket,
        c.key,
        func.coalesce(c.version_id, ""),
        func.coalesce(c.etag, ""),
        func.coalesce(c.sequencer, ""),
        func.coalesce(counts, infinite),
    )
    wanted = []
    for event in events:
        moment = _event_time_if_it_counts(event)
        wanted.append(tuple_(*sort_key(event)[:5], infinite if moment is None else moment))
    return columns.in_(wanted)


def chunks(events: Sequence[ObjectEvent]) -> Iterator[Sequence[ObjectEvent]]:
    """The events in parts that one statement can take."""
    return (events[start : start + _CHUNK] for start in range(0, len(events), _CHUNK))

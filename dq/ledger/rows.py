"""Rows of the ledger: which of them an announcement is about, and the data they stand for.

What makes two announcements one row is the unique index of `conf/sql/pipeline.sql`; it is told here in both languages.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, Text, and_, case, cast, column, func, literal_column
from sqlalchemy.dialects.postgresql import ARRAY

from dq.events.object_event import ObjectEvent
from dq.ledger.tables import object_inbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import RowMapping
    from sqlalchemy.types import TypeEngine

#: How the reason of a row begins that a person closed.
DISCARDED = "discarded: "
#: What is announced of an object, as columns of the ledger.
_ANNOUNCED: Mapping[str, TypeEngine[Any]] = {
    "bucket": Text(),
    "key": Text(),
    "version_id": Text(),
    "etag": Text(),
    "sequencer": Text(),
    "size": BigInteger(),
    "event_time": DateTime(timezone=True),
    "source": Text(),
}
_CHUNK = 1000
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def _event_time_if_it_counts(event: ObjectEvent) -> datetime | None:
    return event.event_time if event.version_id is None and event.sequencer is None else None


def sort_key(event: ObjectEvent) -> tuple[Any, ...]:
    """The order in which rows are inserted and locked everywhere, so that no two transactions wait for each other."""
    version, etag, sequencer = event.version_id or "", event.etag or "", event.sequencer or ""
    return (event.bucket, event.key, version, etag, sequencer, _event_time_if_it_counts(event) or _NEVER)


def given(events: Sequence[ObjectEvent]) -> Any:  # noqa: ANN401  SQLAlchemy's type of it has no columns
    """The events (not too many at once) as a table of what was announced, which a statement can read."""
    columns = [column(name, type_) for name, type_ in _ANNOUNCED.items()]
    values = [cast([getattr(event, name) for event in events], ARRAY(type_)) for name, type_ in _ANNOUNCED.items()]
    return func.unnest(*values).table_valued(*columns, name="given").render_derived()


def is_of(events: Any) -> ColumnElement[bool]:  # noqa: ANN401  as above
    """The condition that a row of the ledger is that of an event of a table that `given` made."""
    return and_(*(row == event for row, event in zip(_identity(object_inbox.c), _identity(events.c), strict=True)))


def _identity(c: Any) -> tuple[ColumnElement[Any], ...]:  # noqa: ANN401  as above
    counts = case((and_(c.version_id.is_(None), c.sequencer.is_(None)), c.event_time))
    infinite: ColumnElement[datetime] = literal_column("timestamptz '-infinity'", DateTime(timezone=True))
    texts = (func.coalesce(c[name], "") for name in ("version_id", "etag", "sequencer"))
    return (c.bucket, c.key, *texts, func.coalesce(counts, infinite))


def chunks(events: Sequence[ObjectEvent]) -> Iterator[Sequence[ObjectEvent]]:
    """The events in parts that one statement can take."""
    return (events[start : start + _CHUNK] for start in range(0, len(events), _CHUNK))


def event_of(row: RowMapping) -> ObjectEvent:
    """The event a row was made from."""
    return ObjectEvent(
        bucket=row["bucket"],
        key=row["key"],
        version_id=row["version_id"],
        etag=row["etag"],
        size=row["size"],
        sequencer=row["sequencer"],
        event_time=row["event_time"],
        source=row["source"],
    )


def starting_over(now: datetime) -> dict[str, Any]:
    """The values of a row that is due again as if it had never been tried."""
    return {
        "state": "pending",
        "reason": None,
        "attempts": 0,
        "lost_leases": 0,
        "finished_at": None,
        "lease_owner": None,
        "lease_until": None,
        "due_at": now,
        "updated_at": now,
    }

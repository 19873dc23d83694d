"""How announced objects, and what could not be understood, get into the ledger."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert

from dq.ledger.inbox_item import Added
from dq.ledger.rows import chunks, given, sort_key
from dq.ledger.tables import announcement_dead_letter, object_inbox
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from dq.events.announcement import Rejected
    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource


def add_events(connection: Connection, events: Sequence[ObjectEvent], now: datetime) -> Added:
    """Insert rows for events, in one order everywhere; a version that is there already stays as it is."""
    ordered = in_order(events)
    new = sum(len(insert_events(connection, chunk, now)) for chunk in chunks(ordered))
    return Added(new=new, known=len(events) - new)


def in_order(events: Sequence[ObjectEvent]) -> list[ObjectEvent]:
    """Each event once, in the order in which rows are inserted."""
    return sorted(dict.fromkeys(events), key=sort_key)


def insert_events(
    connection: Connection, events: Sequence[ObjectEvent], now: datetime, run_window: WindowSource | None = None
) -> list[int]:
    """Insert rows for events (not too many at once) that have none; the ids of those rows."""
    announced = given(events)
    fresh = {"received_at": now, "updated_at": now, "due_at": now, "run_window": run_window}
    values = [literal(value, object_inbox.c[name].type).label(name) for name, value in fresh.items()]
    rows = select(*announced.c, *values)
    statement = insert(object_inbox).from_select([*announced.c.keys(), *fresh], rows).on_conflict_do_nothing()
    return list(connection.scalars(statement.returning(object_inbox.c.id)))


def add_dead_letters(connection: Connection, rejected: Sequence[Rejected], now: datetime, source: str) -> Added:
    """Insert what could not be understood; `source` says where it came from. A text that is there stays as it is."""
    letters = {}
    for letter in rejected:
        body = storable(letter.body)
        digest = _digest(body)
        letters[digest] = {
            "received_at": now,
            "source": source,
            "reason": storable(letter.reason),
            "body": body,
            "digest": digest,
        }
    if not letters:
        return Added()
    statement = insert(announcement_dead_letter).on_conflict_do_nothing()
    rows = [letters[digest] for digest in sorted(letters)]
    made = connection.execute(statement.returning(announcement_dead_letter.c.id), rows).all()
    return Added(dead_letters=len(made))


def _digest(body: str) -> str:
    """What tells texts apart: the same one delivered twice is one letter."""
    return hashlib.sha256(body.encode()).hexdigest()


def open_letters(connection: Connection, rejected: Sequence[Rejected]) -> int:
    """How many of these are kept, and nobody closed them."""
    digests = {_digest(storable(letter.body)) for letter in rejected}
    if not digests:
        return 0
    c = announcement_dead_letter.c
    query = select(func.count()).where(c.digest.in_(digests), c.closed_as.is_(None))
    return connection.scalar(query) or 0

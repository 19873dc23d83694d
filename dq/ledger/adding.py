"""How announced objects, and what could not be understood, get into the ledger."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from dq.ledger.identity import chunks, is_about, sort_key
from dq.ledger.inbox_item import OPEN_STATES, Added
from dq.ledger.rows import starting_over
from dq.ledger.tables import announcement_dead_letter, object_inbox
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from dq.events.announcement import Rejected
    from dq.events.object_event import ObjectEvent

_C = object_inbox.c


def add_events(connection: Connection, events: Sequence[ObjectEvent], now: datetime, *, force: bool) -> Added:
    """Insert rows for events, in one order everywhere; `force` opens ended ones again."""
    ordered = sorted(dict.fromkeys(events), key=sort_key)
    added = Added(known=len(events) - len(ordered))
    for chunk in chunks(ordered):
        added += _insert_events(connection, chunk, now, force=force)
    return added


def _insert_events(connection: Connection, events: Sequence[ObjectEvent], now: datetime, *, force: bool) -> Added:
    again = 0
    if force:
        closed = select(_C.id).where(is_about(events), _C.state.not_in(OPEN_STATES)).order_by(_C.id).with_for_update()
        ids = connection.scalars(closed).all()
        connection.execute(update(object_inbox).where(_C.id.in_(ids)).values(starting_over(now)))
        again = len(ids)
    fresh = {"received_at": now, "updated_at": now, "due_at": now, "state": "pending", "attempts": 0, "lost_leases": 0}
    rows = [{**asdict(event), **fresh} for event in events]
    statement = insert_or_skip(object_inbox).on_conflict_do_nothing().returning(_C.id)
    new = len(connection.execute(statement, rows).all())
    return Added(new=new, known=len(events) - new - again, reopened=again)


def add_dead_letters(connection: Connection, rejected: Sequence[Rejected], now: datetime, source: str) -> Added:
    """Insert what could not be understood; `source` says where it came from. A text that is there stays as it is."""
    letters = {}
    for letter in rejected:
        body = storable(letter.body)
        digest = hashlib.sha256(body.encode()).hexdigest()
        letters[digest] = {
            "received_at": now,
            "source": source,
            "reason": storable(letter.reason),
            "body": body,
            "digest": digest,
        }
    if not letters:
        return Added()
    statement = insert_or_skip(announcement_dead_letter).on_conflict_do_nothing()
    rows = [letters[digest] for digest in sorted(letters)]
    made = connection.execute(statement.returning(announcement_dead_letter.c.id), rows).all()
    return Added(dead_letters=len(made))

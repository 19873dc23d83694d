"""Announcements that nobody could understand: seen, read again, closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, true, update

from dq.events.notification import parse_announcement
from dq.ledger.adding import add_dead_letters, add_events
from dq.ledger.inbox_item import Added
from dq.ledger.tables import announcement_dead_letter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine

_L = announcement_dead_letter.c


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An announcement, or a part of one, that nobody could understand."""

    id: int
    received_at: datetime
    source: str
    reason: str
    body: str
    closed_as: str | None


def list_dead_letters(
    engine: Engine, *, closed: bool = False, after_id: int = 0, limit: int = 100
) -> tuple[DeadLetter, ...]:
    """Dead letters by id; `closed` shows those too that somebody retried or discarded."""
    wanted = true() if closed else _L.closed_as.is_(None)
    query = select(announcement_dead_letter).where(_L.id > after_id, wanted).order_by(_L.id).limit(limit)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return tuple(DeadLetter(row.id, row.received_at, row.source, row.reason, row.body, row.closed_as) for row in rows)


def retry_dead_letters(engine: Engine, now: datetime, *, ids: Sequence[int] = ()) -> Added:
    """Read dead letters again, e.g. with a newer program; those that are understood now are closed."""
    wanted = _L.closed_as.is_(None) if not ids else _L.closed_as.is_(None) & _L.id.in_(ids)
    added = Added()
    with engine.begin() as connection:
        letters = connection.execute(
            select(announcement_dead_letter).where(wanted).order_by(_L.id).with_for_update(skip_locked=True)
        ).all()
        for letter in letters:
            found = parse_announcement(letter.body, announced_at=letter.received_at)
            if not found.events and not found.skipped:
                continue
            added += add_events(connection, found.events, now)
            added += add_dead_letters(connection, found.rejected, now, letter.source)
            connection.execute(
                update(announcement_dead_letter).where(_L.id == letter.id).values(closed_as="retried", closed_at=now)
            )
    return added


def discard_dead_letters(engine: Engine, now: datetime, *, ids: Sequence[int]) -> int:
    """Close dead letters that need nothing; how many."""
    statement = update(announcement_dead_letter).where(_L.id.in_(ids), _L.closed_as.is_(None))
    with engine.begin() as connection:
        return connection.execute(statement.values(closed_as="discarded", closed_at=now)).rowcount

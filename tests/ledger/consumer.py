"""What the tests of the ledger share: events, and taking and ending rows as the consumer does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from sqlalchemy import select

from dq.events.object_event import ObjectEvent
from dq.ledger.inbox_item import Ending, InboxItem
from dq.ledger.inspection import list_rows
from dq.ledger.tables import batch_counter
from etl_core.postgres.transaction import begin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

    from dq.ledger.inbox import Inbox


NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
EVENT = ObjectEvent("landing", "a.csv", "v1", "e1", 5, "0A", NOW, "s3")
DONE = Ending("done", monitoring_file_run_id=1, last_modified=NOW)


def later(seconds: float) -> datetime:
    """So many seconds after the start."""
    return NOW + timedelta(seconds=seconds)


def events(count: int) -> list[ObjectEvent]:
    """Events of different keys."""
    return [replace(EVENT, key=f"k{number:03d}") for number in range(count)]


def take(
    inbox: Inbox, limit: int = 100, owner: str = "me", now: datetime = NOW, lease: float = 60
) -> Sequence[InboxItem]:
    """Claim and read a batch."""
    batch = inbox.claim(limit, lease, owner, now)
    return () if batch is None else inbox.items(batch - 1, batch)


def finish(inbox: Inbox, item: InboxItem, ending: Ending = DONE, now: datetime = NOW) -> None:
    """End a row in a transaction of its own."""
    with begin(inbox.engine) as transaction:
        inbox.finish(transaction, item, ending, now)


def states(engine: Engine) -> list[str]:
    """The states of all rows by id."""
    return [row.state for row in list_rows(engine)]


def last_batch(engine: Engine) -> int:
    """The number of the batch that was handed out last; 0 before the first."""
    with engine.connect() as connection:
        number: int = connection.scalars(select(batch_counter.c.last_batch)).one()
    return number

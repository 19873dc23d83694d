"""Who works on the ledger: processes give a sign of life, and what a silent one holds goes to others.

That is sooner than its leases end, and safe: one that was only stalled finds that its rows are no longer its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from dq.ledger.tables import consumer, object_inbox
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Engine

_C = consumer.c
#: How often a process gives a sign of life, in seconds.
BEAT_SECONDS = 10.0
#: Signs further apart than this have a break between them.
_BREAK = timedelta(seconds=30)
#: A process that gave none for so long is gone. A restart of the database takes less.
_SILENT = timedelta(seconds=60)
#: The same for one that ran where this one runs now: what has its name there took its place.
_REPLACED = timedelta(seconds=15)
#: Processes that said nothing for so long hold nothing any more.
_FORGOTTEN = timedelta(days=1)


def give_sign(engine: Engine, owner: str, host: str, now: datetime) -> None:
    """Say that `owner`, on `host`, is alive; it is written down since when it says so without a break."""
    made = insert(consumer).values(owner=storable(owner), host=storable(host), started_at=now, heartbeat_at=now)
    since = case((_C.heartbeat_at < now - _BREAK, now), else_=_C.started_at)
    again = {"heartbeat_at": now, "started_at": since}
    with engine.begin() as connection:
        connection.execute(made.on_conflict_do_update(index_elements=[_C.owner], set_=again))


def leave(engine: Engine, owner: str, now: datetime) -> None:
    """Say that `owner` is done; what it still holds goes to others when its leases end."""
    with engine.begin() as connection:
        old = _C.heartbeat_at < now - _FORGOTTEN
        connection.execute(delete(consumer).where((_C.owner == storable(owner)) | old))


def replaced(engine: Engine, owners: Collection[str], host: str, now: datetime) -> frozenset[str]:
    """Those of `owners` that ran on `host` and say nothing any more."""
    silent = _C.heartbeat_at < now - _REPLACED
    named = select(_C.owner).where(_C.owner.in_([*map(storable, owners)]), _C.host == storable(host), silent)
    with engine.connect() as connection:
        return frozenset(connection.scalars(named))


def is_held_by_silent(now: datetime) -> ColumnElement[bool]:
    """The condition that a row of the ledger is held by a process that gives no sign of life, while another one does.

    After an outage of the database all have been silent; nobody loses rows before all had the time to say something.
    """
    others = consumer.alias("others").c
    silent = exists().where(_C.owner == object_inbox.c.lease_owner, _C.heartbeat_at < now - _SILENT)
    heard = exists().where(others.heartbeat_at >= now - _BREAK, others.started_at <= now - _SILENT)
    return and_(silent, heard)

"""Buckets that rest: nothing of them can be read at present, so none of their objects is handed out for a while.

Each rest in a row is longer than the one before. All processes on the ledger see it, also those that start meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from dq.ledger.tables import bucket_rest, object_inbox
from etl_core.retry import Backoff
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Engine

    from etl_core.postgres.database import Connects

_R = bucket_rest.c
_REST = Backoff(first=10.0, factor=2.0, longest=300.0)


@dataclass(frozen=True, slots=True)
class Rest:
    """A bucket that rests: why, since when, and until when it is left alone; times are aware."""

    bucket: str
    reason: str
    failures: int
    since: datetime
    until: datetime


def let_rest(engine: Engine, bucket: str, reason: str, now: datetime) -> datetime:
    """Leave a bucket alone for a while; until when. Where another process has just said the same, that counts."""
    name = storable(bucket)
    until: datetime
    with engine.begin() as connection:
        found = connection.execute(select(bucket_rest).where(_R.bucket == name).with_for_update()).one_or_none()
        if found is not None and found.until > now:
            until = found.until
            return until
        failures = 1 if found is None else found.failures + 1
        values = {"reason": storable(reason), "failures": failures, "until": now + _REST.wait(failures, 1.0)}
        made = insert(bucket_rest).values(bucket=name, since=now, **values)
        kept = made.on_conflict_do_update(index_elements=[_R.bucket], set_=values).returning(_R.until)
        until = connection.scalars(kept).one()
        return until


def end_rest(engine: Engine, buckets: Collection[str]) -> int:
    """Say that objects of these buckets can be read; how many of them rested."""
    if not buckets:
        return 0
    with engine.begin() as connection:
        return connection.execute(delete(bucket_rest).where(_R.bucket.in_([storable(one) for one in buckets]))).rowcount


def wake_all(engine: Engine, now: datetime) -> int:
    """Have every bucket that rests tried again at once: somebody asks for objects, who may know more; how many."""
    with engine.begin() as connection:
        return connection.execute(update(bucket_rest).where(_R.until > now).values(until=now)).rowcount


def rests(engine: Connects) -> tuple[Rest, ...]:
    """All buckets that rest, or that did and were not tried since."""
    with engine.connect() as connection:
        return tuple(Rest(*row) for row in connection.execute(select(bucket_rest).order_by(_R.bucket)))


def is_awake(now: datetime) -> ColumnElement[bool]:
    """The condition that the bucket of a row of the ledger does not rest."""
    return ~exists().where(_R.bucket == object_inbox.c.bucket, _R.until > now)

"""Handing rows out in batches, and freeing those whose holder is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import BigInteger, and_, case, cast, func, literal, null, or_, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY

from dq.ledger.claims.resting import is_awake
from dq.ledger.tables import batch_counter, object_inbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

    from etl_core.retry import Backoff

log = structlog.get_logger()

_C = object_inbox.c
NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until": None}
_VANISHED = "whoever processed it vanished without a word, time and again: the process was killed or stalled"


def hand_out(
    connection: Connection,
    limit: int,
    lease_seconds: float,
    owner: str,
    now: datetime,
    *,
    after_batch: int,
    among: Sequence[int] | None,
) -> int | None:
    """Give rows that are due to `owner` as the next batch; its number, or None when nothing is due.

    `among` are the ids of the rows that are asked for; None asks for any.
    """
    due = and_(_C.state == "pending", _C.due_at <= now, is_among(among), is_awake(now))
    # Not as the index of all that are due has it, where some are asked for: it would lead through all the others.
    order = (_C.due_at if among is None else func.greatest(_C.due_at), _C.id)
    next_one = select(_C.id, _C.alone).where(due).order_by(*order).limit(1).with_for_update(skip_locked=True)
    first = connection.execute(next_one).one_or_none()
    if first is None:
        return None
    if first.alone:
        ids: Sequence[int] = [first.id]
    else:
        together = select(_C.id).where(due, ~_C.alone).order_by(*order).limit(limit)
        ids = connection.scalars(together.with_for_update(skip_locked=True)).all()
    # The counter comes last: it is held until the commit, and with it the order of batch numbers.
    counted = update(batch_counter).values(last_batch=func.greatest(batch_counter.c.last_batch, after_batch) + 1)
    batch: int = connection.scalars(counted.returning(batch_counter.c.last_batch)).one()
    taken = {
        "state": "claimed",
        "batch": batch,
        "batch_size": len(ids),
        "lease_owner": owner,
        "lease_until": now + timedelta(seconds=lease_seconds),
        "attempts": _C.attempts + 1,
        "updated_at": now,
    }
    connection.execute(update(object_inbox).where(_C.id.in_(ids)).values(taken))
    return batch


def free(
    connection: Connection, now: datetime, condition: ColumnElement[bool], max_attempts: int, backoff: Backoff
) -> int:
    """Open claimed rows again whose holder is gone; one that used up its attempts is dead. How many rows.

    One that was lost once costs nobody anything: most processes are killed for reasons of their own, or cannot give
    back what they hold as the database is away. The second time it runs alone from then on. Only such a row uses up
    attempts, and waits as if it had failed, so that others come first. A row that somebody is just ending is locked
    and left to them.
    """
    lost = select(_C.id).where(_C.state == "claimed", condition).order_by(_C.id).with_for_update(skip_locked=True)
    ids = connection.scalars(lost).all()
    if not ids:
        return 0
    spent = and_(_C.alone, _C.attempts >= max_attempts)
    seconds = func.least(backoff.longest, backoff.first * func.power(backoff.factor, _C.attempts - 1))
    values = {
        "state": case((spent, "dead"), else_="pending"),
        "reason": literal(_VANISHED),
        "finished_at": case((spent, literal(now)), else_=null()),
        "attempts": case((_C.alone, _C.attempts), else_=_C.attempts - 1),
        "lost_leases": _C.lost_leases + 1,
        "alone": or_(_C.alone, _C.lost_leases > 0),
        "due_at": case((_C.alone, literal(now) + func.make_interval(0, 0, 0, 0, 0, 0, seconds)), else_=literal(now)),
        "updated_at": now,
        **NO_LEASE,
    }
    freed = update(object_inbox).where(_C.id.in_(ids)).values(values).returning(_C.bucket, _C.key, _C.state)
    for bucket, key, state in connection.execute(freed):
        if state == "dead":
            log.error("dead", bucket=bucket, key=key, error=_VANISHED, error_type="LostLease")
    return len(ids)


def is_among(ids: Sequence[int] | None) -> ColumnElement[bool]:
    """The condition that a row is one of these, some thousand at once; None are all."""
    # As the column's own type: Postgres looks them up in a hash table then, instead of comparing with each of them.
    return true() if ids is None else _C.id == func.any(cast(list(ids), ARRAY(BigInteger)))

"""Rows made due again, or closed, by people: as many as they like, in transactions of moderate size.

A row that is being worked on is never touched, nor one that has left the states it was chosen by.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import select, update

from dq.ledger.claims.claiming import is_among
from dq.ledger.inbox_item import FAILURE_STATES, GOOD_STATES, State
from dq.ledger.rows import DISCARDED, starting_over
from dq.ledger.tables import object_inbox
from etl_core.audit.account import object_inputs
from etl_core.audit.record import Step
from etl_core.audit.table import add_lines
from etl_core.errors import UsageError
from etl_core.number_set import NumberSet
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from etl_core.audit.account import Account
    from etl_core.audit.record import AuditRecord

    #: Gives the line about a row.
    _Told: TypeAlias = Callable[[Any], AuditRecord]

_C = object_inbox.c
#: Rows of one transaction: whoever wants one of them waits for so many at most.
_PIECE = 1000
#: What may be made due again, and what may be closed; neither what is being worked on.
RETRIED: tuple[State, ...] = ("pending", *GOOD_STATES, *FAILURE_STATES)
DISCARDABLE: tuple[State, ...] = ("pending", *FAILURE_STATES)


def retry_rows(
    engine: Engine,
    now: datetime,
    *,
    ids: Iterable[int],
    states: Sequence[State] = RETRIED,
    account: Account | None = None,
) -> int:
    """Make those of the rows that are in one of the states due now, as if never tried; how many.

    Whoever is stopped in between has done a part of it, which doing all of it again does not undo. `account` writes a
    line of the audit for each.
    """
    return _update(engine, ids, states, starting_over(now), _told(account, "retry", now, "due again"))


def discard_rows(
    engine: Engine,
    now: datetime,
    *,
    ids: Iterable[int],
    reason: str,
    states: Sequence[State] = DISCARDABLE,
    account: Account | None = None,
) -> int:
    """End those of the rows that are in one of the states as ignored, with the reason a person gives; how many.

    Those with a verdict stay. As `retry_rows`, a part may be done, and `account` writes lines.

    Raises:
        UsageError: there is no reason.
    """
    if not reason.strip():
        raise UsageError("discarding an object needs a reason, which is kept in the ledger")
    values = {**starting_over(now), "state": "ignored", "reason": storable(f"{DISCARDED}{reason}"), "finished_at": now}
    told = _told(account, "discard", now, f"ignored: {DISCARDED}{reason}")
    return _update(engine, ids, [state for state in states if state in DISCARDABLE], values, told)


def _told(account: Account | None, step: str, now: datetime, message: str) -> _Told | None:
    return None if account is None else partial(_line, account, step, now, message)


def _line(account: Account, step: str, now: datetime, message: str, row: Any) -> AuditRecord:  # noqa: ANN401 - columns
    subject, inputs = f"s3://{row.bucket}/{row.key}", object_inputs(row.id, row.version_id)
    return account.line(Step(step, "succeeded", now, subject=subject, inputs=inputs, message=message))


def _update(
    engine: Engine, ids: Iterable[int], states: Sequence[State], values: dict[str, Any], told: _Told | None
) -> int:
    wanted = _C.state.in_([state for state in states if state != "claimed"])
    changed = 0
    for some in NumberSet(ids).pieces(_PIECE):
        locked = select(_C.id, _C.bucket, _C.key, _C.version_id).where(is_among(some), wanted)
        with engine.begin() as connection:
            still = connection.execute(locked.order_by(_C.id).with_for_update()).all()
            connection.execute(update(object_inbox).where(is_among([row.id for row in still])).values(values))
            if told is not None:
                add_lines(connection, [told(row) for row in still])
        changed += len(still)
    return changed

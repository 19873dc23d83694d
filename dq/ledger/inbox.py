"""The ledger of announced objects: what comes in is worked off in batches, and nothing is lost.

```
pending --claim--> claimed --finish--> done | superseded | gone | ignored | unconfigured | bad_definition
   ^                  |                                                          |               |
   |                  |                     (its file appears, its definition changes) pending <-+
   +--fail, wait, release, lease expired--> (attempts used up) dead
```

A claim gives rows the next batch number and a lease. Whoever ends a row has to be the owner of that very
batch, so a process that stalled past its lease changes nothing when it wakes up. Time and chance are
arguments.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, true, update

from dq.ledger.adding import add_dead_letters, add_events, open_letters
from dq.ledger.claims.claiming import NO_LEASE, free, hand_out, is_among
from dq.ledger.claims.consumers import is_held_by_silent
from dq.ledger.claims.fence import change_held
from dq.ledger.history import done_before, versions_of_run
from dq.ledger.inbox_item import GOOD_STATES, InboxItem
from dq.ledger.own_rows import announce
from dq.ledger.rows import event_of
from dq.ledger.tables import object_inbox
from etl_core.postgres.transaction import begin
from etl_core.retry import Backoff
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Engine

    from dq.events.announcement import Rejected
    from dq.events.object_event import ObjectEvent
    from dq.events.object_version import ObjectVersion
    from dq.events.run_window import WindowSource
    from dq.ledger.inbox_item import Added, Ending, State
    from dq.ledger.own_rows import Announced
    from etl_core.postgres.transaction import Transaction

_C = object_inbox.c
#: Five attempts span about a quarter of an hour, so a short outage kills nothing.
_BACKOFF = Backoff(first=10.0, factor=4.0, longest=900.0)


class Inbox:
    """The table `pipeline.object_inbox`.

    Args:
        engine: of `etl_core.postgres.database.connect`; failures are this package's errors.
        max_attempts: how often an object is tried before it is dead.
        backoff: how long a failed one waits.
    """

    def __init__(self, engine: Engine, *, max_attempts: int = 5, backoff: Backoff | None = None) -> None:
        self.engine = engine
        self.max_attempts = max_attempts
        self._backoff = backoff or _BACKOFF

    def add(
        self,
        events: Sequence[ObjectEvent],
        rejected: Sequence[Rejected] = (),
        *,
        now: datetime,
        source: str = "queue",
    ) -> Added:
        """Write announced objects, and what could not be understood, in one transaction.

        A version that is there already stays as it is. `source` is noted with dead letters. When this returns,
        everything is durable.
        """
        with self.engine.begin() as connection:
            added = add_events(connection, events, now)
            return added + add_dead_letters(connection, rejected, now, source)

    def claim(
        self,
        limit: int,
        lease_seconds: float,
        owner: str,
        now: datetime,
        *,
        after_batch: int = 0,
        among: Sequence[int] | None = None,
    ) -> int | None:
        """Give the rows that are due to `owner` as the next batch; its number, or None when nothing is due.

        The number is higher than every one before it and than `after_batch`, which somebody may remember from
        before the database was restored from a backup. With `among`, some thousand ids at most, no other row is
        touched.

        Rows whose holder vanished twice come one at a time: the object that kills its process is set apart, and its
        neighbours finish.
        """
        with self.engine.begin() as connection:
            gone = or_(_C.lease_until < now, is_held_by_silent(now))
            free(connection, now, and_(gone, is_among(among)), self.max_attempts, self._backoff)
            return hand_out(connection, limit, lease_seconds, owner, now, after_batch=after_batch, among=among)

    def announce(
        self,
        events: Sequence[ObjectEvent],
        rejected: Sequence[Rejected] = (),
        *,
        now: datetime,
        source: str,
        force: bool = False,
        run_window: WindowSource | None = None,
    ) -> Announced:
        """Write what one job is to work off, in one transaction; which rows that are.

        Unlike `add` it opens rows again that have no verdict, with `force` those that have one, too. Rows that are
        being worked on stay with whoever holds them.

        Args:
            events: the objects.
            rejected: parts of announcements nobody understood.
            now: aware.
            source: where all this came from, noted with dead letters.
            force: whether objects that have their verdict are due again.
            run_window: where their runs get date and hour from, whoever processes them; None leaves it to the
                settings.
        """
        with self.engine.begin() as connection:
            announced = announce(connection, events, now, force=force, run_window=run_window)
            add_dead_letters(connection, rejected, now, source)
            return replace(announced, dead_letters=open_letters(connection, rejected))

    def items(self, after_batch: int, upto_batch: int, owner: str | None = None) -> tuple[InboxItem, ...]:
        """The rows still held in batches `after_batch` < n <= `upto_batch`, by `owner` if one is given."""
        held = and_(_C.state == "claimed", _C.batch > after_batch, _C.batch <= upto_batch)
        return self._held(held if owner is None else and_(held, _C.lease_owner == owner))

    def finish(self, transaction: Transaction, item: InboxItem, ending: Ending, now: datetime) -> None:
        """End a row inside the caller's transaction, together with its result.

        Raises:
            LeaseLostError: the row is no longer the item's; the caller's transaction has to be rolled back.
        """
        reason = None if ending.reason is None else storable(ending.reason)
        waits_for = ending.waits_for
        values: dict[str, Any] = {
            "state": ending.state,
            "reason": reason,
            "finished_at": now,
            "updated_at": now,
            "monitoring_file_id": _text(ending.monitoring_file_id),
            "definition_fingerprint": ending.definition_fingerprint,
            "agency_slug": storable(waits_for.agency_slug) if waits_for else None,
            "file_name": storable(waits_for.file_name) if waits_for else None,
            "definition_digest": waits_for.definition_digest if waits_for else None,
            **NO_LEASE,
        }
        if ending.state in GOOD_STATES:  # otherwise an earlier verdict on it may stand, and what it was of
            values |= {
                "last_modified": ending.last_modified,
                "read_version_id": ending.read_version_id,
                "read_etag": ending.read_etag,
                "monitoring_file_run_id": _text(ending.monitoring_file_run_id),
            }
        change_held(transaction, item, values)

    def fail(
        self,
        item: InboxItem,
        reason: str,
        *,
        retryable: bool,
        now: datetime,
        jitter: float,
        alone: bool = False,
        along: Callable[[Transaction, State], object] = lambda _transaction, _state: None,
    ) -> State:
        """Note a failure: the row waits for its next attempt, or is dead.

        Args:
            item: as claimed.
            reason: a sentence for people, without secrets and cell values.
            retryable: whether trying again can help; otherwise the row is dead at once.
            now: aware.
            jitter: from 0 to 1, see `Backoff`.
            alone: whether it brought down what others share, and is handed out with no other from now on.
            along: writes, in the same transaction, what goes with the row's new state.

        Raises:
            LeaseLostError: the row is no longer the item's.
        """
        dead = not retryable or item.attempts >= self.max_attempts
        state: State = "dead" if dead else "pending"
        values: dict[str, Any] = {
            "state": state,
            "reason": storable(reason).strip() or "no reason was given",
            "finished_at": now if dead else None,
            "due_at": now + self._backoff.wait(item.attempts, jitter),
            "updated_at": now,
            **NO_LEASE,
        }
        if alone:
            values["alone"] = True
        with begin(self.engine) as transaction:
            along(transaction, state)
            change_held(transaction, item, values)
        return state

    def renew(self, owner: str, lease_seconds: float, now: datetime, batch: int | None = None) -> int:
        """Extend the leases of `owner`; how many rows it still holds."""
        until = now + timedelta(seconds=lease_seconds)
        values = {"lease_until": func.greatest(_C.lease_until, until), "updated_at": now}
        return self._update_held(owner, batch, values)

    def release(self, owner: str, now: datetime, batch: int | None = None) -> int:
        """Give rows back untried, as on a shutdown; how many."""
        values = {
            "state": "pending",
            "attempts": func.greatest(_C.attempts - 1, 0),
            "due_at": now,
            "updated_at": now,
            **NO_LEASE,
        }
        return self._update_held(owner, batch, values)

    def recover(self, owner: str, now: datetime, among: Sequence[int] | None = None) -> int:
        """Free what a process that is gone left behind, of these rows or of all; how many rows."""
        with self.engine.begin() as connection:
            mine = and_(_C.lease_owner == owner, is_among(among))
            return free(connection, now, mine, self.max_attempts, self._backoff)

    def wait(self, item: InboxItem, reason: str, now: datetime, until: datetime | None = None) -> None:
        """Give a row back untried, with the reason: something others need is out, and the object is not to blame.

        It is due at once, or at `until`.

        Raises:
            LeaseLostError: the row is no longer the item's.
        """
        values = {
            "state": "pending",
            "reason": storable(reason),
            "attempts": max(item.attempts - 1, 0),
            "due_at": until or now,
            "updated_at": now,
            **NO_LEASE,
        }
        with begin(self.engine) as transaction:
            change_held(transaction, item, values)

    def done_before(
        self, events: Sequence[ObjectEvent], run_window: WindowSource | None = None
    ) -> frozenset[ObjectEvent]:
        """Those of `events` whose version has its verdict: what a resumed backfill leaves out.

        With `run_window` only those count that were announced with it: the others may be in another run.

        A version is recognised by its id, else by its etag together with a last-modified that is not later
        than that of the object that was read: equal content may come back after other content.
        """
        with self.engine.connect() as connection:
            return done_before(connection, events, run_window)

    def versions_of_run(
        self, connection: Connection, monitoring_file_run_id: object, *, besides: InboxItem | None = None
    ) -> tuple[ObjectVersion, ...]:
        """The object versions that were read for a run before; ask while the run's row is locked."""
        if monitoring_file_run_id is None:  # a run that is not there yet
            return ()
        return versions_of_run(connection, monitoring_file_run_id, None if besides is None else besides.id)

    def _held(self, condition: ColumnElement[bool]) -> tuple[InboxItem, ...]:
        with self.engine.connect() as connection:
            rows = connection.execute(select(object_inbox).where(condition).order_by(_C.batch, _C.id)).mappings().all()
        return tuple(
            InboxItem(
                row["id"],
                row["batch"],
                row["lease_owner"],
                event_of(row),
                row["attempts"],
                row["lost_leases"],
                row["received_at"],
                row["updated_at"],  # until its lease is renewed for the first time: when it was handed out
                row["run_window"],
                row["alone"],
            )
            for row in rows
        )

    def _update_held(self, owner: str, batch: int | None, values: dict[str, Any]) -> int:
        mine = and_(_C.state == "claimed", _C.lease_owner == owner, true() if batch is None else _C.batch == batch)
        locked = select(_C.id).where(mine).order_by(_C.id).with_for_update()
        with self.engine.begin() as connection:
            ids = connection.scalars(locked).all()
            connection.execute(update(object_inbox).where(_C.id.in_(ids)).values(values))
        return len(ids)


def _text(identifier: object | None) -> str | None:
    return None if identifier is None else str(identifier)

"""What people see of the ledger: its rows, how many are how, and whether the account balances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, true

from dq.ledger.inbox_item import FAILURE_STATES, GOOD_STATES, OPEN_STATES, State
from dq.ledger.rows import event_of
from dq.ledger.tables import announcement_dead_letter, object_inbox, object_inbox_count
from etl_core.errors import UsageError
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import RowMapping

    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource
    from etl_core.postgres.database import Connects


_C = object_inbox.c
_N = object_inbox_count.c
_L = announcement_dead_letter.c
_STATES: tuple[State, ...] = (*OPEN_STATES, *GOOD_STATES, *FAILURE_STATES)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A row of the ledger as it is shown to people."""

    id: int
    event: ObjectEvent
    state: State
    reason: str | None
    attempts: int
    lost_leases: int
    alone: bool
    batch: int | None
    lease_owner: str | None
    lease_until: datetime | None
    received_at: datetime
    due_at: datetime
    finished_at: datetime | None
    last_modified: datetime | None
    monitoring_file_id: str | None
    monitoring_file_run_id: str | None
    definition_fingerprint: str | None
    run_window: WindowSource | None


@dataclass(frozen=True, slots=True)
class InboxStatus:
    """How much is in the ledger.

    `states` holds every state, `depth` counts open rows, `age` is how many seconds the oldest open row
    has been there (None when there is none), `dead_letters` counts those nobody closed.
    """

    states: dict[State, int]
    depth: int
    age: float | None
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that one process holds: how many, and when the last lease of them ends, aware."""

    rows: int
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class StillOpen:
    """What has not ended: `held` by whom, and how many rows are `waiting`, the first of them until `due_at`, aware."""

    held: Mapping[str, Held]
    waiting: int = 0
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """The account of everything announced: `announced` = `finished` + `open` + `named_failures`."""

    announced: int
    finished: int
    open: int
    named_failures: int

    @property
    def holds(self) -> bool:
        """Whether nothing is missing and every failure has its reason."""
        return self.announced == self.finished + self.open + self.named_failures


def list_rows(
    engine: Connects, *, states: Sequence[State] = (), after_id: int = 0, limit: int = 100
) -> tuple[InboxRow, ...]:
    """Rows by id, of all states or of some."""
    wanted = _C.state.in_(states) if states else true()
    query = select(object_inbox).where(_C.id > after_id, wanted).order_by(_C.id).limit(limit)
    with engine.connect() as connection:
        return tuple(shown(row) for row in connection.execute(query).mappings())


def newest_rows(
    engine: Connects,
    *,
    states: Sequence[State] = (),
    search: str | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> tuple[InboxRow, ...]:
    """Rows from the newest id down: of all states or of some, `search` a part of `bucket/key`, in any case."""
    wanted = [
        _C.state.in_(states) if states else true(),
        true() if before_id is None else _C.id < before_id,
        _C.bucket.concat("/").concat(_C.key).icontains(storable(search), autoescape=True) if search else true(),
    ]
    query = select(object_inbox).where(*wanted).order_by(_C.id.desc()).limit(limit)
    with engine.connect() as connection:
        return tuple(shown(row) for row in connection.execute(query).mappings())


def find_row(engine: Connects, row_id: int) -> InboxRow | None:
    """One row; None where there is none of this number."""
    with engine.connect() as connection:
        row = connection.execute(select(object_inbox).where(_C.id == row_id)).mappings().one_or_none()
    return None if row is None else shown(row)


def open_row_of(engine: Connects, bucket: str, key: str, version_id: str | None) -> int | None:
    """The row of an object that waits to be looked at and has no version or this one; None where none waits."""
    query = (
        select(_C.id)
        .where(
            _C.bucket == bucket,
            _C.key.collate("C") == key,
            _C.state == "pending",
            _C.version_id.is_(None) if version_id is None else _C.version_id == version_id,
        )
        .order_by(_C.id.desc())
        .limit(1)
    )
    with engine.connect() as connection:
        return connection.scalar(query)


def still_open(engine: Connects) -> StillOpen:
    """Who holds rows, and what waits for its time."""
    claimed = select(_C.lease_owner, func.count(), func.max(_C.lease_until)).where(_C.state == "claimed")
    pending = select(func.count(), func.min(_C.due_at)).where(_C.state == "pending")
    with engine.connect() as connection:
        held = {owner: Held(rows, until) for owner, rows, until in connection.execute(claimed.group_by(_C.lease_owner))}
        waiting, due_at = connection.execute(pending).one()
    return StillOpen(held, waiting, due_at)


def show_row(engine: Connects, row_id: int) -> InboxRow:
    """One row.

    Raises:
        UsageError: there is none of this number.
    """
    row = find_row(engine, row_id)
    if row is None:
        raise UsageError(f"the inbox has no object {row_id}; `inbox list` shows their numbers")
    return row


def inbox_status(engine: Connects, now: datetime) -> InboxStatus:
    """How many rows are in which state, how deep and how old the open part is.

    No row is counted for it, and only open ones are looked at: `balance` counts them all.
    """
    with engine.connect() as connection:
        counted = connection.execute(select(_N.state, func.sum(_N.change)).group_by(_N.state)).all()
        # Apart, for each has an index.
        since = (select(func.min(_C.received_at)).where(_C.state == state).scalar_subquery() for state in OPEN_STATES)
        oldest: datetime | None = connection.scalar(select(func.least(*since)))
        letters = connection.scalar(
            select(func.count()).select_from(announcement_dead_letter).where(_L.closed_as.is_(None))
        )
    found = {row[0]: int(row[1]) for row in counted}
    return InboxStatus(
        states={state: found.get(state, 0) for state in _STATES},
        depth=sum(found.get(state, 0) for state in OPEN_STATES),
        age=None if oldest is None else max(0.0, (now - oldest).total_seconds()),
        dead_letters=letters or 0,
    )


def balance(engine: Connects) -> Balance:
    """The account of the ledger, in one query that reads all of it; assert that it `holds`."""
    named = _C.state.in_(FAILURE_STATES) & (func.length(func.trim(_C.reason)) > 0)
    query = select(
        func.count(),
        func.count().filter(_C.state.in_(GOOD_STATES)),
        func.count().filter(_C.state.in_(OPEN_STATES)),
        func.count().filter(named),
    )
    with engine.connect() as connection:
        row = connection.execute(query).one()
    return Balance(*row)


def shown(row: RowMapping) -> InboxRow:
    """A row as people see it."""
    same = [name for name in InboxRow.__dataclass_fields__ if name != "event"]
    return InboxRow(event=event_of(row), **{name: row[name] for name in same})

"""What people see of the ledger and do with it: list, show, retry, discard, and whether the account balances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, true, update

from dq.events.notification import parse_announcement
from dq.ledger.adding import add_dead_letters, add_events
from dq.ledger.inbox_item import FAILURE_STATES, GOOD_STATES, OPEN_STATES, Added, State
from dq.ledger.rows import DISCARDED, event_of, starting_over
from dq.ledger.tables import announcement_dead_letter, object_inbox, object_inbox_count
from etl_core.errors import UsageError
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import RowMapping
    from sqlalchemy.engine import Engine

    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource

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
class DeadLetter:
    """An announcement, or a part of one, that nobody could understand."""

    id: int
    received_at: datetime
    source: str
    reason: str
    body: str
    closed_as: str | None


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
    engine: Engine, *, states: Sequence[State] = (), after_id: int = 0, limit: int = 100
) -> tuple[InboxRow, ...]:
    """Rows by id, of all states or of some."""
    wanted = _C.state.in_(states) if states else true()
    query = select(object_inbox).where(_C.id > after_id, wanted).order_by(_C.id).limit(limit)
    with engine.connect() as connection:
        return tuple(_shown(row) for row in connection.execute(query).mappings())


def still_open(engine: Engine) -> StillOpen:
    """Who holds rows, and what waits for its time."""
    claimed = select(_C.lease_owner, func.count(), func.max(_C.lease_until)).where(_C.state == "claimed")
    pending = select(func.count(), func.min(_C.due_at)).where(_C.state == "pending")
    with engine.connect() as connection:
        held = {owner: Held(rows, until) for owner, rows, until in connection.execute(claimed.group_by(_C.lease_owner))}
        waiting, due_at = connection.execute(pending).one()
    return StillOpen(held, waiting, due_at)


def show_row(engine: Engine, row_id: int) -> InboxRow:
    """One row.

    Raises:
        UsageError: there is none of this number.
    """
    with engine.connect() as connection:
        row = connection.execute(select(object_inbox).where(_C.id == row_id)).mappings().one_or_none()
    if row is None:
        raise UsageError(f"the inbox has no object {row_id}; `inbox list` shows their numbers")
    return _shown(row)


def unknown_numbers(engine: Engine, ids: Sequence[int], letter_ids: Sequence[int]) -> tuple[str, ...]:
    """The numbers of no row, and of no dead letter that is open, as people write them: `17`, `L3`."""
    with engine.connect() as connection:
        rows = set(connection.scalars(select(_C.id).where(_C.id.in_(ids))))
        letters = set(connection.scalars(select(_L.id).where(_L.id.in_(letter_ids), _L.closed_as.is_(None))))
    return (
        *(str(number) for number in ids if number not in rows),
        *(f"L{number}" for number in letter_ids if number not in letters),
    )


def retry_rows(
    engine: Engine, now: datetime, *, ids: Sequence[int] = (), states: Sequence[State] = FAILURE_STATES
) -> int:
    """Make ended or waiting rows due now, as if never tried: those of `ids`, else all of `states`; how many.

    Rows that are being worked on are left alone.
    """
    wanted = _C.id.in_(ids) if ids else _C.state.in_(states)
    return _update(engine, wanted, starting_over(now))


def discard_rows(engine: Engine, now: datetime, *, ids: Sequence[int], reason: str) -> int:
    """End rows as ignored, with the reason a person gives; how many. Those with a verdict and those in work stay."""
    if not reason.strip():
        raise UsageError("discarding an object needs a reason, which is kept in the ledger")
    values = {**starting_over(now), "state": "ignored", "reason": storable(f"{DISCARDED}{reason}"), "finished_at": now}
    return _update(engine, _C.id.in_(ids) & _C.state.not_in(GOOD_STATES), values)


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


def inbox_status(engine: Engine, now: datetime) -> InboxStatus:
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


def balance(engine: Engine) -> Balance:
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


def _update(engine: Engine, wanted: Any, values: dict[str, Any]) -> int:  # noqa: ANN401  SQLAlchemy's conditions differ in type
    locked = select(_C.id).where(wanted, _C.state != "claimed").order_by(_C.id).with_for_update()
    with engine.begin() as connection:
        ids = connection.scalars(locked).all()
        connection.execute(update(object_inbox).where(_C.id.in_(ids)).values(values))
    return len(ids)


def _shown(row: RowMapping) -> InboxRow:
    same = [name for name in InboxRow.__dataclass_fields__ if name != "event"]
    return InboxRow(event=event_of(row), **{name: row[name] for name in same})

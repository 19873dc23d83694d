"""The rows one job is to work off: written, counted by how they stand, and who else holds them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select, update

from dq.ledger.adding import in_order, insert_events
from dq.ledger.claims.claiming import is_among
from dq.ledger.inbox_item import FAILURE_STATES, OPEN_STATES
from dq.ledger.rows import DISCARDED, chunks, given, is_of, starting_over
from dq.ledger.tables import object_inbox
from etl_core.number_set import NumberSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine

    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource
    from dq.ledger.inbox_item import State

_C = object_inbox.c
#: Ids that one statement takes.
_CHUNK = 10_000


class _Row(NamedTuple):
    id: int
    state: State
    reason: str | None


@dataclass(frozen=True, slots=True)
class Announced:
    """Which rows a job announced, by `ids`: of these `due` are to be worked off, the others stay as they ended.

    They are noted here and not in the ledger: several jobs may announce one row, each works off its own, and a killed
    one announces them again.
    """

    ids: NumberSet = field(default_factory=NumberSet)
    due: int = 0
    dead_letters: int = 0


def together(parts: Iterable[Announced]) -> Announced:
    """What was announced in any number of parts, which are taken one by one."""
    ids, due, dead_letters = NumberSet(), 0, 0
    for part in parts:
        ids.update(part.ids)
        due += part.due
        dead_letters += part.dead_letters
    return Announced(ids, due, dead_letters)


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds some of the rows asked about; `lease_until`, aware, is when the last lease of them ends."""

    owner: str
    ids: tuple[int, ...]
    lease_until: datetime


def announce(
    connection: Connection,
    events: Sequence[ObjectEvent],
    now: datetime,
    *,
    force: bool,
    run_window: WindowSource | None,
) -> Announced:
    """Make rows for events, and open those again that have no verdict (`force`: whatever they have).

    What a person discarded needs no verdict, and only `force` opens it. The last word on the window counts.
    """
    ids = NumberSet()
    due = 0
    for chunk in chunks(in_order(events)):
        known = _known(connection, chunk)
        again = [row.id for row in known if row.state not in OPEN_STATES and (force or _has_no_verdict(row))]
        _update(connection, again, {**starting_over(now), "run_window": run_window})
        waiting = [row.id for row in known if row.state == "pending"]
        _update(connection, waiting, {"due_at": func.least(_C.due_at, now), "run_window": run_window})
        new = insert_events(connection, chunk, now, run_window)
        if len(known) + len(new) < len(chunk):  # somebody else announced some of them just now
            known, new = _known(connection, chunk), []
        ids.update(row.id for row in known)
        ids.update(new)
        due += len(again) + len(new) + sum(row.state in OPEN_STATES for row in known)
    return Announced(ids, due)


def _known(connection: Connection, events: Sequence[ObjectEvent]) -> Sequence[_Row]:
    """The rows of these events, locked, in the order of their ids."""
    announced = given(events)
    query = select(_C.id, _C.state, _C.reason).select_from(announced).join(object_inbox, is_of(announced))
    rows = connection.execute(query.order_by(_C.id).with_for_update(of=object_inbox))
    return [_Row(*row) for row in rows]


def _has_no_verdict(row: _Row) -> bool:
    """Whether a row ended so that it should be tried again; what a person closed is left alone."""
    return row.state in FAILURE_STATES and not str(row.reason).startswith(DISCARDED)


def _update(connection: Connection, ids: Sequence[int], values: Mapping[str, Any]) -> None:
    if ids:
        connection.execute(update(object_inbox).where(is_among(ids)).values(values))


def standing(engine: Engine, ids: NumberSet) -> dict[str, int]:
    """How many of these rows are in which state."""
    found: Counter[str] = Counter()
    with engine.connect() as connection:
        for some in ids.pieces(_CHUNK):
            query = select(_C.state, func.count()).where(is_among(some)).group_by(_C.state)
            for state, count in connection.execute(query):
                found[state] += count
    return dict(found)


def holders(engine: Engine, ids: NumberSet, *, besides: str) -> dict[str, Holder]:
    """Who holds which of these rows, by owner; `besides` is oneself."""
    held: dict[str, list[int]] = {}
    until: dict[str, datetime] = {}
    with engine.connect() as connection:
        for some in ids.pieces(_CHUNK):
            query = select(_C.id, _C.lease_owner, _C.lease_until).where(is_among(some), _C.state == "claimed")
            for row_id, owner, lease_until in connection.execute(query.where(_C.lease_owner != besides)):
                held.setdefault(owner, []).append(row_id)
                until[owner] = max(lease_until, until.get(owner, lease_until))
    return {owner: Holder(owner, tuple(sorted(rows)), until[owner]) for owner, rows in held.items()}

"""What the ledger remembers of objects that have their verdict."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, case, literal_column, or_, select, true, tuple_, update

from dq.events.object_version import ObjectVersion
from dq.ledger.inbox_item import GOOD_STATES
from dq.ledger.rows import chunks
from dq.ledger.tables import object_inbox
from etl_core.postgres.transaction import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import RowMapping
    from sqlalchemy.engine import Connection

    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource
    from dq.ledger.inbox_item import InboxItem
    from etl_core.postgres.transaction import Statement, Transaction

#: Why a row has no verdict, or no longer.
SUPERSEDED = "a newer object of the same run has its verdict"
_C = object_inbox.c
# A run collects the versions of a few objects of one hour; more of the newest than this are not looked at.
_MOST_OF_A_RUN = 1000


def done_before(
    connection: Connection, events: Sequence[ObjectEvent], run_window: WindowSource | None
) -> frozenset[ObjectEvent]:
    """Those of `events` whose version was judged, also if superseded; with `run_window`, of those announced with it."""
    in_window = true() if run_window is None else _C.run_window == run_window
    found: set[ObjectEvent] = set()
    for chunk in chunks(events):
        pairs = sorted({(event.bucket, event.key) for event in chunk})
        query = select(object_inbox).where(_C.state.in_(GOOD_STATES), in_window, tuple_(_C.bucket, _C.key).in_(pairs))
        rows: dict[tuple[str, str], list[RowMapping]] = {}
        for row in connection.execute(query).mappings():
            rows.setdefault((row["bucket"], row["key"]), []).append(row)
        found.update(e for e in chunk if any(_read_it(row, e) for row in rows.get((e.bucket, e.key), ())))
    return frozenset(found)


def versions_of_run(
    connection: Connection, monitoring_file_run_id: object, besides_id: int | None
) -> tuple[ObjectVersion, ...]:
    """The object versions that were read for a run, the newest first, leaving one ledger row out.

    Rows count whatever has become of them since: the one that has the verdict may be tried anew, and of the others one
    of the same key may tell that a version is old where the one with the verdict, of another key, cannot.
    """
    # The announced sequencer is that of the object that was read unless another one had taken its place.
    read_as_announced = or_(_C.etag.is_(None), _C.read_etag.is_(None), _C.etag == _C.read_etag)
    query = (
        select(_C.bucket, _C.key, _C.last_modified, case((read_as_announced, _C.sequencer)))
        .where(
            _C.monitoring_file_run_id == str(monitoring_file_run_id),
            true() if besides_id is None else _C.id != besides_id,
        )
        .order_by(_C.last_modified.desc().nulls_last(), _C.finished_at.desc(), _C.id.desc())
        .limit(_MOST_OF_A_RUN)
    )
    return tuple(ObjectVersion(*row) for row in connection.execute(query))


def supersede(transaction: Transaction, item: InboxItem, monitoring_file_run_id: object, now: datetime) -> None:
    """End the rows as superseded that were done with a run until now, when it gets the verdict on `item`.

    Ask while the run is locked: only who holds it ends rows with it.
    """
    values = {"state": "superseded", "reason": SUPERSEDED, "finished_at": now, "updated_at": now}
    which = {"item_id": item.id, "run_id": str(monitoring_file_run_id)}
    transaction.send(_superseding(tuple(values)), {**values, **which})


@cache
def _superseding(columns: tuple[str, ...]) -> Statement:
    """The change, in these columns, of all rows but one that are done with a run."""
    others = and_(
        _C.state == literal_column("'done'"),
        _C.monitoring_file_run_id == bindparam("run_id"),
        _C.id != bindparam("item_id"),
    )
    return prepare(update(object_inbox).where(others), columns)


def _read_it(row: RowMapping, event: ObjectEvent) -> bool:
    """Whether a row is about, or read, the version that `event`, of the same key, is about."""
    if event.version_id is not None:
        return event.version_id in (row["version_id"], row["read_version_id"])
    if event.etag is None or event.etag not in (row["etag"], row["read_etag"]):
        return False
    if event.event_time is None or row["last_modified"] is None:
        return True
    return bool(event.event_time.replace(microsecond=0) <= row["last_modified"])

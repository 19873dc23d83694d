"""What the ledger remembers of objects that have their verdict."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from sqlalchemy import case, or_, select, true, tuple_

from dq.events.object_version import ObjectVersion, is_older
from dq.ledger.rows import chunks
from dq.ledger.tables import object_inbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import RowMapping
    from sqlalchemy.engine import Connection

    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource

_C = object_inbox.c
# A run collects the versions of a few objects of one hour; more of the newest than this are not looked at.
_MOST_OF_A_RUN = 1000


def done_before(
    connection: Connection, events: Sequence[ObjectEvent], run_window: WindowSource | None
) -> frozenset[ObjectEvent]:
    """Those of `events` whose version has its verdict; with `run_window`, those that were announced with it."""
    in_window = true() if run_window is None else _C.run_window == run_window
    found: set[ObjectEvent] = set()
    for chunk in chunks(events):
        pairs = sorted({(event.bucket, event.key) for event in chunk})
        query = select(object_inbox).where(_C.state == "done", in_window, tuple_(_C.bucket, _C.key).in_(pairs))
        rows: dict[tuple[str, str], list[RowMapping]] = {}
        for row in connection.execute(query).mappings():
            rows.setdefault((row["bucket"], row["key"]), []).append(row)
        found.update(e for e in chunk if any(_read_it(row, e) for row in rows.get((e.bucket, e.key), ())))
    return frozenset(found)


def newest_done_of_run(
    connection: Connection, monitoring_file_run_id: object, besides_id: int | None
) -> ObjectVersion | None:
    """The newest object version that a run's result came from, leaving one ledger row out."""
    # The announced sequencer is that of the object that was read unless another one had taken its place.
    read_as_announced = or_(_C.etag.is_(None), _C.read_etag.is_(None), _C.etag == _C.read_etag)
    query = (
        select(_C.bucket, _C.key, _C.last_modified, case((read_as_announced, _C.sequencer)))
        .where(
            _C.state == "done",
            _C.monitoring_file_run_id == str(monitoring_file_run_id),
            true() if besides_id is None else _C.id != besides_id,
        )
        .order_by(_C.last_modified.desc().nulls_last(), _C.finished_at.desc(), _C.id.desc())
        .limit(_MOST_OF_A_RUN)
    )
    versions = [ObjectVersion(*row) for row in connection.execute(query)]
    if not versions:
        return None
    return reduce(lambda best, other: other if is_older(best, other) else best, versions)


def _read_it(row: RowMapping, event: ObjectEvent) -> bool:
    """Whether a row is about, or read, the version that `event`, of the same key, is about."""
    if event.version_id is not None:
        return event.version_id in (row["version_id"], row["read_version_id"])
    if event.etag is None or event.etag not in (row["etag"], row["read_etag"]):
        return False
    if event.event_time is None or row["last_modified"] is None:
        return True
    return bool(event.event_time.replace(microsecond=0) <= row["last_modified"])

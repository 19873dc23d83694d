"""The ledger with many rows: how long the questions take that are asked of it all the time."""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from dq.events.object_event import ObjectEvent
from dq.ledger.inbox import Inbox
from dq.ledger.inspection import inbox_status, list_rows
from dq.ledger.migrate import migrate
from etl_core.postgres.database import connect
from etl_core.postgres.embedded import embedded_postgres
from etl_core.queue.sqs import MOST_PER_CALL
from tests.bench.contestant import Work, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BATCH = 1000
_TIMES = 10
_ANNOUNCED = ObjectEvent(
    "landing", "", etag="9e107d9d372bb6826bd81d3542a419d6", size=20_000, sequencer="0A", source="s3"
)
#: So many rows that wait, and as many that ended, nearly all of them with a verdict.
_FILL = """
INSERT INTO pipeline.object_inbox (bucket, key, version_id, etag, sequencer, size, event_time, source, received_at,
    state, reason, due_at, updated_at, finished_at, last_modified, monitoring_file_id, monitoring_file_run_id,
    definition_fingerprint)
SELECT 'landing', 'agency/tenant-' || n % 50 || '/files/trips/2026-01-04/' || n % 24 || '/data-' || n || '.csv',
    md5(n::text), md5('e' || n), lpad(to_hex(n), 16, '0'), 20000, at, 's3', at,
    state, CASE state WHEN 'dead' THEN 'it failed too often' END, at, at,
    CASE WHEN state <> 'pending' THEN at END, at, '17', n::text, md5('d')
FROM (SELECT n, now() - interval '1 day' + n * interval '40 ms' AS at,
             CASE WHEN n % 2 = 0 THEN 'pending' WHEN n % 1000 = 1 THEN 'dead' ELSE 'done' END AS state
      FROM generate_series(1, 2 * :rows) AS n) AS made
"""
_ENDED = "UPDATE pipeline.object_inbox SET state = 'done', lease_owner = null, lease_until = null WHERE batch = :batch"


def main() -> None:
    """Make the ledger and answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, required=True)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        serve(lambda: _prepare(stack, arguments.rows))


def _prepare(stack: ExitStack, rows: int) -> Mapping[str, Work]:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dq-"))
    postgres = stack.enter_context(embedded_postgres(f"{folder}/postgres"))
    engine = connect(postgres.dsn)
    stack.callback(engine.dispose)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(_FILL), {"rows": rows})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE pipeline.object_inbox"))
    work = InboxWork(Inbox(engine))
    return {one.__name__: one for one in (work.status, work.count, work.failures, work.claim, work.add, work.lost)}


class InboxWork:
    """What is measured; where one call takes milliseconds, the median of several."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._announced = 0

    def status(self) -> Mapping[str, Any]:
        """How much is in which state, how deep and old the open part is."""
        return _median(lambda: inbox_status(self._inbox.engine, _now()))

    def count(self) -> None:
        """The same states, counted."""
        with self._inbox.engine.connect() as connection:
            connection.execute(text("SELECT state, count(*) FROM pipeline.object_inbox GROUP BY state")).all()

    def failures(self) -> Mapping[str, Any]:
        """A page of what has no verdict and will have none."""
        return _median(lambda: list_rows(self._inbox.engine, states=("dead", "gone", "ignored")))

    def claim(self) -> Mapping[str, Any]:
        """Batches of what waits; the objects of each end before the next, as in a stream."""
        seconds = []
        for _ in range(_TIMES):
            began = time.perf_counter()
            batch = self._inbox.claim(BATCH, 60, "bench", _now())
            seconds.append(time.perf_counter() - began)
            with self._inbox.engine.begin() as connection:
                connection.execute(text(_ENDED), {"batch": batch})
        return {"seconds": median(seconds)}

    def add(self, count: int) -> None:
        """Announcements in takes of a receive of the queue, a transaction each."""
        for _ in range(0, count, MOST_PER_CALL):
            self._inbox.add(self._new(MOST_PER_CALL), now=_now())

    def lost(self) -> Mapping[str, Any]:
        """Batches that a batch's rows are handed out in when the process that held one of them is gone."""
        ids = [*self._inbox.announce(self._new(BATCH), now=_now(), source="bench").ids]
        self._inbox.claim(1, 60, "gone", _now(), among=ids)
        self._inbox.recover("gone", _now())
        batches = []
        while (batch := self._inbox.claim(BATCH, 60, "bench", _now(), among=ids)) is not None:
            batches.append(batch)
        with self._inbox.engine.begin() as connection:
            for batch in batches:
                connection.execute(text(_ENDED), {"batch": batch})
        return {"batches": len(batches)}

    def _new(self, count: int) -> Sequence[ObjectEvent]:
        self._announced += count
        return [replace(_ANNOUNCED, key=f"new/{self._announced - one}", version_id=f"v{one}") for one in range(count)]


def _median(ask: Callable[[], object]) -> Mapping[str, Any]:
    seconds = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - began)
    return {"seconds": median(seconds)}


def _now() -> datetime:
    return datetime.now(timezone.utc)


if __name__ == "__main__":
    main()

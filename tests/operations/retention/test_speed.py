"""A million rows go while others work on the same table; prints how long anybody waited, and asserts what is gone."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.ledger.inbox import Inbox
from operations.retention.retain import retain
from tests.ledger.consumer import EVENT
from tests.operations.retention.test_retain import KEPT, NOW

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from tests.operations.landscape import Landscape

ROWS = 1_000_000
_FILL = """
INSERT INTO pipeline.object_inbox (bucket, key, source, etag, sequencer, received_at, due_at, updated_at, event_time,
    state, finished_at, last_modified, read_etag, monitoring_file_id, monitoring_file_run_id)
SELECT 'landing', 'agency/tenant-a/files/f/' || n || '/data.csv', 'queue', 'e' || n, n::text, at, at, at, at,
    'done', at, at, 'e' || n, '1', n::text
FROM generate_series(1, :rows) AS n
CROSS JOIN LATERAL (
    SELECT timestamptz '2026-01-01' + CASE WHEN n % 10 = 0 THEN interval '120 days' ELSE interval '0' END AS at
) AS moment
"""


def _work(engine: Engine, is_done: threading.Event, waits: list[float]) -> None:
    """Announce objects and change a row that stays, again and again: what a verdict does to this table."""
    inbox, number = Inbox(engine), 0
    while not is_done.is_set():
        number += 1
        began = time.monotonic()
        inbox.add([replace(EVENT, bucket="other", key=f"k{number}")], now=NOW)
        with engine.begin() as connection:
            connection.execute(text("UPDATE pipeline.object_inbox SET due_at = due_at WHERE id = 10"))
        waits.append(time.monotonic() - began)


@pytest.mark.night
def test_a_million_rows_go_and_nobody_waits(landscape: Landscape) -> None:
    with landscape.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(_FILL), {"rows": ROWS * 10 // 9})
    with landscape.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    is_done, waits = threading.Event(), list[float]()
    worker = threading.Thread(target=_work, args=(landscape.engine, is_done, waits))
    worker.start()
    began = time.monotonic()
    try:
        outcome = retain(landscape.engine, KEPT, NOW, vacuums=True)
    finally:
        is_done.set()
        worker.join()
    (table,) = (one for one in outcome.tables if one.table == "pipeline.object_inbox")
    print(  # noqa: T201 - figures for the docs
        f"\n{table.rows:,} rows in {time.monotonic() - began:.1f} s; the longest transaction {table.longest:.2f} s,"
        f" {table.pages_left} pages left; another's {len(waits):,} transactions took {max(waits):.2f} s at most;"
        f" {table.before / 1e6:.0f} MB before, {table.after / 1e6:.0f} MB after"
    )
    assert table.rows == ROWS
    assert landscape.ask("SELECT count(*) FROM pipeline.object_inbox WHERE bucket = 'landing'") == [(ROWS // 9,)]

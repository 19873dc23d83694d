"""How long a check of 10,000 files with 90 days each takes; prints, and asserts only that everything was judged."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import text

from operations.arrivals.check_arrivals import check_arrivals
from tests.operations.arrivals.test_check_arrivals import doors
from tests.operations.landscape import hours

if TYPE_CHECKING:
    from tests.operations.landscape import Landscape

FILES, DAYS = 10_000, 90

#: Every other file has a calendar, one of 48; the others come at times of their own, to be learned. One arrival in 50
#: is hours late, one in 100 never came, one in 100 came twice.
_FILL = f"""
INSERT INTO reporting.monitoring_file (agency_slug, file_name, range)
SELECT 'tenant-' || n % 100, 'file-' || n, CASE WHEN n % 2 = 0 THEN
    'daily@' || lpad((n % 24)::text, 2, '0') || ':' || CASE WHEN n % 4 = 0 THEN '00' ELSE '30' END || ' Europe/Berlin'
    || CASE WHEN n % 8 = 0 THEN ' except DE' ELSE '' END ELSE 'daily' END
FROM generate_series(1, {FILES}) AS n;

CREATE TEMP TABLE came AS
SELECT f.id AS file, d AS day, timestamptz '2026-01-05 00:00+00' + d * interval '1 day'
    + ((substring(f.file_name FROM 6)::int % 24) + CASE WHEN (f.id * 7 + d * 13) % 50 = 0 THEN 5 ELSE 0 END)
    * interval '1 hour' - interval '30 minutes' AS at
FROM reporting.monitoring_file f CROSS JOIN generate_series(0, {DAYS - 1}) AS d WHERE (f.id * 31 + d * 17) % 100 <> 0;

INSERT INTO reporting.monitoring_file_run (monitoring_file_id, run_date, run_hour, file_last_modified, created_at)
SELECT file, (at AT TIME ZONE 'UTC')::date, extract(hour FROM at AT TIME ZONE 'UTC'), at, at FROM came;

INSERT INTO pipeline.object_inbox (bucket, key, source, etag, sequencer, received_at, due_at, updated_at, event_time,
    state, finished_at, last_modified, read_etag, monitoring_file_id, monitoring_file_run_id)
SELECT 'landing',
    'agency/tenant-a/files/' || r.monitoring_file_id || '/' || r.run_date || '/' || r.run_hour || '/data.csv', 'queue',
    'e' || n, r.id || '-' || n, c.at, c.at, c.at, c.at, CASE WHEN n = 0 THEN 'done' ELSE 'superseded' END,
    c.at, c.at - n * interval '1 minute', 'e' || n, r.monitoring_file_id, r.id
FROM reporting.monitoring_file_run r
JOIN came c ON c.file = r.monitoring_file_id AND c.at = r.file_last_modified
JOIN generate_series(0, 1) AS n ON n = 0 OR (c.file + c.day) % 100 = 0;
"""


def _server_seconds(landscape: Landscape) -> float:
    """Processor time of the processes that serve this database, where they are on this machine."""
    found = landscape.ask("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    total = 0.0
    for (pid,) in found:
        with suppress(psutil.Error):
            used = psutil.Process(int(str(pid))).cpu_times()
            total += used.user + used.system
    return total


@pytest.mark.night
def test_ten_thousand_files_of_ninety_days(landscape: Landscape) -> None:
    with landscape.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(_FILL.replace("%", "%%"))
    with landscape.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    ninety = replace(doors(landscape.engine), days=DAYS + 2, clock=lambda: hours(24 * DAYS + 1))
    for name, days, at in (("all", DAYS + 2, 0), ("again", DAYS + 2, 0), ("an hour later, as by default", 40, 1)):
        began, used, server = time.monotonic(), time.process_time(), _server_seconds(landscape)
        outcome = check_arrivals(replace(ninety, days=days), hours(24 * DAYS + at), lambda _file, _found: None)
        seconds, own = time.monotonic() - began, time.process_time() - used
        server = _server_seconds(landscape) - server
        print(  # noqa: T201 - a figure for the docs
            f"\n{name}: {seconds:.1f} s, processor: {own:.1f} s of this process, {server:.1f} s of the server;"
            f" {outcome.windows:,} windows, {outcome.changed:,} rows changed, {dict(outcome.states)}"
        )
        assert outcome.files == FILES
        assert outcome.kinds["given"] + outcome.kinds["learned"] == FILES
    counted = landscape.ask("SELECT count(*) FROM pipeline.arrival")
    assert int(str(counted[0][0])) >= FILES * (DAYS - 2) * 5 // 7

"""Pages of arrivals, observations, alerts and lineage: complete, a page at a time, and without a table no failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.service.site import Site

_FILES = """
    INSERT INTO pipeline.arrival_calendar (monitoring_file_id, agency_slug, file_name, kind, calendar, watched_since,
        changed_at)
    SELECT 'x' || n, 'tenant-b', 'file ' || lpad(n::text, 3, '0'), 'given', 'daily@09:00', now(), now()
    FROM generate_series(1, 60) AS n;
    INSERT INTO pipeline.arrival (monitoring_file_id, window_start, on_time_from, due_at, late_after, state, is_learned,
        arrived_at, duplicates, unexpected, judged_at)
    SELECT 'x' || n, at - interval '2 h', at - interval '1 h', at, at + interval '1 h', CASE
            WHEN is_newest AND n <= 3 THEN 'on_time' WHEN is_newest AND n % 2 = 0 THEN 'late' ELSE 'missing' END,
        false, CASE WHEN is_newest AND (n <= 3 OR n % 2 = 0) THEN at END, 0, 0, now()
    FROM generate_series(1, 60) AS n,
        (VALUES (false, timestamptz '2026-01-04'), (true, timestamptz '2026-01-05')) AS day (is_newest, at);
    INSERT INTO pipeline.alert (kind, subject, severity, text, opened_at, last_seen_at, resolved_at)
    SELECT 'late', 'tenant-b/file ' || n, 'warning', 'text ' || n, '2026-01-04', '2026-01-04',
        CASE WHEN n > 60 THEN timestamptz '2026-01-05' END FROM generate_series(1, 65) AS n;
    INSERT INTO pipeline.observation (monitoring_file_run_id, monitoring_file_id, agency_slug, file_name, run_date,
        run_hour, metric, column_name, state, value, reason, observed_at)
    SELECT r.id::text, f.id::text, f.agency_slug, f.file_name, r.run_date, r.run_hour, 'mean', 'c' || n,
        CASE WHEN n > 2 THEN 'unusual' ELSE 'normal' END, n, 'why ' || n, now()
    FROM reporting.monitoring_file f JOIN reporting.monitoring_file_run r ON r.monitoring_file_id = f.id,
        generate_series(1, 57) AS n;
    INSERT INTO pipeline.silver_load ("table", object_id, agency_slug, file_name, run_date, run_hour, state, rows_read,
        rows_silver, rows_quarantined, rows_malformed, rows_healed, rows_unmatched, started_at, finished_at)
    SELECT 'trips_silver', i.id, 'tenant-a', 'trips', '2026-01-04', 1, 'loaded', 12, 11, 1, 0, 0, 0, now(), now()
    FROM pipeline.object_inbox i WHERE i.monitoring_file_run_id IS NOT NULL
"""


@pytest.fixture(scope="module", autouse=True)
def _kept(site: Site) -> None:
    site.landing.configure()
    site.landing.announce(site.landing.put(key_of(hour=1)))
    site.landing.process()
    with site.landing.database.begin() as connection:
        connection.exec_driver_sql(_FILES.replace("%", "%%"))


def _pages(site: Site, path: str) -> list[str]:
    """The page at an address and all that follow it."""
    found = []
    while path:
        answer = site.ask(path)
        assert answer.status == 200, path
        found.append(answer.text)
        before, goes_on, _ = answer.text.partition('" rel="next"')
        path = before.rpartition('href="')[2].replace("&amp;", "&") if goes_on else ""
    return found


def _file(site: Site) -> str:
    found = site.ask("/api/files").json["files"]
    return next(str(one["id"]) for one in found if one["file_name"] == "trips")


def test_files_that_are_not_there_come_page_by_page(site: Site) -> None:
    pages = _pages(site, "/arrivals")
    told = [f"tenant-b/file {n:03d}" for n in range(1, 61)]
    found = [[name for name in told if f">{name}<" in page] for page in pages]
    assert [len(one) for one in found] == [50, 7]
    assert [*found[0], *found[1]] == told[3:]


def test_open_alerts_come_page_by_page_and_closed_ones_once(site: Site) -> None:
    pages = _pages(site, "/alerts")
    assert [page.count('<td class="when">open</td>') for page in pages] == [50, 10]
    assert [">Recently closed<" in page for page in pages] == [True, False]


def test_a_file_has_what_was_unusual_page_by_page(site: Site) -> None:
    file = _file(site)
    assert site.ask(f"/files/{file}").text.count("why ") == 10
    pages = _pages(site, f"/files/{file}/unusual")
    assert [page.count("why ") for page in pages] == [50, 5]


def test_the_report_of_a_run_says_what_is_around_it(site: Site) -> None:
    run = site.ask("/api/files?search=trips").json["files"][0]["newest_run"]["id"]
    report = site.ask(f"/runs/{run}").text
    parts = ("When it came", "why 57", "Where it came from", key_of(hour=1), "trips_silver", "11 to silver, 1 to quar")
    assert [part in report for part in parts] == [True] * len(parts)


@pytest.fixture
def _unreadable(site: Site) -> Iterator[None]:
    """None of these tables is where it was."""
    tables = ("arrival", "arrival_calendar", "arrival_check", "observation", "alert", "silver_load")

    def move(before: str, after: str) -> None:
        with site.landing.database.begin() as connection:
            for table in tables:
                connection.execute(text(f"ALTER TABLE pipeline.{before}{table} RENAME TO {after}{table}"))

    move("", "away_")
    yield
    move("away_", "")


@pytest.mark.usefixtures("_unreadable")
def test_without_its_table_a_section_says_so(site: Site) -> None:
    file = _file(site)
    run = site.ask("/api/files?search=trips").json["files"][0]["newest_run"]["id"]
    for path, tables in (
        ("/arrivals", ["arrival"]),
        ("/alerts", ["alert"]),
        (f"/files/{file}", ["arrival", "observation", "alert"]),
        (f"/files/{file}/unusual", ["observation"]),
        (f"/runs/{run}", ["arrival", "observation", "alert", "silver_load"]),
    ):
        answer = site.ask(path)
        assert answer.status == 200, path
        assert [f"<code>pipeline.{table}</code>" in answer.text for table in tables] == [True] * len(tables), path

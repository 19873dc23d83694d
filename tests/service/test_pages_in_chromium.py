"""The site in a browser: nothing complains, nothing is wider than the screen, everybody gets along, links lead on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.chromium import Chromium, axe_source, chromium
from tests.end_to_end.landing import GOOD, key_of
from tests.end_to_end.pages.test_pages_in_chromium import _VIOLATIONS, _WIDER

if TYPE_CHECKING:
    from tests.end_to_end.landing import Landing
    from tests.service.site import Site

__all__ = ["chromium"]

#: What a key and a name may hold at worst.
HOSTILE = "<script>document.title='hacked'<\\script>\"'><img src=x onerror=alert(1)>\u202e\u2066 " + "W" * 300
#: Where pictures of the pages are left to be looked at; nowhere, unless somebody says.
_PICTURES = os.environ.get("PICTURES")


@pytest.fixture(scope="module", autouse=True)
def _kept(site: Site) -> None:
    landing = site.landing
    for name in ("trips", "drivers", HOSTILE):
        landing.configure(name)
    for hour in range(9):
        body = GOOD if hour % 4 else b"driver\n1\n"
        landing.announce(landing.put(key_of(hour=hour), body))
    landing.announce(landing.put(key_of("unknown")), landing.put("odd key"))
    long = f"agency/tenant-a/files/{HOSTILE}/2026-01-04/12/a.csv"
    landing.announce(landing.put(long, b"id,driver\n1,<b>\n<i>,\n"))
    landing.process()
    landing.announce(landing.put(key_of(hour=11)))
    landing.sql("""
        INSERT INTO pipeline.silver_load ("table", object_id, agency_slug, file_name, run_date, run_hour, state,
            rows_read, rows_silver, rows_quarantined, rows_malformed, rows_healed, rows_unmatched,
            started_at, finished_at)
        VALUES ('trips', 1, 'tenant-a', 'trips', '2026-01-04', 1, 'loaded', 12000, 11000, 900, 100, 0, 0, now(), now())
    """)
    _watch_over(landing)
    landing.sql(
        "INSERT INTO pipeline.announcement_dead_letter (received_at, source, reason, body, digest)"
        " VALUES (now(), 'queue', 'no', 'x', 'x')"
    )


def _watch_over(landing: Landing) -> None:
    """What operations keep of the file with the worst name."""
    with landing.database.begin() as connection:
        for statement in (
            """INSERT INTO pipeline.arrival_calendar (monitoring_file_id, agency_slug, file_name, kind, calendar,
                   watched_since, changed_at)
               SELECT id::text, agency_slug, file_name, 'given', 'daily@09:00', now(), now()
               FROM reporting.monitoring_file WHERE file_name = :hostile""",
            """INSERT INTO pipeline.arrival (monitoring_file_id, window_start, on_time_from, due_at, late_after, state,
                   is_learned, duplicates, unexpected, judged_at)
               SELECT id::text, now() - interval '3 h', now() - interval '2 h', now() - interval '1 h', now(),
                   'missing', true, 0, 0, now() FROM reporting.monitoring_file WHERE file_name = :hostile""",
            """INSERT INTO pipeline.observation (monitoring_file_run_id, monitoring_file_id, agency_slug, file_name,
                   run_date, run_hour, metric, column_name, state, value, expected_low, expected_high, reason,
                   observed_at)
               SELECT r.id::text, f.id::text, f.agency_slug, f.file_name, r.run_date, r.run_hour, m, '', 'unusual', 1e9,
                   1.5, CASE m WHEN 'rows' THEN 2 END, :hostile, now()
               FROM reporting.monitoring_file f JOIN reporting.monitoring_file_run r ON r.monitoring_file_id = f.id,
                   unnest(ARRAY['rows', 'size']) AS m WHERE f.file_name = :hostile""",
            """INSERT INTO pipeline.alert (kind, subject, severity, text, opened_at, last_seen_at, resolved_at)
               SELECT 'missing', 'tenant-a/' || CAST(:hostile AS text), 'critical', :hostile, '2026-01-04',
                   '2026-01-04', '2026-01-05'""",
        ):
            connection.execute(text(statement), {"hostile": HOSTILE})


@pytest.fixture(scope="module")
def pages(site: Site) -> dict[str, str]:
    """Every page by a name."""
    files = {one["file_name"]: one for one in site.ask("/api/files").json["files"]}
    hostile = next(one for name, one in files.items() if name.startswith("<script>"))
    rows = site.landing.rows()
    return {
        "files": "/",
        "nothing-found": "/?search=nothing+like+this",
        "file": f"/files/{files['trips']['id']}",
        "file-hostile": f"/files/{hostile['id']}",
        "file-without-runs": f"/files/{files['drivers']['id']}",
        "run": f"/runs/{files['trips']['newest_run']['id']}",
        "objects": "/objects",
        "object": f"/objects/{rows[key_of(hour=1)].id}",
        "object-hostile": f"/objects/{next(row.id for key, row in rows.items() if 'script' in key)}",
        "lake": "/lake",
        "alerts": "/alerts",
        "arrivals": "/arrivals",
        "unusual": f"/files/{hostile['id']}/unusual",
        "interface": "/docs",
        "missing": "/files/0",
    }


def test_nothing_complains_and_nothing_is_wider_than_the_screen(
    chromium: Chromium, site: Site, pages: dict[str, str]
) -> None:
    source = axe_source()
    for name, path in pages.items():
        for width, dark in ((320, False), (1200, True), *(((1200, False),) if _PICTURES else ())):
            chromium.open_address(f"http://127.0.0.1:{site.port}{path}", width=width, dark=dark)
            where = f"{name} at {width}"
            said = [one for one in chromium.complaints() if "404" not in one or name != "missing"]
            assert said == [], where
            assert chromium.evaluate(_WIDER) == [], where
            assert chromium.evaluate("document.title") != "hacked"
            if source is not None:
                chromium.evaluate(source)
                assert chromium.evaluate(_VIOLATIONS) == [], where
            if _PICTURES:
                chromium.screenshot(Path(_PICTURES) / f"{name}-{width}{'-dark' if dark else ''}.png")


def test_every_link_leads_to_a_page(chromium: Chromium, site: Site, pages: dict[str, str]) -> None:
    """From every page, as a person would go; a search is a form without a script."""
    followed = set[str]()
    for path in pages.values():
        chromium.open_address(f"http://127.0.0.1:{site.port}{path}")
        found = chromium.evaluate("[...document.querySelectorAll('a[href]')].map(one => one.href.split('#')[0])")
        assert all(address.startswith(f"http://127.0.0.1:{site.port}/") for address in found)
        followed |= {address.removeprefix(f"http://127.0.0.1:{site.port}") for address in found}
    broken = {path for path in followed - {pages["missing"]} if site.ask(path).status != 200}
    assert broken == set()
    chromium.open_address(f"http://127.0.0.1:{site.port}/")
    chromium.evaluate("document.querySelector('input[type=search]').value = 'DRIV'")
    chromium.go(lambda: chromium.evaluate("document.querySelector('form').requestSubmit()"))
    assert chromium.evaluate("[...document.querySelectorAll('tbody th')].map(one => one.innerText)") == [
        "tenant-a/drivers"
    ]


def test_alerts_are_shown_where_they_are_kept(site: Site) -> None:
    assert "No alert is open." in site.ask("/alerts").text
    with site.landing.database.begin() as connection:
        connection.execute(
            text("""INSERT INTO pipeline.alert (kind, subject, severity, text, opened_at, last_seen_at)
                    VALUES ('missing', :hostile, 'critical', 'The file is not there.', now(), now())"""),
            {"hostile": HOSTILE},
        )
    row = site.ask("/alerts").text.partition("<tbody>")[2].partition("</tbody>")[0]
    assert [part in row for part in ("critical", "missing", "&lt;script&gt;", "The file is not there.", "open")] == [
        True
    ] * 5
    assert "<script>" not in row
    assert 'pipeline_alerts_open{kind="missing",severity="critical"} 1.0' in site.ask("/metrics").text
    assert "1 announcement nobody understood" in site.ask("/alerts").text
    assert "/objects?state=unconfigured" in site.ask("/alerts").text


def test_the_lake_is_accounted_for(site: Site) -> None:
    with site.landing.database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pipeline.silver_load")) == 1
    row = site.ask("/lake").text.partition("<tbody>")[2]
    assert [figure in row for figure in ("trips", "12,000", "11,000", ">900<", ">100<")] == [True] * 5

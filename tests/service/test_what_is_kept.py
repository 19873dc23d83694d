"""Files, runs, profiles and objects by HTTP: what is in the tables, a page at a time, as the document says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from sqlalchemy import text

from dq.reporting.browsing import runs_statement
from dq.reporting.catalogue.catalogue import read_catalogue
from etl_core.errors import PipelineError
from etl_core.postgres.transaction import Transaction
from tests.end_to_end.landing import GOOD, key_of

if TYPE_CHECKING:
    from tests.service.site import Answer, Site

HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202e{{7*7}}"
NAMES = ("trips", "orders", "orders_2", HOSTILE)


@pytest.fixture(scope="module", autouse=True)
def _kept(site: Site) -> None:
    """Four files, one with seven runs of which the last failed, one without any; objects in several states."""
    for name in NAMES:
        site.landing.configure(name)
    for hour in range(7):
        site.landing.announce(site.landing.put(key_of(hour=hour), GOOD if hour < 6 else b"x\n1\n2\n"))
    site.landing.announce(site.landing.put(key_of("orders")), site.landing.put(key_of("unknown")))
    site.landing.announce(site.landing.put(f"agency/tenant-a/files/{HOSTILE}/2026-01-04/12/{HOSTILE}.csv"))
    site.landing.process()


def _pages(site: Site, path: str, what: str) -> list[dict[str, Any]]:
    """What all pages hold, each as the OpenAPI document says."""
    found = []
    following: str | None = path
    while following is not None:
        answer = site.ask(following)
        assert answer.status == 200, answer.text
        _conforms(site, path.partition("?")[0], answer)
        found += answer.json[what]
        following = answer.json["next"]
    return found


def _conforms(site: Site, path: str, answer: Answer) -> None:
    document = site.ask("/openapi.json").json
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json, {**schema, "components": document["components"]})


def _file(site: Site, name: str = "trips") -> dict[str, Any]:
    return next(one for one in _pages(site, "/api/files", "files") if one["file_name"] == name)


def test_files_come_by_agency_and_name_page_by_page(site: Site) -> None:
    whole = _pages(site, "/api/files", "files")
    assert [one["file_name"] for one in whole] == sorted(NAMES)
    assert _pages(site, "/api/files?limit=1", "files") == whole
    assert {one["file_name"]: one["newest_run"] and one["newest_run"]["passed"] for one in whole} == {
        "trips": False,
        "orders": True,
        "orders_2": None,
        HOSTILE: True,
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("search=ORDERS", ["orders", "orders_2"]),
        ("search=tenant-a/orders", ["orders", "orders_2"]),
        ("search=orders_", ["orders_2"]),
        ("search=%25", []),
        ("search=%3Cimg", [HOSTILE]),
        ("search=%00", []),
        ("search=' OR 1=1 --", []),
        ("passed=false", ["trips"]),
        ("passed=true&search=tr", []),
        ("agency=tenant-a&search=trips", ["trips"]),
        ("agency=tenant-b", []),
    ],
)
def test_files_are_found_by_what_is_said_and_nothing_in_it_is_a_command(
    site: Site, query: str, names: list[str]
) -> None:
    found = _pages(site, f"/api/files?{query.replace(' ', '%20')}", "files")
    assert [one["file_name"] for one in found] == names


def test_runs_come_newest_first_page_by_page(site: Site) -> None:
    address = _file(site)["runs_url"]
    document = "/api/files/{file_id}/runs"
    whole = site.ask(address)
    _conforms(site, document, whole)
    assert [one["run_hour"] for one in whole.json["runs"]] == [6, 5, 4, 3, 2, 1, 0]
    paged, following = [], f"{address}?limit=3"
    while following is not None:
        page = site.ask(following).json
        paged += page["runs"]
        following = page["next"]
    assert paged == whole.json["runs"]


def test_a_run_is_the_verdict_that_is_stored_and_its_profile(site: Site) -> None:
    newest = _file(site)["newest_run"]
    answer = site.ask(newest["url"])
    _conforms(site, "/api/runs/{run_id}", answer)
    stored = next(one for one in site.landing.verdicts() if str(one.run_id) == newest["id"])
    assert answer.json["metrics"] == stored.metrics
    assert (answer.json["score"], answer.json["message"]) == (stored.score, stored.message)
    assert answer.json["failed_rules"]
    profile = site.ask(answer.json["profile_url"])
    assert profile.json["statisticalSummary"]["rows"] == 2


def test_objects_come_newest_first_and_by_state(site: Site) -> None:
    whole = _pages(site, "/api/objects", "objects")
    assert [one["id"] for one in whole] == sorted((one["id"] for one in whole), reverse=True)
    assert _pages(site, "/api/objects?limit=4", "objects") == whole
    assert [one["state"] for one in _pages(site, "/api/objects?state=unconfigured", "objects")] == ["unconfigured"]
    both = _pages(site, "/api/objects?state=unconfigured&state=done&limit=2", "objects")
    assert len(both) == len(whole)
    assert [one["key"] for one in _pages(site, "/api/objects?search=ORDERS/", "objects")] == [key_of("orders")]


def test_an_object_has_its_path_and_its_verdict(site: Site) -> None:
    row = site.landing.rows()[key_of("orders")]
    answer = site.ask(f"/api/objects/{row.id}")
    _conforms(site, "/api/objects/{row_id}", answer)
    assert [one["step"] for one in answer.json["path"]] == ["announced", "judged"]
    assert answer.json["verdict"]["score"] == 100


def test_who_has_an_answer_is_told_so(site: Site) -> None:
    for path in ("/api/files", "/", f"/runs/{_file(site)['newest_run']['id']}"):
        first = site.ask(path)
        again = site.ask(path, headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert site.ask(path, headers={"If-None-Match": '"x"'}).status == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/files?limit=0", ["limit"]),
        ("/api/files?limit=x&passed=perhaps", ["passed", "limit"]),
        ("/api/files?after=x", ["after"]),
        ("/api/files?after=WzFd", ["after"]),
        (f"/api/files?search={'x' * 257}", ["search"]),
        ("/api/objects?state=lost", ["state.0"]),
        (f"/api/objects?before={1 << 63}", ["before"]),
        ("/api/objects/x", ["row_id"]),
        (f"/api/objects/{1 << 63}", ["row_id"]),
    ],
)
def test_a_wrong_parameter_is_named(site: Site, path: str, fields: list[str]) -> None:
    answer = site.ask(path)
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.fields == fields


@pytest.mark.parametrize("name", ["0", "999999999999999999", "9" * 60, "-1", "..%2F..%2Fetc", "%00", "a'b", "%D9%A1"])
def test_what_is_not_there_is_not_found(site: Site, name: str) -> None:
    for path in ("/api/files/{}/runs", "/api/runs/{}", "/api/runs/{}/profile", "/files/{}", "/runs/{}"):
        assert site.ask(path.format(name)).status == 404, path
    assert site.ask("/api/objects/999999").status == site.ask("/objects/999999").status == 404


def test_pages_of_runs_are_read_from_an_index_from_their_key_on(site: Site) -> None:
    """Of many runs before the key none is touched: the index begins behind it, and nothing is sorted as a whole."""
    with site.landing.database.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO reporting.monitoring_file_run (monitoring_file_id, run_date, run_hour)
            SELECT f.id, date '2020-01-01' + n / 24, n % 24 FROM reporting.monitoring_file f, generate_series(0, 4999) n
            WHERE f.file_name = 'orders_2'
            """)
        )
        connection.execute(
            text("""
            INSERT INTO reporting.monitoring_file_data_quality
                (monitoring_file_run_id, score, passed, metrics, deductions)
            SELECT r.id, 100, true, '{}', '{}' FROM reporting.monitoring_file_run r
            LEFT JOIN reporting.monitoring_file_data_quality q ON q.monitoring_file_run_id = r.id WHERE q.id IS NULL
            """)
        )
        connection.execute(text("ANALYZE reporting.monitoring_file_run, reporting.monitoring_file_data_quality"))
        file_id = connection.scalar(text("SELECT id FROM reporting.monitoring_file WHERE file_name = 'orders_2'"))
        catalogue = read_catalogue(site.landing.database)
        asked = runs_statement(catalogue, is_further=True)
        explained = replace(asked, text=f"EXPLAIN (ANALYZE, FORMAT JSON) {asked.text}")
        key = {"file": file_id, "day": date(2020, 4, 1), "hour": 0, "run": "5", "most": 50}
        (plan,) = Transaction(connection).ask(explained, key).value
        connection.execute(
            text("DELETE FROM reporting.monitoring_file_run WHERE monitoring_file_id = :id"), {"id": file_id}
        )
    nodes = list(_nodes(plan["Plan"]))
    runs = next(one for one in nodes if one.get("Relation Name") == "monitoring_file_run")
    assert runs["Node Type"].startswith("Index"), json.dumps(plan, indent=1)
    assert "run_date" in runs["Index Cond"]
    assert runs["Actual Rows"] <= 200
    assert all(one["Node Type"] != "Sort" for one in nodes)


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(inner for one in plan.get("Plans", ()) for inner in _nodes(one))]


def test_the_reader_can_change_nothing(site: Site) -> None:
    """Whatever a page did wrong: the role has no right to, and the session is read-only besides."""
    with pytest.raises(PipelineError), site.doors.reader.begin() as connection:
        connection.execute(text("UPDATE reporting.monitoring_file SET is_missing = true"))
    with site.doors.reader.connect() as connection:
        assert connection.scalar(text("SHOW transaction_read_only")) == "on"

"""An object that somebody names by HTTP goes where announced ones go, and has its verdict like them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.service.site import Answer, Site

TRIGGER = "/api/trigger-ingestion/"


@pytest.fixture(scope="module", autouse=True)
def _configured(site: Site) -> None:
    site.landing.configure()


@pytest.fixture
def consumer(site: Site) -> Iterator[None]:
    """Works the inbox off beside the test, as `watch_files` does."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.02):
            site.landing.process()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()


def _trigger(site: Site, key: str, query: str = "", **more: str | None) -> Answer:
    return site.post(TRIGGER + query, {"bucket": site.landing.bucket, "key": key, **more})


def test_an_object_gets_a_number_and_a_place_to_ask_for_its_state(site: Site) -> None:
    answer = _trigger(site, key_of(hour=1))
    assert answer.status == 202
    assert (answer.json["state"], answer.json["verdict"]) == ("pending", None)
    assert answer.headers["location"] == answer.json["status_url"] == f"/api/objects/{answer.json['id']}"
    shown = site.ask(answer.json["status_url"]).json
    assert (shown["object"]["key"], shown["object"]["source"]) == (key_of(hour=1), "trigger")
    assert [step["step"] for step in shown["path"]] == ["announced"]


def test_asking_again_while_it_waits_gives_the_same_number(site: Site) -> None:
    first, second = (_trigger(site, key_of(hour=2)) for _ in range(2))
    assert (first.status, second.status) == (202, 202)
    assert first.json["id"] == second.json["id"]


def test_asking_many_times_at_once_gives_the_same_number(site: Site) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _trigger(site, key_of(name="at-once")), range(16)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1


@pytest.mark.usefixtures("consumer")
def test_who_waits_gets_the_verdict(site: Site) -> None:
    site.landing.put(key_of(hour=3))
    answer = _trigger(site, key_of(hour=3), "?wait=60")
    assert (answer.status, answer.json["state"]) == (200, "done")
    assert (answer.json["verdict"]["score"], answer.json["verdict"]["file_name"]) == (100, "trips")


@pytest.mark.usefixtures("consumer")
def test_an_object_that_was_overwritten_is_looked_at_again(site: Site) -> None:
    site.landing.put(key_of(hour=4))
    first = _trigger(site, key_of(hour=4), "?wait=60")
    site.landing.clock.forward(seconds=1)
    site.landing.put(key_of(hour=4), b"id,driver\n1,\n")
    second = _trigger(site, key_of(hour=4), "?wait=60")
    assert first.json["id"] != second.json["id"]
    assert (first.json["verdict"]["score"], second.json["verdict"]["score"]) == (100, 90)


@pytest.mark.usefixtures("consumer")
def test_a_version_that_has_its_verdict_gives_it_at_once(site: Site) -> None:
    version = site.landing.put(key_of(hour=5)).version_id
    first = _trigger(site, key_of(hour=5), "?wait=60", version_id=version)
    again = _trigger(site, key_of(hour=5), version_id=version)
    assert (first.status, again.status) == (200, 200)
    assert again.json == first.json


@pytest.mark.usefixtures("consumer")
def test_an_object_that_is_not_there_ends_with_its_reason(site: Site) -> None:
    answer = _trigger(site, key_of(hour=6), "?wait=60")
    assert (answer.status, answer.json["state"], answer.json["verdict"]) == (200, "gone", None)
    assert answer.json["reason"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"key": "a"}, ["bucket"]),
        ({}, ["bucket", "key"]),
        ({"bucket": "elsewhere", "key": "a"}, ["bucket"]),
        ({"bucket": "../etc", "key": "a"}, ["bucket"]),
        ({"bucket": "", "key": "a"}, ["bucket"]),
        ({"bucket": 3, "key": "a"}, ["bucket"]),
        ({"bucket": "BUCKET", "key": ""}, ["key"]),
        ({"bucket": "BUCKET", "key": "k" * 1025}, ["key"]),
        ({"bucket": "BUCKET", "key": "a\x00b"}, ["key"]),
        ({"bucket": "BUCKET", "key": "a\ud800"}, ["key"]),
        ({"bucket": "BUCKET", "key": "a", "version_id": "\x00"}, ["version_id"]),
        ({"bucket": "BUCKET", "key": "a", "verison_id": "1"}, ["verison_id"]),
        ({"bucket": "BUCKET", "key": "folder/"}, ["key"]),
    ],
)
def test_a_wrong_field_is_named(site: Site, body: dict[str, Any], fields: list[str]) -> None:
    if body.get("bucket") == "BUCKET":
        body = {**body, "bucket": site.landing.bucket}
    answer = site.post(TRIGGER, body)
    assert answer.status == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.fields == fields


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"null", "application/json"),
        (b'{"bucket": "b", "key": "k"}', "text/plain"),
    ],
    ids=["nothing", "half", "deep", "no text", "null", "as a form of a page would send it"],
)
def test_what_is_no_json_object_is_refused(site: Site, body: bytes, kind: str) -> None:
    answer = site.post(TRIGGER, body, content_type=kind)
    assert answer.status != 422 or answer.fields == ["body"]
    assert answer.status in {400, 415, 422}
    assert answer.headers["content-type"] == "application/problem+json"

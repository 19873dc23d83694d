"""What the ledger remembers of versions that have their verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dq.events.object_event import ObjectEvent
from dq.events.object_version import ObjectVersion
from dq.ledger.by_hand.changes import retry_rows
from dq.ledger.inbox_item import Ending
from dq.ledger.inspection import list_rows
from tests.ledger.consumer import EVENT, NOW, finish, later, take

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox


def test_work_that_is_done_is_recognised(inbox: Inbox) -> None:
    """By version, else by etag unless the object was written again later."""
    inbox.add([EVENT, replace(EVENT, key="b.csv", version_id=None)], now=NOW)
    for item in take(inbox):
        finish(inbox, item, Ending("done", last_modified=NOW, read_version_id="r1", read_etag="e9"))
    listed = ObjectEvent("landing", "a.csv", None, "e1", 5, None, NOW.replace(microsecond=7), "listing")
    known = [
        EVENT,
        replace(EVENT, version_id="r1", etag="other"),
        listed,
        replace(listed, etag="e9"),
        replace(listed, event_time=None),
        replace(listed, key="b.csv"),
    ]
    unknown = [
        replace(EVENT, version_id="v2"),
        replace(listed, event_time=later(1)),
        replace(listed, etag="e2"),
        replace(listed, etag=None),
        replace(listed, key="c.csv"),
        replace(listed, bucket="other"),
    ]
    assert inbox.done_before([*known, *unknown]) == frozenset(known)
    assert inbox.done_before([]) == frozenset()


def test_only_a_verdict_counts_as_done(inbox: Inbox) -> None:
    """An unconfigured object is to be tried again by the next backfill."""
    inbox.add([EVENT], now=NOW)
    (item,) = take(inbox)
    finish(inbox, item, Ending("unconfigured", "no such file"))
    assert inbox.done_before([EVENT]) == frozenset()


def test_what_was_read_for_a_run_is_known_the_newest_first_whatever_became_of_its_rows_since(inbox: Inbox) -> None:
    """Also where a row is tried anew, and its object is gone by then; other runs and unread rows do not count."""
    ages = {"k000": 0, "k001": -60, "k002": None, "other": 60}
    inbox.add([replace(EVENT, key=key) for key in [*ages, "open"]], now=NOW)
    for item in take(inbox):
        if (key := item.event.key) in ages:
            age, run = ages[key], 2 if key == "other" else 1
            finish(inbox, item, Ending("done", None, None, run, None, None if age is None else later(age)))
    rows = {row.event.key: row.id for row in list_rows(inbox.engine)}
    retry_rows(inbox.engine, NOW, ids=[rows["k000"], rows["k001"]])
    (newest, older) = take(inbox)
    finish(inbox, newest, Ending("gone", "there is no such object"))
    expected = [ObjectVersion("landing", "k000", NOW, "0A"), ObjectVersion("landing", "k001", later(-60), "0A")]
    unknown = ObjectVersion("landing", "k002", None, "0A")
    with inbox.engine.begin() as connection:
        assert inbox.versions_of_run(connection, 1) == (*expected, unknown)
        assert inbox.versions_of_run(connection, 1, besides=older) == (expected[0], unknown)
        assert inbox.versions_of_run(connection, 2) == (ObjectVersion("landing", "other", later(60), "0A"),)
        assert inbox.versions_of_run(connection, 3) == ()
        assert inbox.versions_of_run(connection, None) == ()


def test_the_versions_of_a_run_are_found_by_an_index(inbox: Inbox) -> None:
    with inbox.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO pipeline.object_inbox (bucket, key, source, received_at, due_at, updated_at, state,"
            " monitoring_file_run_id) SELECT 'b', n::text, 's3', now(), now(), now(), 'superseded', n::text"
            " FROM generate_series(1, 20000) n"
        )
        connection.exec_driver_sql("ANALYZE pipeline.object_inbox")
        query = "EXPLAIN SELECT 1 FROM pipeline.object_inbox WHERE monitoring_file_run_id = '7'"
        plan = "\n".join(connection.exec_driver_sql(query).scalars())
    assert "object_inbox_of_run" in plan

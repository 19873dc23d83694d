"""What the ledger remembers of versions that have their verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dq.events.object_event import ObjectEvent
from dq.events.object_version import ObjectVersion
from dq.ledger.inbox_item import Ending
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


def test_the_newest_version_of_a_run_is_known(inbox: Inbox) -> None:
    """By last-modified, then by sequencer; other runs and unfinished rows do not count."""
    wanted = [("k000", "0B", 0), ("k000", "0A", 0), ("k001", "0F", -60), ("k002", None, None)]
    inbox.add(
        [replace(EVENT, key=key, sequencer=seq, version_id=str(n)) for n, (key, seq, _) in enumerate(wanted)], now=NOW
    )
    inbox.add([replace(EVENT, key="other", version_id="9"), replace(EVENT, key="open", version_id="8")], now=NOW)
    ages = {str(n): age for n, (_, _, age) in enumerate(wanted)}
    newest = None
    for item in take(inbox):
        if item.event.key == "open":
            continue
        age = ages.get(item.event.version_id or "", 60)
        run = 2 if item.event.key == "other" else 1
        finish(
            inbox, item, Ending("done", monitoring_file_run_id=run, last_modified=None if age is None else later(age))
        )
        newest = item if item.event.version_id == "0" else newest
    with inbox.engine.begin() as connection:
        assert inbox.newest_done_of_run(connection, 1) == ObjectVersion("landing", "k000", NOW, "0B")
        assert inbox.newest_done_of_run(connection, 1, besides=newest) == ObjectVersion("landing", "k000", NOW, "0A")
        assert inbox.newest_done_of_run(connection, 2) == ObjectVersion("landing", "other", later(60), "0A")
        assert inbox.newest_done_of_run(connection, 3) is None

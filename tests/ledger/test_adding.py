"""Announcements become rows: one for each version, however often and oddly it is announced."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from dq.events.announcement import Rejected
from dq.events.object_event import ObjectEvent
from dq.ledger.by_hand.dead_letters import list_dead_letters
from dq.ledger.inbox_item import Added
from dq.ledger.inspection import balance, list_rows
from tests.ledger.consumer import EVENT, NOW, events, later, take

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox


def test_an_announced_object_is_one_row_however_often_it_is_announced(inbox: Inbox) -> None:
    """At once and again; the row keeps everything that was announced."""
    assert inbox.add([EVENT, EVENT], now=NOW) == Added(new=1, known=1)
    assert inbox.add([replace(EVENT, source="sns")], now=later(1)) == Added(known=1)
    assert inbox.add([replace(EVENT, event_time=later(9))], now=later(1)) == Added(known=1)
    assert [row.event for row in list_rows(inbox.engine)] == [EVENT]


@pytest.mark.parametrize(
    "other",
    [
        replace(EVENT, bucket="x"),
        replace(EVENT, key="x"),
        replace(EVENT, version_id="x"),
        replace(EVENT, version_id=None),
        replace(EVENT, etag=None),
        replace(EVENT, sequencer="0B"),
    ],
)
def test_another_version_is_another_row(inbox: Inbox, other: ObjectEvent) -> None:
    """Bucket, key, version, etag and sequencer tell rows apart."""
    assert inbox.add([EVENT, other], now=NOW).new == 2


def test_versions_without_id_and_sequencer_are_told_apart_by_their_time(inbox: Inbox) -> None:
    """A listing sees the same content again after other content: that is a new version."""
    listed = replace(EVENT, version_id=None, sequencer=None, source="listing")
    again = replace(listed, event_time=later(60))
    assert inbox.add([listed, again, listed], now=NOW) == Added(new=2, known=1)
    assert inbox.add([listed, replace(listed, event_time=None)], now=NOW) == Added(new=1, known=1)
    assert inbox.add([replace(listed, event_time=None)], now=NOW) == Added(known=1)


def test_odd_keys_come_back_as_they_went_in(inbox: Inbox) -> None:
    """Keys are data: quotes, percent signs, escapes, any script."""
    keys = ["a'b\"c", "100%s %(x)s", "\\n", "départ 🚌", ";DROP TABLE x;--", "k" * 1024]
    inbox.add([replace(EVENT, key=key) for key in keys], now=NOW)
    assert sorted(item.event.key for item in take(inbox)) == sorted(keys)


def test_what_cannot_be_understood_is_kept_once_with_its_reason(inbox: Inbox) -> None:
    """In the same transaction as its neighbours; NUL and half surrogates do not stop it."""
    letters = [Rejected("not JSON", "garbage"), Rejected("odd", "a\0b\ud800")]
    assert inbox.add([EVENT], letters, now=NOW, source="queue") == Added(new=1, dead_letters=2)
    assert inbox.add([EVENT], letters, now=later(1), source="queue") == Added(known=1)
    found = {letter.reason: letter.body for letter in list_dead_letters(inbox.engine)}
    assert found == {"not JSON": "garbage", "odd": "a\u2400b\ufffd"}


def test_adding_the_same_events_from_two_threads_deadlocks_nobody(inbox: Inbox) -> None:
    """Whatever order they come in."""
    many = events(300)
    problems: list[Exception] = []

    def work(batch: list[ObjectEvent]) -> None:
        try:
            for start in range(0, 300, 50):
                inbox.add(batch[start : start + 150], now=NOW)
        except Exception as error:  # noqa: BLE001 - a thread's exception has to reach the assertion
            problems.append(error)

    threads = [Thread(target=work, args=(order,)) for order in (many, many[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert balance(inbox.engine).announced == 300

"""What operators see of the ledger, and what they can do."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from dq.events.announcement import Rejected
from dq.events.object_event import ObjectEvent
from dq.ledger.by_hand.changes import discard_rows, retry_rows
from dq.ledger.by_hand.dead_letters import discard_dead_letters, list_dead_letters, retry_dead_letters
from dq.ledger.inbox_item import Added, Ending
from dq.ledger.inspection import balance, inbox_status, list_rows, show_row
from etl_core.errors import UsageError
from etl_core.postgres.transaction import begin
from tests.announcements import s3_record

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox

NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def ended(inbox: Inbox) -> Inbox:
    """Four objects: done, unconfigured, dead, pending."""
    inbox.add([ObjectEvent("landing", f"k{number}") for number in range(4)], now=NOW)
    inbox.claim(3, 60, "me", NOW)
    done, unconfigured, dead = inbox.items(0, 1)
    with begin(inbox.engine) as transaction:
        inbox.finish(transaction, done, Ending("done"), NOW)
        inbox.finish(transaction, unconfigured, Ending("unconfigured", "no monitoring_file"), NOW)
    inbox.fail(dead, "access denied", retryable=False, now=NOW, jitter=0)
    return inbox


def test_rows_are_listed_by_state_and_in_pages(ended: Inbox) -> None:
    """By id."""
    assert [row.event.key for row in list_rows(ended.engine)] == ["k0", "k1", "k2", "k3"]
    assert [row.event.key for row in list_rows(ended.engine, states=["dead", "unconfigured"])] == ["k1", "k2"]
    first = list_rows(ended.engine, limit=2)
    assert [row.event.key for row in list_rows(ended.engine, after_id=first[-1].id)] == ["k2", "k3"]


def test_a_row_that_is_not_there_is_a_usage_error(ended: Inbox) -> None:
    """With a hint."""
    with pytest.raises(UsageError, match="no object 999; `inbox list`"):
        show_row(ended.engine, 999)


def test_retrying_makes_failures_due_as_if_never_tried(ended: Inbox) -> None:
    """Also one that has a verdict."""
    ids = [row.id for row in list_rows(ended.engine, states=["unconfigured", "dead"])]
    assert retry_rows(ended.engine, LATER, ids=ids) == 2
    batch = ended.claim(10, 60, "me", LATER)
    assert batch is not None
    items = ended.items(batch - 1, batch)
    assert {item.event.key for item in items} == {"k1", "k2", "k3"}
    assert {item.attempts for item in items} == {1}
    assert retry_rows(ended.engine, LATER, ids=[items[0].id]) == 0
    done = list_rows(ended.engine, states=["done"])[0]
    assert retry_rows(ended.engine, LATER, ids=[done.id]) == 1
    assert show_row(ended.engine, done.id).state == "pending"


def test_discarding_keeps_the_row_and_the_reason(ended: Inbox) -> None:
    """The account still balances."""
    ids = [row.id for row in list_rows(ended.engine)]
    assert discard_rows(ended.engine, LATER, ids=ids, reason="test data") == 3
    assert [row.state for row in list_rows(ended.engine)] == ["done", "ignored", "ignored", "ignored"]
    assert show_row(ended.engine, ids[2]).reason == "discarded: test data"
    assert balance(ended.engine).holds
    with pytest.raises(UsageError, match="needs a reason"):
        discard_rows(ended.engine, LATER, ids=ids, reason=" ")


def test_dead_letters_are_listed_read_again_and_discarded(inbox: Inbox) -> None:
    """What a newer program understands becomes rows; the rest stays."""
    understood = json.dumps(s3_record("mended.csv"))
    inbox.add([], [Rejected("too new", understood), Rejected("not JSON", "garbage")], now=NOW, source="queue")
    assert inbox_status(inbox.engine, NOW).dead_letters == 2
    assert {(letter.source, letter.reason) for letter in list_dead_letters(inbox.engine)} == {
        ("queue", "too new"),
        ("queue", "not JSON"),
    }
    assert retry_dead_letters(inbox.engine, LATER) == Added(new=1)
    assert [row.event.key for row in list_rows(inbox.engine)] == ["mended.csv"]
    (left,) = list_dead_letters(inbox.engine)
    assert left.body == "garbage"
    assert discard_dead_letters(inbox.engine, LATER, ids=[left.id]) == 1
    assert discard_dead_letters(inbox.engine, LATER, ids=[left.id]) == 0
    assert list_dead_letters(inbox.engine) == ()
    assert {letter.closed_as for letter in list_dead_letters(inbox.engine, closed=True)} == {"retried", "discarded"}

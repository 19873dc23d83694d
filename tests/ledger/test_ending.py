"""How a row ends: with its verdict, set aside, or tried again until it is dead."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dq.ledger.inbox_item import Ending, InboxItem
from dq.ledger.inspection import balance, list_rows, show_row
from etl_core.errors import TerminalError
from etl_core.postgres.transaction import Transaction
from tests.ledger.consumer import DONE, EVENT, NOW, events, finish, later, states, take

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox


def test_a_finished_row_records_what_was_read(inbox: Inbox) -> None:
    """And where its result is; identifiers may be numbers or UUIDs."""
    inbox.add([EVENT], now=NOW)
    (item,) = take(inbox)
    assert item == InboxItem(item.id, 1, "me", EVENT, attempts=1, received_at=NOW, claimed_at=NOW)
    ending = Ending("done", "window from the key", 7, "0b4c", "f00d", later(-5), "v1", "e1")
    finish(inbox, item, ending, later(3))
    row = show_row(inbox.engine, item.id)
    assert (row.state, row.reason, row.finished_at, row.last_modified) == ("done", ending.reason, later(3), later(-5))
    assert (row.monitoring_file_id, row.monitoring_file_run_id, row.definition_fingerprint) == ("7", "0b4c", "f00d")
    assert row.lease_owner is None


def test_finishing_commits_or_fails_with_the_callers_transaction(inbox: Inbox) -> None:
    """A result that is rolled back leaves the row claimed."""
    inbox.add([EVENT], now=NOW)
    (item,) = take(inbox)
    with inbox.engine.connect() as connection, connection.begin() as transaction:
        inbox.finish(Transaction(connection), item, DONE, NOW)
        transaction.rollback()
    assert states(inbox.engine) == ["claimed"]
    finish(inbox, item)
    assert states(inbox.engine) == ["done"]


def test_a_failure_state_needs_a_reason(inbox: Inbox) -> None:
    """The table refuses a failure nobody named."""
    inbox.add([EVENT], now=NOW)
    (item,) = take(inbox)
    with pytest.raises(TerminalError, match="object_inbox_failure_has_reason"):
        finish(inbox, item, Ending("ignored"))
    finish(inbox, item, Ending("ignored", "no template fits"))
    assert balance(inbox.engine).named_failures == 1


def test_retryable_failures_wait_longer_each_time_and_end_dead(inbox: Inbox) -> None:
    """Three attempts; the reason of the last one is kept."""
    inbox.add([EVENT], now=NOW)
    now, waits = NOW, []
    for attempt in range(3):
        (item,) = take(inbox, now=now)
        state = inbox.fail(item, f"S3 is away ({attempt})", retryable=True, now=now, jitter=1)
        assert state == ("dead" if attempt == 2 else "pending")
        row = show_row(inbox.engine, item.id)
        assert row.reason == f"S3 is away ({attempt})"
        if state == "pending":
            waits.append((row.due_at - now).total_seconds())
            assert take(inbox, now=row.due_at - timedelta(milliseconds=1)) == ()
            now = row.due_at
    assert waits == [10, 40]
    assert take(inbox, now=later(10_000)) == ()


def test_jitter_spreads_the_waits(inbox: Inbox) -> None:
    """From half the wait to all of it."""
    inbox.add(events(2), now=NOW)
    for item, jitter in zip(take(inbox), (0, 0.5), strict=True):
        inbox.fail(item, "away", retryable=True, now=NOW, jitter=jitter)
    assert [(row.due_at - NOW).total_seconds() for row in list_rows(inbox.engine)] == [5, 7.5]


def test_what_cannot_be_helped_is_dead_at_once(inbox: Inbox) -> None:
    """With its reason."""
    inbox.add([EVENT], now=NOW)
    (item,) = take(inbox)
    assert inbox.fail(item, "access denied", retryable=False, now=NOW, jitter=0) == "dead"
    assert [(row.state, row.reason) for row in list_rows(inbox.engine)] == [("dead", "access denied")]

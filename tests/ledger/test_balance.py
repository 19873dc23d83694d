"""Announced = done + pending + named failures, and a difference shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from dq.ledger.inbox_item import Added, Ending
from dq.ledger.inspection import balance, inbox_status
from tests.ledger.consumer import NOW, events, finish, later, take

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox


def test_the_account_balances_and_an_unnamed_failure_would_show(inbox: Inbox) -> None:
    """Announced = finished + open + named failures."""
    inbox.add(events(6), now=NOW)
    one, two, three, four, *_ = take(inbox, limit=5)
    finish(inbox, one)
    finish(inbox, two, Ending("superseded", "a newer one is there"))
    finish(inbox, three, Ending("bad_definition", "min > max"))
    inbox.fail(four, "boom", retryable=False, now=NOW, jitter=0)
    account = balance(inbox.engine)
    assert (account.announced, account.finished, account.open, account.named_failures) == (6, 2, 2, 2)
    assert account.holds
    status = inbox_status(inbox.engine, later(30))
    assert (status.depth, status.age, status.dead_letters) == (2, 30.0, 0)
    assert {state: count for state, count in status.states.items() if count} == {
        "pending": 1, "claimed": 1, "done": 1, "superseded": 1, "bad_definition": 1, "dead": 1,
    }  # fmt: skip
    with inbox.engine.begin() as connection:
        connection.execute(text("ALTER TABLE pipeline.object_inbox DROP CONSTRAINT object_inbox_failure_has_reason"))
        connection.execute(text("UPDATE pipeline.object_inbox SET reason = ' ' WHERE state = 'dead'"))
    assert not balance(inbox.engine).holds


def test_an_empty_ledger_balances(inbox: Inbox) -> None:
    """And has no age."""
    assert balance(inbox.engine).holds
    assert inbox_status(inbox.engine, NOW).age is None
    assert inbox.add([], now=NOW) == Added()

"""Rows of processes that are gone go to others, and come back to nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from dq.errors import LeaseLostError
from dq.ledger.inspection import list_rows
from tests.ledger.consumer import EVENT, NOW, events, finish, later, states, take

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox


def test_an_expired_lease_frees_the_row_for_others(inbox: Inbox) -> None:
    """Not a moment before it has ended."""
    inbox.add([EVENT], now=NOW)
    take(inbox, lease=60)
    assert take(inbox, owner="other", now=later(60)) == ()
    (again,) = take(inbox, owner="other", now=later(61))
    assert (again.owner, again.attempts, again.lost_leases, again.batch) == ("other", 1, 1, 2)


def test_a_row_that_is_the_only_one_of_its_batch_is_not_to_blame_for_the_end_of_its_process(inbox: Inbox) -> None:
    """Where little arrives every row is; a kill, or a database that is away at the end, costs none an attempt."""
    ledger = type(inbox)(inbox.engine, max_attempts=1)
    ledger.add([EVENT], now=NOW)
    for number in range(2):
        (item,) = take(ledger, now=later(61 * number))
        assert (item.attempts, item.alone) == (1, False)
    (item,) = take(ledger, now=later(122))
    assert (item.attempts, item.alone) == (1, True)


def test_what_is_dead_because_its_process_vanished_is_told(inbox: Inbox) -> None:
    """As any other object without a verdict: nobody else is there to say so."""
    ledger = type(inbox)(inbox.engine, max_attempts=1)
    ledger.add([EVENT], now=NOW)
    with capture_logs() as lines:
        for number in range(4):
            take(ledger, now=later(61 * number))
    assert [(line["log_level"], line["key"]) for line in lines if line["event"] == "dead"] == [("error", "a.csv")]
    assert states(inbox.engine) == ["dead"]


def test_a_renewed_lease_holds(inbox: Inbox) -> None:
    """Renewing counts the rows, and never shortens a lease."""
    inbox.add(events(2), now=NOW)
    take(inbox, lease=60)
    assert inbox.renew("me", 60, later(50)) == 2
    assert inbox.renew("me", 1, later(50), batch=1) == 2
    assert inbox.renew("me", 60, later(50), batch=9) == inbox.renew("other", 60, later(50)) == 0
    assert take(inbox, owner="other", now=later(100)) == ()
    assert len(take(inbox, owner="other", now=later(111))) > 0


@pytest.mark.parametrize("reclaimed", [False, True])
def test_a_zombie_changes_nothing_and_is_told_so(inbox: Inbox, *, reclaimed: bool) -> None:
    """Whether its row was only freed or given to another; its transaction is rolled back."""
    inbox.add([EVENT], now=NOW)
    (late,) = take(inbox)
    if reclaimed:
        (current,) = take(inbox, owner="other", now=later(61))
    else:
        inbox.recover("me", later(1))
    before = list_rows(inbox.engine)
    with pytest.raises(LeaseLostError, match="no longer held by me"):
        finish(inbox, late)
    with pytest.raises(LeaseLostError):
        inbox.fail(late, "boom", retryable=False, now=later(62), jitter=0)
    assert list_rows(inbox.engine) == before
    if reclaimed:
        finish(inbox, current)
        with pytest.raises(LeaseLostError):
            finish(inbox, late)
        assert states(inbox.engine) == ["done"]


def test_the_same_owner_of_an_older_batch_is_a_zombie_too(inbox: Inbox) -> None:
    """A restarted driver may carry the name of the one that stalled."""
    inbox.add([EVENT], now=NOW)
    (late,) = take(inbox)
    (current,) = take(inbox, now=later(61))
    with pytest.raises(LeaseLostError):
        finish(inbox, late)
    finish(inbox, current)


def test_a_released_batch_is_due_at_once_and_costs_no_attempt(inbox: Inbox) -> None:
    """What a shutdown does with unfinished work."""
    inbox.add(events(3), now=NOW)
    one, *_ = take(inbox)
    finish(inbox, one)
    assert inbox.release("me", NOW, batch=2) == inbox.release("other", NOW) == 0
    assert inbox.release("me", NOW) == 2
    assert [(item.attempts, item.lost_leases) for item in take(inbox)] == [(1, 0), (1, 0)]


@pytest.mark.parametrize("max_attempts", [1, 3])
def test_after_two_deaths_every_neighbour_of_what_kills_its_process_finishes(inbox: Inbox, max_attempts: int) -> None:
    """It runs alone then, after the others; it ends dead, everything else done, however few attempts are allowed."""
    ledger = type(inbox)(inbox.engine, max_attempts=max_attempts)
    ledger.add(events(40), now=NOW)
    now, deaths, done = NOW, 0, [0]
    for _ in range(200):
        items = take(ledger, limit=64, now=now)
        if any(item.event.key == "k017" for item in items):
            assert deaths < 2 or [item.alone for item in items] == [True]
            now, deaths = now + timedelta(seconds=61), deaths + 1
            done.append(states(inbox.engine).count("done"))
            continue
        for item in items:
            finish(ledger, item, now=now)
        now += timedelta(seconds=1)
    assert done[:3] == [0, 0, 0]
    assert done[3:] == [17, *[39] * (max_attempts - 1)]  # it is the 18th in the order in which they are due
    rows = {row.event.key: row for row in list_rows(inbox.engine)}
    poison = rows.pop("k017")
    assert (poison.state, poison.attempts) == ("dead", max_attempts)
    assert "vanished" in (poison.reason or "")
    assert {(row.state, row.attempts) for row in rows.values()} == {("done", 1)}
    assert deaths == 2 + max_attempts


def test_a_row_that_was_lost_once_is_handed_out_with_others(inbox: Inbox) -> None:
    """Most processes that vanish were restarted by somebody; no batch, and no job of Spark's, is spent on each row."""
    inbox.add(events(5), now=NOW)
    take(inbox, limit=3)
    again = take(inbox, owner="other", now=later(61))
    assert sorted((item.lost_leases, item.alone, item.is_suspect) for item in again) == [
        *[(0, False, False)] * 2,
        *[(1, False, True)] * 3,
    ]


def test_what_brought_a_worker_down_is_handed_out_alone_from_then_on(inbox: Inbox) -> None:
    """Whatever else is due."""
    inbox.add(events(3), now=NOW)
    one, *_ = take(inbox)
    inbox.fail(one, "it took the worker with it", retryable=True, now=NOW, jitter=0, alone=True)
    inbox.release("me", NOW)
    taken = [take(inbox, now=later(3600)) for _ in range(3)]
    assert sorted(len(items) for items in taken) == [0, 1, 2]
    assert [item.alone for items in taken for item in items if len(items) == 1] == [True]


def test_retryable_failures_count_beside_crashes(inbox: Inbox) -> None:
    """A crash among many takes no attempt away."""
    inbox.add(events(2), now=NOW)
    now = NOW
    for _ in range(2):
        take(inbox, limit=16, now=now)
        now += timedelta(seconds=61)
    (item,) = take(inbox, limit=64, now=now)
    assert (item.attempts, item.lost_leases, item.alone) == (1, 2, True)
    assert inbox.fail(item, "away", retryable=True, now=now, jitter=0) == "pending"


def test_recovering_frees_what_the_predecessor_held(inbox: Inbox) -> None:
    """Its own name only, and the crash counts as a lost lease."""
    inbox.add(events(2), now=NOW)
    take(inbox, limit=1, owner="me")
    take(inbox, limit=1, owner="other")
    assert inbox.recover("me", later(1)) == 1
    (again,) = take(inbox, owner="me", now=later(1))
    assert (again.event.key, again.lost_leases, again.attempts) == ("k000", 1, 1)

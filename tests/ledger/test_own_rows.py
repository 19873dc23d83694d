"""What one job announces is what it works off: its rows, however they stood, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dq.ledger.by_hand.changes import discard_rows
from dq.ledger.inbox_item import Ending
from dq.ledger.inspection import list_rows, show_row
from dq.ledger.own_rows import holders, standing
from tests.ledger.consumer import EVENT, NOW, events, finish, later, states, take

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox
    from dq.ledger.inbox_item import EndState


def test_new_rows_and_rows_without_a_verdict_are_due_and_those_with_one_stay(inbox: Inbox) -> None:
    inbox.add(events(7), now=NOW)
    ends: tuple[EndState, ...] = ("done", "superseded", "gone", "ignored", "unconfigured", "bad_definition")
    *ending, last = take(inbox)
    for item, state in zip(ending, ends, strict=True):
        finish(inbox, item, Ending(state, "a reason"))
    inbox.fail(last, "boom", retryable=False, now=NOW, jitter=0)
    announced = inbox.announce(events(8), now=later(9), source="backfill")
    assert states(inbox.engine) == ["done", "superseded", *["pending"] * 6]
    assert (len(announced.ids), announced.due) == (8, 6)
    assert inbox.announce(events(8), now=later(9), source="backfill") == announced
    again = inbox.announce(events(8), now=later(9), source="backfill", force=True)
    assert (again.ids, again.due) == (announced.ids, 8)
    assert set(states(inbox.engine)) == {"pending"}


def test_what_a_person_discarded_is_opened_by_force_only(inbox: Inbox) -> None:
    announced = inbox.announce([EVENT], now=NOW, source="backfill")
    discard_rows(inbox.engine, NOW, ids=[*announced.ids], reason="a test's file")
    assert inbox.announce([EVENT], now=NOW, source="backfill").due == 0
    assert states(inbox.engine) == ["ignored"]
    assert inbox.announce([EVENT], now=NOW, source="backfill", force=True).due == 1


def test_a_row_that_waits_for_its_next_attempt_is_due_at_once_and_keeps_its_attempts(inbox: Inbox) -> None:
    inbox.add([EVENT], now=NOW)
    inbox.fail(take(inbox)[0], "S3 is away", retryable=True, now=NOW, jitter=1)
    assert take(inbox, now=later(1)) == ()
    inbox.announce([EVENT], now=later(1), source="process_file")
    (item,) = take(inbox, now=later(1))
    assert item.attempts == 2


def test_a_row_in_work_stays_with_its_worker(inbox: Inbox) -> None:
    inbox.add([EVENT], now=NOW)
    (item,) = take(inbox)
    announced = inbox.announce([EVENT], now=NOW, source="process_file", force=True, run_window="key")
    assert (announced.due, states(inbox.engine)) == (1, ["claimed"])
    assert holders(inbox.engine, announced.ids, besides="somebody")["me"].ids == (item.id,)
    assert holders(inbox.engine, announced.ids, besides="me") == {}
    finish(inbox, item)
    assert standing(inbox.engine, announced.ids) == {"done": 1}


def test_a_claim_among_some_rows_touches_no_others(inbox: Inbox) -> None:
    """Nor does it free the lease of another one that has ended."""
    inbox.add(events(3), now=NOW)
    take(inbox, limit=1, owner="vanished")
    mine = inbox.announce(events(6)[4:], now=later(5), source="backfill")
    batch = inbox.claim(100, 60, "me", later(100), among=[*mine.ids])
    assert batch is not None
    assert [item.event.key for item in inbox.items(batch - 1, batch)] == ["k004", "k005"]
    assert states(inbox.engine) == ["claimed", "pending", "pending", "claimed", "claimed"]
    assert inbox.claim(100, 60, "me", later(100), among=[*mine.ids]) is None
    assert list_rows(inbox.engine)[0].lease_owner == "vanished"


def test_what_a_vanished_process_held_is_freed_among_the_rows_asked_for(inbox: Inbox) -> None:
    inbox.add(events(4), now=NOW)
    take(inbox, owner="vanished")
    ids = [row.id for row in list_rows(inbox.engine)]
    assert inbox.recover("vanished", NOW, among=ids[:2]) == 2
    assert states(inbox.engine) == ["pending", "pending", "claimed", "claimed"]


@pytest.mark.parametrize("second", ["key", None])
def test_the_window_travels_with_the_row_and_the_last_announcement_decides(inbox: Inbox, second: str | None) -> None:
    inbox.announce([EVENT, replace(EVENT, key="other")], now=NOW, source="backfill", run_window="last_modified")
    inbox.announce([EVENT], now=NOW, source="backfill", run_window=second)  # type: ignore[arg-type]  # parametrized
    assert {item.event.key: item.run_window for item in take(inbox)} == {EVENT.key: second, "other": "last_modified"}


def test_the_queue_changes_nothing_of_a_row_that_is_there(inbox: Inbox) -> None:
    announced = inbox.announce([EVENT], now=NOW, source="backfill", run_window="key")
    inbox.add([EVENT], now=later(1))
    assert take(inbox)[0].run_window == "key"
    assert show_row(inbox.engine, next(iter(announced.ids))).received_at == NOW


def test_many_rows_are_announced_counted_and_claimed_in_pieces(inbox: Inbox) -> None:
    """More than one statement takes."""
    many = [replace(EVENT, key=f"k{number:05d}") for number in range(12_500)]
    ids = inbox.announce(many, now=NOW, source="backfill").ids
    assert (len(ids), standing(inbox.engine, ids)) == (12_500, {"pending": 12_500})
    for some in ids.pieces(5000):
        inbox.claim(5000, 60, "me", NOW, among=some)
    assert len(holders(inbox.engine, ids, besides="")["me"].ids) == 12_500


def test_an_object_that_waits_for_the_end_of_an_outage_has_used_up_no_attempt(inbox: Inbox) -> None:
    inbox.add([EVENT], now=NOW)
    for second in range(10):
        (item,) = take(inbox, now=later(second))
        assert item.attempts == 1
        inbox.wait(item, "S3 does not answer", later(second))
    (row,) = list_rows(inbox.engine)
    assert (row.state, row.attempts, row.reason) == ("pending", 0, "S3 does not answer")

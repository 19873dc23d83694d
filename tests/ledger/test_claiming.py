"""Batches are numbered, and nobody is given the rows of others."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING

from tests.ledger.consumer import NOW, events, finish, last_batch, take

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox


def test_batches_are_numbered_in_order_and_hold_the_oldest_rows(inbox: Inbox) -> None:
    """At most `limit` rows each; None when nothing is due."""
    inbox.add(events(5), now=NOW)
    assert [inbox.claim(2, 60, "me", NOW) for _ in range(4)] == [1, 2, 3, None]
    assert last_batch(inbox.engine) == 3
    assert [len(inbox.items(number, number + 1)) for number in range(3)] == [2, 2, 1]
    assert [item.event.key for item in inbox.items(0, 2)] == ["k000", "k001", "k002", "k003"]
    assert inbox.items(3, 3) == ()


def test_batch_numbers_go_on_from_what_a_checkpoint_remembers(inbox: Inbox) -> None:
    """The counter of a restored database may be behind."""
    inbox.add(events(2), now=NOW)
    assert inbox.claim(1, 60, "me", NOW, after_batch=500) == 501
    assert inbox.claim(1, 60, "me", NOW, after_batch=3) == 502


def test_a_full_batch_never_holds_what_has_ended(inbox: Inbox) -> None:
    """Whatever the limit leaves for later, it is work that is left."""
    inbox.add(events(6), now=NOW)
    seen = []
    while items := take(inbox, limit=2):
        seen += [item.event.key for item in items]
        for item in items:
            finish(inbox, item)
    assert seen == [f"k{number:03d}" for number in range(6)]


def test_batches_of_others_are_not_handed_out(inbox: Inbox) -> None:
    """Two drivers share the numbers, not the rows."""
    inbox.add(events(3), now=NOW)
    for owner in ("one", "two", "one"):
        inbox.claim(1, 60, owner, NOW)
    assert [item.batch for item in inbox.items(0, 3, owner="one")] == [1, 3]
    assert [item.batch for item in inbox.items(0, 3)] == [1, 2, 3]


def test_two_claims_at_once_never_share_a_row(inbox: Inbox) -> None:
    """Many short claims from two threads: every row once, every batch number once."""
    inbox.add(events(200), now=NOW)
    barrier = Barrier(2)
    taken: dict[str, list[int]] = {"one": [], "two": []}

    def work(owner: str) -> None:
        barrier.wait()
        while (batch := inbox.claim(7, 60, owner, NOW)) is not None:
            taken[owner].append(batch)

    threads = [Thread(target=work, args=(owner,)) for owner in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    items = inbox.items(0, last_batch(inbox.engine))
    assert len({item.id for item in items}) == 200
    assert sorted(taken["one"] + taken["two"]) == list(range(1, last_batch(inbox.engine) + 1))
    assert all(item.batch in taken[item.owner] for item in items)

"""What a process held that says nothing any more goes to others before its leases end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from dq.ledger.claims.consumers import give_sign, leave, replaced
from dq.ledger.tables import consumer
from tests.ledger.consumer import NOW, events, later, take

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox


def test_a_silent_process_loses_its_rows_after_a_minute_and_a_living_one_never(inbox: Inbox) -> None:
    """Although their leases are good for an hour; one that never gave a sign is left to its lease."""
    inbox.add(events(3), now=NOW)
    for owner in ("silent", "living", "unknown"):
        if owner != "unknown":
            give_sign(inbox.engine, owner, "host", NOW)
        assert len(take(inbox, limit=1, owner=owner, lease=3600)) == 1
    for seconds in range(10, 61, 10):
        give_sign(inbox.engine, "living", "host", later(seconds))
    assert take(inbox, owner="me", now=later(60)) == ()
    (item,) = take(inbox, owner="me", now=later(61))
    assert (item.event.key, item.lost_leases) == ("k000", 1)


def test_after_an_outage_of_the_database_nobody_loses_rows_before_all_could_say_something(inbox: Inbox) -> None:
    """None of them could meanwhile; the first to be back must not take everybody's."""
    inbox.add(events(1), now=NOW)
    for owner in ("one", "two"):
        give_sign(inbox.engine, owner, "host", NOW)
    take(inbox, owner="one", lease=3600)
    for seconds in range(300, 351, 10):
        give_sign(inbox.engine, "two", "host", later(seconds))
        assert take(inbox, owner="two", now=later(seconds)) == ()
    give_sign(inbox.engine, "two", "host", later(360))
    assert len(take(inbox, owner="two", now=later(360))) == 1


def test_one_that_left_in_order_keeps_its_lease(inbox: Inbox) -> None:
    """It gave back what it could; forgotten processes go with it."""
    inbox.add(events(1), now=NOW)
    give_sign(inbox.engine, "forgotten", "host", NOW)
    give_sign(inbox.engine, "me", "host", later(90_000))
    take(inbox, lease=200_000)
    leave(inbox.engine, "me", later(90_000))
    with inbox.engine.connect() as connection:
        assert connection.scalars(select(consumer.c.owner)).all() == []
    assert take(inbox, owner="other", now=later(100_000)) == ()


def test_a_container_that_was_started_anew_has_replaced_the_one_of_its_name(inbox: Inbox) -> None:
    """Of other hosts, and of one that just gave a sign, that cannot be said."""
    for owner, host, seconds in (("a", "pod-1", 0), ("b", "pod-2", 0), ("c", "pod-1", 10)):
        give_sign(inbox.engine, owner, host, later(seconds))
    assert replaced(inbox.engine, ["a", "b", "c", "d"], "pod-1", later(16)) == {"a"}

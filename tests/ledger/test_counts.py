"""How many objects are in which state is kept, not counted: always what a count would say."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.ledger.by_hand.changes import retry_rows
from dq.ledger.inbox_item import FAILURE_STATES, Ending
from dq.ledger.inspection import inbox_status, list_rows
from etl_core.postgres.transaction import begin
from tests.ledger.consumer import DONE, EVENT, NOW, events, finish, take

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from dq.ledger.inbox import Inbox
    from dq.ledger.inbox_item import InboxItem


def kept(engine: Engine) -> dict[str, int]:
    return {state: count for state, count in inbox_status(engine, NOW).states.items() if count}


def counted(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT state, count(*) FROM pipeline.object_inbox GROUP BY state"))
        return {row[0]: row[1] for row in rows}


def finish_and_fail(inbox: Inbox, item: InboxItem) -> None:
    """End a row in a transaction that is rolled back."""
    with begin(inbox.engine) as transaction:
        inbox.finish(transaction, item, DONE, NOW)
        raise ZeroDivisionError


def test_what_is_kept_is_what_is_counted_whatever_several_processes_do_at_once(inbox: Inbox) -> None:
    """Rows are announced, claimed, ended, given back, lost and opened again by four at a time."""

    def work(number: int) -> None:
        chance = random.Random(number)
        for turn in range(25):
            new = [replace(EVENT, key=f"{number}-{turn}-{one}") for one in range(chance.randint(0, 8))]
            inbox.add(new, now=NOW)
            for item in take(inbox, limit=5, owner=str(number)):
                match chance.randrange(5):
                    case 0:
                        inbox.fail(item, "no", retryable=chance.random() < 0.5, now=NOW, jitter=0)
                    case 1 | 2:
                        finish(inbox, item, Ending(chance.choice(["superseded", "gone"]), "said so"))
                    case 3:
                        with pytest.raises(ZeroDivisionError):
                            finish_and_fail(inbox, item)
                    case _:
                        finish(inbox, item)
            if chance.random() < 0.5:
                inbox.release(str(number), NOW)
            else:
                inbox.recover(str(number), NOW)
            if turn % 10 == 9:
                known = [row.id for row in list_rows(inbox.engine, limit=10_000)]
                retry_rows(inbox.engine, NOW, ids=known, states=chance.sample(FAILURE_STATES, 2))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert kept(inbox.engine) == counted(inbox.engine)
    assert len(kept(inbox.engine)) > 3


def test_deleted_rows_are_none(inbox: Inbox) -> None:
    """The owner of the tables may have reasons."""
    inbox.add(events(5), now=NOW)
    with inbox.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM pipeline.object_inbox WHERE id = (SELECT min(id) FROM pipeline.object_inbox)")
        )
    assert kept(inbox.engine) == {"pending": 4}
    with inbox.engine.begin() as connection:
        connection.execute(text("TRUNCATE pipeline.object_inbox"))
    assert kept(inbox.engine) == {}
    inbox.add(events(2), now=NOW)
    assert kept(inbox.engine) == {"pending": 2}


def test_there_are_never_many_rows_to_add_up(inbox: Inbox) -> None:
    """Two rows come with each object that is claimed and ended, and are put together before they are many."""
    inbox.add(events(600), now=NOW)
    for item in take(inbox, limit=600):
        finish(inbox, item)
    with inbox.engine.connect() as connection:
        rows, newest = connection.execute(text("SELECT count(*), max(id) FROM pipeline.object_inbox_count")).one()
    assert rows < 300
    assert newest > 1200
    assert kept(inbox.engine) == {"done": 600}

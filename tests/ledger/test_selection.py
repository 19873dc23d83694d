"""Rows are chosen by what they are, and changed in pieces, without touching what somebody works on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

from dq.events.key_layout import KeyLayouts
from dq.events.object_event import ObjectEvent
from dq.ledger.by_hand.changes import discard_rows, retry_rows
from dq.ledger.by_hand.selection import Selection, select_numbers, select_rows
from dq.ledger.inbox_item import Ending
from dq.ledger.inspection import balance
from tests.ledger.consumer import NOW, finish, later, states, take

if TYPE_CHECKING:
    from dq.ledger.inbox import Inbox
    from dq.ledger.inspection import InboxRow

KEYS = (
    "agency/a/files/f/2026-01-04/12/data.csv",
    "agency/a/files/g/2026-01-04/12/data.csv",
    "agency/ab/files/f/2026-01-04/12/a.csv",
    "agency/b/files/f/2026-01-04/12/agency/a/files/f/x.csv",
    "odd/a/50%_of!it.csv",
    "odd/A/50 of it.csv",
)


@pytest.fixture
def filled(inbox: Inbox) -> Inbox:
    """The keys in two buckets, the second a day later."""
    for day, bucket in enumerate(("landing", "other")):
        inbox.add([ObjectEvent(bucket, key) for key in KEYS], now=NOW + timedelta(day))
    return inbox


def chosen(inbox: Inbox, **fields: Any) -> list[str]:  # noqa: ANN401  those of a selection
    """The keys in the first bucket, which both ways of asking agree on."""
    selection = Selection(bucket="landing", **fields)
    rows = select_rows(inbox.engine, selection, 100)
    assert list(select_numbers(inbox.engine, selection)) == [row.id for row in rows]
    return [row.event.key for row in rows]


def test_a_key_is_the_whole_of_it_and_a_prefix_its_beginning(filled: Inbox) -> None:
    assert chosen(filled) == sorted(KEYS)
    assert chosen(filled, key=KEYS[0]) == [KEYS[0]]
    assert chosen(filled, key="agency/a") == []
    assert chosen(filled, prefix="agency/a/") == list(KEYS[:2])
    assert chosen(filled, prefix="agency/a") == list(KEYS[:3])
    assert chosen(filled, prefix="odd/a/50%_of!") == [KEYS[4]]
    assert chosen(filled, prefix="odd/a/50%_of!it.csv!") == []


@pytest.mark.parametrize(
    "glob", ["*.csv", "odd/*", "odd/a/50%_of!*", "*/?.csv", "odd/?/50?*", "agency/*/f/*", "*", "x"]
)
def test_a_glob_is_read_as_everywhere(filled: Inbox, glob: str) -> None:
    """What means something in the pattern of a statement is plain text here."""
    assert chosen(filled, glob=glob) == sorted(key for key in KEYS if fnmatchcase(key, glob))


def test_agency_and_file_are_what_the_layouts_read_in_the_keys(filled: Inbox) -> None:
    """Not whatever holds their names."""
    assert chosen(filled, agency_slug="a") == list(KEYS[:2])
    assert chosen(filled, file_name="f") == [KEYS[0], KEYS[2]]
    assert chosen(filled, agency_slug="a", file_name="f") == [KEYS[0]]
    layouts = KeyLayouts(["odd/{agency_slug}/{file_name}"])
    assert chosen(filled, agency_slug="A", layouts=layouts) == [KEYS[5]]


def test_age_is_since_the_row_came(filled: Inbox) -> None:
    tomorrow = NOW + timedelta(1)
    assert len(select_rows(filled.engine, Selection(since=tomorrow), 100)) == 6
    assert len(select_rows(filled.engine, Selection(until=tomorrow), 100)) == 6
    assert select_rows(filled.engine, Selection(since=tomorrow, until=tomorrow), 100) == ()


@pytest.mark.parametrize("fields", [{}, {"agency_slug": "a"}])
def test_pages_follow_each_other_by_number(filled: Inbox, fields: dict[str, Any]) -> None:
    whole = select_rows(filled.engine, Selection(**fields), 100)
    found: list[InboxRow] = []
    after = 0
    while page := select_rows(filled.engine, Selection(**fields, after=after), 3):
        found += page
        after = page[-1].id
    assert tuple(found) == whole
    assert list(select_numbers(filled.engine, Selection(**fields), 3)) == [row.id for row in whole[:3]]


def test_a_selection_is_changed_in_transactions_of_moderate_size(inbox: Inbox) -> None:
    """Whoever wants one of the rows waits for a thousand others at most."""
    inbox.add([ObjectEvent("landing", f"k{number:04}") for number in range(2500)], now=NOW)
    together: list[int] = []

    @sqlalchemy.event.listens_for(inbox.engine, "after_cursor_execute")
    def note(*given: Any) -> None:  # noqa: ANN401  the driver's own types
        _, cursor, statement, *_ = given
        if statement.startswith("UPDATE"):
            together.append(cursor.rowcount)

    ids = select_numbers(inbox.engine, Selection(states=["pending"]))
    assert discard_rows(inbox.engine, later(1), ids=ids, reason="a test") == 2500
    assert together == [1000, 1000, 500]
    assert balance(inbox.engine).holds


def test_what_is_being_worked_on_or_has_its_verdict_since_it_was_chosen_stays(inbox: Inbox) -> None:
    inbox.add([replace(ObjectEvent("landing", "k"), version_id=f"v{number}") for number in range(4)], now=NOW)
    for item in take(inbox):
        inbox.fail(item, "boom", retryable=False, now=NOW, jitter=0)
    ids = select_numbers(inbox.engine, Selection(states=["dead"]))
    first, second, *_ = list(ids)
    retry_rows(inbox.engine, NOW, ids=[first, second])
    finish(inbox, take(inbox, limit=1)[0], Ending("done"))
    take(inbox, limit=1)
    assert states(inbox.engine) == ["done", "claimed", "dead", "dead"]
    assert retry_rows(inbox.engine, NOW, ids=ids, states=["dead"]) == 2
    assert states(inbox.engine) == ["done", "claimed", "pending", "pending"]
    assert discard_rows(inbox.engine, NOW, ids=ids, reason="x", states=["done", "claimed", "pending"]) == 2
    assert states(inbox.engine) == ["done", "claimed", "ignored", "ignored"]
    assert retry_rows(inbox.engine, NOW, ids=ids) == 3
    assert states(inbox.engine) == ["pending", "claimed", "pending", "pending"]


def test_a_prefix_is_found_by_the_index_of_keys(inbox: Inbox) -> None:
    inbox.add([ObjectEvent("landing", f"{number % 100:02}/{number}") for number in range(20_000)], now=NOW)
    with inbox.engine.begin() as connection:
        connection.execute(sqlalchemy.text("ANALYZE pipeline.object_inbox"))
    plans: list[str] = []

    @sqlalchemy.event.listens_for(inbox.engine, "before_cursor_execute")
    def explain(*given: Any) -> None:  # noqa: ANN401  the driver's own types
        connection, _, statement, parameters, *_ = given
        with connection.connection.cursor() as another:
            another.execute("EXPLAIN " + statement, parameters)
            plans.append("\n".join(line for (line,) in another.fetchall()))

    for selection, count in (
        (Selection(prefix="07/"), 200),
        (Selection(key="07/107"), 1),
        (Selection(glob="07/*7"), 200),
    ):
        assert len(select_numbers(inbox.engine, replace(selection, bucket="landing"))) == count
    assert len(plans) == 3
    assert all("object_inbox_key" in plan for plan in plans), plans

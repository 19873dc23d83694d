"""Store and ledger go by in the order of their keys, and every object and every key has one finding."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.events.object_event import ObjectEvent
from dq.reconciling.account import Account, Counted
from dq.reconciling.comparison import Compared, LedgerRow, compare
from etl_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
THEN = NOW - timedelta(hours=3)
BEFORE = NOW - timedelta(minutes=15)
OBJECT = ObjectEvent("landing", "k", etag="e1", event_time=THEN, source="listing")
ROW = LedgerRow(1, "landing", "k", None, "e1", THEN, THEN, "done", None, "e1", THEN)


def findings(objects: Sequence[ObjectEvent], rows: Sequence[LedgerRow]) -> list[tuple[str, str]]:
    return [(one.event.key, one.finding) for one in compare(objects, rows, before=BEFORE)]


def finding(event: ObjectEvent, *rows: LedgerRow) -> str:
    ((_, found),) = findings([event], rows)
    return found


def test_an_object_in_no_row_was_never_announced_unless_it_is_too_young_to_be_missed() -> None:
    assert finding(OBJECT) == "never_announced"
    assert finding(replace(OBJECT, event_time=BEFORE + timedelta(seconds=1))) == "young"
    assert finding(replace(OBJECT, event_time=None)) == "never_announced"


@pytest.mark.parametrize(
    ("until", "rows", "found"),
    [
        (THEN, [], "aged"),
        (THEN - timedelta(seconds=1), [], "never_announced"),
        (THEN, [ROW], "known"),
        (THEN, [ROW._replace(state="gone")], "aged"),  # a row of it that stays is about another version
        (None, [], "never_announced"),
    ],
)
def test_what_is_as_old_as_objects_whose_rows_were_aged_out_is_not_announced(
    until: datetime | None, rows: list[LedgerRow], found: str
) -> None:
    (one,) = compare([OBJECT], rows, before=BEFORE, horizon=until)
    assert one.finding == found


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        ROW._replace(etag="another", read_etag="e1"),  # overwritten before it was read
        ROW._replace(state="superseded"),
        ROW._replace(state="dead", read_etag=None, last_modified=None),
        ROW._replace(state="pending", etag="old", read_etag=None, last_modified=None),  # it reads what is there
        ROW._replace(state="claimed", etag=None, read_etag=None, last_modified=None),
        ROW._replace(read_etag="e2", etag="e2", last_modified=THEN + timedelta(minutes=1)),  # newer than the list
        ROW._replace(
            state="unconfigured",
            etag=None,
            read_etag=None,
            event_time=None,
            last_modified=None,
            received_at=THEN + timedelta(seconds=1),
        ),
    ],
)
def test_a_version_that_a_row_is_about_or_read_or_will_read_is_known(row: LedgerRow) -> None:
    assert finding(OBJECT, row) == "known"


@pytest.mark.parametrize(
    "row",
    [
        ROW._replace(etag="e0", read_etag="e0", event_time=THEN - timedelta(1), last_modified=THEN - timedelta(1)),
        ROW._replace(last_modified=THEN - timedelta(hours=1)),  # equal content that came back after other content
        ROW._replace(state="pending", version_id="v0", etag="e0", read_etag=None, last_modified=None),
        ROW._replace(state="unconfigured", etag=None, read_etag=None, event_time=None, last_modified=None)._replace(
            received_at=THEN - timedelta(hours=1)
        ),
    ],
)
def test_a_version_newer_than_what_the_rows_are_about_is_stale_unless_it_is_too_young(row: LedgerRow) -> None:
    assert finding(OBJECT, row) == "stale"
    young = replace(OBJECT, event_time=BEFORE + timedelta(seconds=1))
    assert finding(young, row._replace(state="done", version_id="v0")) == "young"


def test_what_replaced_another_within_its_second_is_stale() -> None:
    """A listing has whole seconds: the row may be about what was there before."""
    within = THEN + timedelta(microseconds=999_999)
    read = ROW._replace(etag="e0", read_etag="e0")
    assert finding(OBJECT, read._replace(last_modified=within)) == "stale"
    assert finding(OBJECT, read._replace(last_modified=within + timedelta(seconds=1))) == "known"
    bare = ROW._replace(state="dead", etag=None, read_etag=None, event_time=None, last_modified=None)
    assert finding(OBJECT, bare._replace(received_at=within)) == "stale"
    assert finding(OBJECT, bare._replace(received_at=within + timedelta(seconds=1))) == "known"


def test_versions_are_told_apart_by_their_ids_where_the_store_names_them() -> None:
    event = replace(OBJECT, version_id="v1")
    assert finding(event, ROW._replace(read_version_id="v1", etag=None, read_etag=None)) == "known"
    older = ROW._replace(version_id="v0", read_version_id="v0", etag="e0", read_etag="e0")
    assert finding(event, older._replace(last_modified=THEN - timedelta(1))) == "stale"


def test_of_an_object_of_which_nothing_can_be_compared_any_row_is_enough() -> None:
    """An inventory may have the keys alone."""
    assert finding(ObjectEvent("landing", "k"), ROW) == "known"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("pending", "gone_without_verdict"),
        ("claimed", "gone_without_verdict"),
        ("dead", "gone_without_verdict"),
        ("unconfigured", "gone_without_verdict"),
        ("bad_definition", "gone_without_verdict"),
        ("done", "gone_with_verdict"),
        ("superseded", "gone_with_verdict"),
        ("gone", "gone_and_closed"),
        ("ignored", "gone_and_closed"),
    ],
)
def test_of_a_key_without_an_object_the_newest_row_says_whether_it_matters(state: str, expected: str) -> None:
    newest = ROW._replace(id=2, state=state)  # type: ignore[arg-type]  # parametrized
    assert findings([], [ROW._replace(state="dead"), newest]) == [("k", expected)]
    assert findings([], [newest._replace(received_at=NOW)]) == [("k", "gone_and_young")]


def test_a_store_that_lists_in_another_order_is_refused() -> None:
    """Every object after the first would be taken for missing."""
    with pytest.raises(UsageError, match=r"'a' came after 'b'.*by an inventory"):
        findings([replace(OBJECT, key="b"), replace(OBJECT, key="a")], [])


KEYS = st.text(st.sampled_from(["a", "B", "é", "\U0001f600", "\uffff", "/", " "]), min_size=1, max_size=3)


@given(st.sets(KEYS), st.lists(st.tuples(KEYS, st.sampled_from(["done", "dead", "pending"]))))
def test_every_object_and_every_key_of_the_ledger_has_one_finding(
    stored: set[str], known: list[tuple[str, str]]
) -> None:
    """Compared with looking each up; the order is that of the bytes of UTF-8, as stores have it."""
    in_order = sorted(stored, key=str.encode)
    rows = sorted(
        (ROW._replace(id=number, key=key, state=state) for number, (key, state) in enumerate(known)),  # type: ignore[arg-type]
        key=lambda row: (row.key.encode(), row.id),
    )
    counted = Counted()
    objects = counted.stored(replace(OBJECT, key=key) for key in in_order)
    found = list(counted.compared(compare(objects, rows, before=BEFORE)))
    newest = {row.key: row.state for row in rows}
    assert {one.event.key: one.finding for one in found} == {
        **{key: "known" if key in newest else "never_announced" for key in stored},
        **{
            key: "gone_with_verdict" if state == "done" else "gone_without_verdict"
            for key, state in newest.items()
            if key not in stored
        },
    }
    assert len(found) == len({one.event.key for one in found})
    account = Account(counted.objects, counted.findings)
    assert account.objects == len(stored)
    assert account.findings == Counter(one.finding for one in found)


def test_an_account_that_lost_an_object_is_refused() -> None:
    with pytest.raises(AssertionError, match="2 there, 1 compared"):
        Account(2, {"known": 1, "gone_with_verdict": 5})


def test_what_is_shown_of_a_key_without_an_object_is_its_newest_row() -> None:
    newest = ROW._replace(id=7, version_id="v7", etag="e7")
    (one,) = compare([], [ROW, newest], before=BEFORE)
    assert one == Compared(
        "gone_with_verdict", ObjectEvent("landing", "k", "v7", "e7", event_time=THEN, source="bare"), newest
    )

"""The ledger: nothing is lost, nothing is ended twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.errors import LeaseLostError, TerminalError
from dq.events.announcement import Rejected
from dq.events.object_event import ObjectEvent
from dq.events.object_version import ObjectVersion
from dq.intake.inbox_item import Added, Ending, InboxItem
from dq.intake.inspection import balance, inbox_status, list_dead_letters, list_rows, show_row
from dq.store.transaction import Transaction, begin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

    from dq.intake.inbox import Inbox

NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
EVENT = ObjectEvent("landing", "a.csv", "v1", "e1", 5, "0A", NOW, "s3")
DONE = Ending("done", monitoring_file_run_id=1, last_modified=NOW)


def later(seconds: float) -> datetime:
    """So many seconds after the start."""
    return NOW + timedelta(seconds=seconds)


def events(count: int) -> list[ObjectEvent]:
    """Events of different keys."""
    return [replace(EVENT, key=f"k{number:03d}") for number in range(count)]


def take(
    inbox: Inbox, limit: int = 100, owner: str = "me", now: datetime = NOW, lease: float = 60
) -> Sequence[InboxItem]:
    """Claim and read a batch."""
    batch = inbox.claim(limit, lease, owner, now)
    return () if batch is None else inbox.items(batch - 1, batch)


def finish(inbox: Inbox, item: InboxItem, ending: Ending = DONE, now: datetime = NOW) -> None:
    """End a row in a transaction of its own."""
    with begin(inbox.engine) as transaction:
        inbox.finish(transaction, item, ending, now)


def states(engine: Engine) -> list[str]:
    """The states of all rows by id."""
    return [row.state for row in list_rows(engine)]


def test_an_announced_object_is_one_row_however_often_it_is_announced(inbox: Inbox) -> None:
    """At once and again; the row keeps everything that was announced."""
    assert inbox.add([EVENT, EVENT], now=NOW) == Added(new=1, known=1)
    assert inbox.add([replace(EVENT, source="sns")], now=later(1)) == Added(known=1)
    assert inbox.add([replace(EVENT, event_time=later(9))], now=later(1)) == Added(known=1)
    assert [row.event for row in list_rows(inbox.engine)] == [EVENT]


@pytest.mark.parametrize(
    "other",
    [
        replace(EVENT, bucket="x"),
        replace(EVENT, key="x"),
        replace(EVENT, version_id="x"),
        replace(EVENT, version_id=None),
        replace(EVENT, etag=None),
        replace(EVENT, sequencer="0B"),
    ],
)
def test_another_version_is_another_row(inbox: Inbox, other: ObjectEvent) -> None:
    """Bucket, key, version, etag and sequencer tell rows apart."""
    assert inbox.add([EVENT, other], now=NOW).new == 2


def test_versions_without_id_and_sequencer_are_told_apart_by_their_time(inbox: Inbox) -> None:
    """A listing sees the same content again after other content: that is a new version."""
    listed = replace(EVENT, version_id=None, sequencer=None, source="listing")
    again = replace(listed, event_time=later(60))
    assert inbox.add([listed, again, listed], now=NOW) == Added(new=2, known=1)
    assert inbox.add([listed, replace(listed, event_time=None)], now=NOW) == Added(new=1, known=1)
    assert inbox.add([replace(listed, event_time=None)], now=NOW) == Added(known=1)


def test_odd_keys_come_back_as_they_went_in(inbox: Inbox) -> None:
    """Keys are data: quotes, percent signs, escapes, any script."""
    keys = ["a'b\"c", "100%s %(x)s", "\\n", "départ 🚌", ";DROP TABLE x;--", "k" * 1024]
    inbox.add([replace(EVENT, key=key) for key in keys], now=NOW)
    assert sorted(item.event.key for item in take(inbox)) == sorted(keys)


def test_what_cannot_be_understood_is_kept_once_with_its_reason(inbox: Inbox) -> None:
    """In the same transaction as its neighbours; NUL and half surrogates do not stop it."""
    letters = [Rejected("not JSON", "garbage"), Rejected("odd", "a\0b\ud800")]
    assert inbox.add([EVENT], letters, now=NOW, source="queue") == Added(new=1, dead_letters=2)
    assert inbox.add([EVENT], letters, now=later(1), source="queue") == Added(known=1)
    found = {letter.reason: letter.body for letter in list_dead_letters(inbox.engine)}
    assert found == {"not JSON": "garbage", "odd": "a\\u0000b\\ud800"}


def test_force_opens_ended_rows_again_and_leaves_open_ones(inbox: Inbox) -> None:
    """A row in work stays with its worker."""
    three = events(3)
    inbox.add(three[:2], now=NOW)
    first, second = take(inbox)
    finish(inbox, first)
    assert inbox.add(three, now=NOW, force=True) == Added(new=1, known=1, reopened=1)
    assert states(inbox.engine) == ["pending", "claimed", "pending"]
    finish(inbox, second)
    assert {item.event.key for item in take(inbox)} == {"k000", "k002"}


def test_batches_are_numbered_in_order_and_hold_the_oldest_rows(inbox: Inbox) -> None:
    """At most `limit` rows each; None when nothing is due."""
    inbox.add(events(5), now=NOW)
    assert [inbox.claim(2, 60, "me", NOW) for _ in range(4)] == [1, 2, 3, None]
    assert inbox.last_batch() == 3
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


def test_rows_are_loaded_by_number_only_while_they_are_held(inbox: Inbox) -> None:
    """And only in the batch that is asked for."""
    inbox.add(events(2), now=NOW)
    one, two = take(inbox)
    finish(inbox, one)
    assert inbox.load([one.id, two.id]) == inbox.load([one.id, two.id], batch=1) == (two,)
    assert inbox.load([two.id], batch=2) == ()


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
    items = inbox.items(0, inbox.last_batch())
    assert len({item.id for item in items}) == 200
    assert sorted(taken["one"] + taken["two"]) == list(range(1, inbox.last_batch() + 1))
    assert all(item.batch in taken[item.owner] for item in items)


def test_adding_the_same_events_from_two_threads_deadlocks_nobody(inbox: Inbox) -> None:
    """Whatever order they come in."""
    many = events(300)
    problems: list[Exception] = []

    def work(batch: list[ObjectEvent]) -> None:
        try:
            for start in range(0, 300, 50):
                inbox.add(batch[start : start + 150], now=NOW)
        except Exception as error:  # noqa: BLE001  a thread's exception has to reach the assertion
            problems.append(error)

    threads = [Thread(target=work, args=(order,)) for order in (many, many[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert balance(inbox.engine).announced == 300


def test_a_finished_row_records_what_was_read(inbox: Inbox) -> None:
    """And where its result is; identifiers may be numbers or UUIDs."""
    inbox.add([EVENT], now=NOW)
    (item,) = take(inbox)
    assert item == InboxItem(item.id, 1, "me", EVENT, attempts=1)
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


def test_an_expired_lease_frees_the_row_for_others(inbox: Inbox) -> None:
    """Not a moment before it has ended."""
    inbox.add([EVENT], now=NOW)
    take(inbox, lease=60)
    assert take(inbox, owner="other", now=later(60)) == ()
    (again,) = take(inbox, owner="other", now=later(61))
    assert (again.owner, again.attempts, again.lost_leases, again.batch) == ("other", 2, 1, 2)
    (last,) = take(inbox, owner="third", now=later(122))
    assert last.attempts == 3
    assert take(inbox, now=later(183)) == ()
    assert [row.state for row in list_rows(inbox.engine)] == ["dead"]


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


def test_a_released_batch_is_due_at_once_and_costs_no_attempt(inbox: Inbox) -> None:
    """What a shutdown does with unfinished work."""
    inbox.add(events(3), now=NOW)
    one, *_ = take(inbox)
    finish(inbox, one)
    assert inbox.release("me", NOW, batch=2) == inbox.release("other", NOW) == 0
    assert inbox.release("me", NOW) == 2
    assert [(item.attempts, item.lost_leases) for item in take(inbox)] == [(1, 0), (1, 0)]


@pytest.mark.parametrize("max_attempts", [1, 3])
def test_an_object_that_kills_its_process_is_set_apart_and_its_neighbours_finish(
    inbox: Inbox, max_attempts: int
) -> None:
    """After each crash the batches get smaller; the poison ends dead, everything else done, however few attempts."""
    ledger = type(inbox)(inbox.engine, max_attempts=max_attempts)
    ledger.add(events(40), now=NOW)
    now, crashes = NOW, 0
    while items := take(ledger, limit=64, now=now):
        if any(item.event.key == "k017" for item in items):
            now, crashes = now + timedelta(seconds=61), crashes + 1
            continue
        for item in items:
            finish(ledger, item, now=now)
    rows = {row.event.key: row for row in list_rows(inbox.engine)}
    poison = rows.pop("k017")
    assert (poison.state, poison.attempts) == ("dead", max_attempts)
    assert "vanished" in (poison.reason or "")
    assert {(row.state, row.attempts) for row in rows.values()} == {("done", 1)}
    assert crashes == 2 + max_attempts


def test_retryable_failures_count_beside_crashes(inbox: Inbox) -> None:
    """A crash among many takes no attempt away."""
    inbox.add(events(2), now=NOW)
    now = NOW
    for _ in range(2):
        take(inbox, limit=16, now=now)
        now += timedelta(seconds=61)
    (item,) = take(inbox, limit=64, now=now)
    assert (item.attempts, item.lost_leases) == (1, 2)
    assert inbox.fail(item, "away", retryable=True, now=now, jitter=0) == "pending"


def test_recovering_frees_what_the_predecessor_held(inbox: Inbox) -> None:
    """Its own name only, and the crash counts as a lost lease."""
    inbox.add(events(2), now=NOW)
    take(inbox, limit=1, owner="me")
    take(inbox, limit=1, owner="other")
    assert inbox.recover("me", later(1)) == 1
    (again,) = take(inbox, owner="me", now=later(1))
    assert (again.event.key, again.lost_leases, again.attempts) == ("k000", 1, 2)


def test_work_that_is_done_is_recognised(inbox: Inbox) -> None:
    """By version, else by etag unless the object was written again later."""
    inbox.add([EVENT, replace(EVENT, key="b.csv", version_id=None)], now=NOW)
    for item in take(inbox):
        finish(inbox, item, Ending("done", last_modified=NOW, read_version_id="r1", read_etag="e9"))
    listed = ObjectEvent("landing", "a.csv", None, "e1", 5, None, NOW.replace(microsecond=7), "listing")
    known = [
        EVENT,
        replace(EVENT, version_id="r1", etag="other"),
        listed,
        replace(listed, etag="e9"),
        replace(listed, event_time=None),
        replace(listed, key="b.csv"),
    ]
    unknown = [
        replace(EVENT, version_id="v2"),
        replace(listed, event_time=later(1)),
        replace(listed, etag="e2"),
        replace(listed, etag=None),
        replace(listed, key="c.csv"),
        replace(listed, bucket="other"),
    ]
    assert inbox.done_before([*known, *unknown]) == frozenset(known)
    assert inbox.done_before([]) == frozenset()


def test_only_a_verdict_counts_as_done(inbox: Inbox) -> None:
    """An unconfigured object is to be tried again by the next backfill."""
    inbox.add([EVENT], now=NOW)
    (item,) = take(inbox)
    finish(inbox, item, Ending("unconfigured", "no such file"))
    assert inbox.done_before([EVENT]) == frozenset()


def test_the_newest_version_of_a_run_is_known(inbox: Inbox) -> None:
    """By last-modified, then by sequencer; other runs and unfinished rows do not count."""
    wanted = [("k000", "0B", 0), ("k000", "0A", 0), ("k001", "0F", -60), ("k002", None, None)]
    inbox.add(
        [replace(EVENT, key=key, sequencer=seq, version_id=str(n)) for n, (key, seq, _) in enumerate(wanted)], now=NOW
    )
    inbox.add([replace(EVENT, key="other", version_id="9"), replace(EVENT, key="open", version_id="8")], now=NOW)
    ages = {str(n): age for n, (_, _, age) in enumerate(wanted)}
    newest = None
    for item in take(inbox):
        if item.event.key == "open":
            continue
        age = ages.get(item.event.version_id or "", 60)
        run = 2 if item.event.key == "other" else 1
        finish(
            inbox, item, Ending("done", monitoring_file_run_id=run, last_modified=None if age is None else later(age))
        )
        newest = item if item.event.version_id == "0" else newest
    with inbox.engine.begin() as connection:
        assert inbox.newest_done_of_run(connection, 1) == ObjectVersion("landing", "k000", NOW, "0B")
        assert inbox.newest_done_of_run(connection, 1, besides=newest) == ObjectVersion("landing", "k000", NOW, "0A")
        assert inbox.newest_done_of_run(connection, 2) == ObjectVersion("landing", "other", later(60), "0A")
        assert inbox.newest_done_of_run(connection, 3) is None


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

"""What a store has, held against what the ledger says of it: two streams in the order of their keys, merged.

Nothing is held but one object and what is known so far of the rows of its key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from dq.events.object_event import ObjectEvent
from dq.ledger.inbox_item import GOOD_STATES, OPEN_STATES
from etl_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dq.ledger.inbox_item import State

#: Of objects that are there: the ledger `known`s the version, it is too `young` to be missed, the key is in no row,
#: or the store has a newer version than the rows are about. `aged`: no row is about it, and it is from before what
#: the ledger remembers. `gone_since`: listed, but not there any more.
Found: TypeAlias = Literal["known", "young", "aged", "never_announced", "stale", "gone_since"]
#: Of keys with rows and no object: by how the newest row stands. `there_since`: not listed, but there by now.
Gone: TypeAlias = Literal[
    "gone_without_verdict", "gone_with_verdict", "gone_and_closed", "gone_and_young", "there_since"
]
FOUND: tuple[Found, ...] = ("known", "young", "aged", "never_announced", "stale", "gone_since")
#: What somebody has to do something about.
MATTERS: tuple[Found | Gone, ...] = ("never_announced", "stale", "gone_without_verdict")
#: What an announcement mends.
REPAIRABLE: tuple[Found | Gone, ...] = ("never_announced", "stale")


class LedgerRow(NamedTuple):
    """What is compared of a row; times are aware."""

    id: int
    bucket: str
    key: str
    version_id: str | None
    etag: str | None
    event_time: datetime | None
    received_at: datetime
    state: State
    read_version_id: str | None
    read_etag: str | None
    last_modified: datetime | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One key: the object as the store has it, or as its newest row announced it; that row, where there is one."""

    finding: Found | Gone
    event: ObjectEvent
    row: LedgerRow | None = None


def compare(
    objects: Iterable[ObjectEvent], rows: Iterable[LedgerRow], *, before: datetime, horizon: datetime | None = None
) -> Iterator[Compared]:
    """Say of each object, and of each key of the ledger without one, how they stand.

    Args:
        objects: current versions, in the order of their keys, each key once.
        rows: of the same bucket and prefix, in the order of their keys, then of their numbers.
        before: aware; what was modified, or came to the ledger, later is too young to be missed.
        horizon: aware; rows of objects stored up to then may have been aged out. None where none were.

    Raises:
        UsageError: the objects are not in the order of their keys, as in some stores.
    """
    groups = groupby(rows, key=lambda row: row.key)
    group = next(groups, None)
    last = None
    for event in objects:
        if last is not None and event.key <= last:
            raise UsageError(
                f"the store does not list keys in the order of their bytes: {event.key!r} came after {last!r};"
                " reconcile by an inventory"
            )
        last = event.key
        while group is not None and group[0] < event.key:
            yield _without_object(group[1], before)
            group = next(groups, None)
        if group is not None and group[0] == event.key:
            yield _with_rows(event, group[1], before, horizon)
            group = next(groups, None)
        else:
            yield Compared(_without_row(event, before, horizon, "never_announced"), event)
    while group is not None:
        yield _without_object(group[1], before)
        group = next(groups, None)


def _without_row(event: ObjectEvent, before: datetime, horizon: datetime | None, otherwise: Found) -> Found:
    """What is found of an object that no row is about."""
    if _is_young(event, before):
        return "young"
    is_aged = horizon is not None and event.event_time is not None and event.event_time <= horizon
    return "aged" if is_aged else otherwise


def _with_rows(event: ObjectEvent, rows: Iterator[LedgerRow], before: datetime, horizon: datetime | None) -> Compared:
    newest = next(rows)
    known = _covers(newest, event)
    for newest in rows:
        known = known or _covers(newest, event)
    if known:
        return Compared("known", event, newest)
    return Compared(_without_row(event, before, horizon, "stale"), event, newest)


def _covers(row: LedgerRow, event: ObjectEvent) -> bool:
    """Whether the version that the store has is the one a row is about, or read, or will read, or an older one.

    A row whose object was gone read nothing: what is there now came later, be it the same content.
    """
    return row.state != "gone" and _is_about(row, event)


def _is_about(row: LedgerRow, event: ObjectEvent) -> bool:
    if event.version_id is not None and event.version_id in (row.version_id, row.read_version_id):
        return True
    if row.state in OPEN_STATES and row.version_id is None:  # it reads what is there
        return True
    if event.etag is not None and event.etag in (row.etag, row.read_etag) and _is_not_later(event, row.last_modified):
        return True
    if event.event_time is None:
        return event.etag is None and event.version_id is None  # nothing of it can be compared
    looked_at = row.last_modified or row.event_time
    if looked_at is not None and _is_after(looked_at, event.event_time):
        return True
    names_none = row.version_id is None and row.etag is None and row.read_etag is None
    return names_none and _is_after(row.received_at, event.event_time)


def _is_after(moment: datetime, listed: datetime) -> bool:
    """Whether a moment is after an object's time, which has whole seconds: within one nobody knows."""
    return moment.replace(microsecond=0) > listed


def _is_not_later(event: ObjectEvent, read: datetime | None) -> bool:
    """Whether the object is not later than what was read: equal content may come back after other content."""
    if event.event_time is None or read is None:
        return True
    return event.event_time.replace(microsecond=0) <= read


def _is_young(event: ObjectEvent, before: datetime) -> bool:
    return event.event_time is not None and event.event_time > before


def _without_object(rows: Iterator[LedgerRow], before: datetime) -> Compared:
    newest = next(rows)
    for newest in rows:  # noqa: B007 - the last one is wanted
        pass
    event = ObjectEvent(newest.bucket, newest.key, newest.version_id, newest.etag, event_time=newest.event_time)
    return Compared(_gone(newest, before), event, newest)


def _gone(newest: LedgerRow, before: datetime) -> Gone:
    if newest.received_at > before:
        return "gone_and_young"
    if newest.state in GOOD_STATES:
        return "gone_with_verdict"
    return "gone_and_closed" if newest.state in {"gone", "ignored"} else "gone_without_verdict"

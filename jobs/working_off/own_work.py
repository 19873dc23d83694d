"""Working off what this job announced, and nobody else's: to the end of every row, whoever brings it about.

Other processes on the same ledger may take rows of ours, and an earlier run of the same job may hold some. What a
process holds that is gone is taken over, at once where that can be told and else when its lease ends. What another one
took meanwhile is waited for; what a living one held before we came stays with it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from dq.batch.batch_counts import BatchCounts
from dq.ledger.claims.resting import wake_all
from dq.ledger.own_rows import holders, standing
from etl_core.number_set import NumberSet
from jobs.running.exit_codes import ExitCode, exit_code_for
from jobs.working_off.batches import LEASE_SECONDS, work_off_one
from jobs.working_off.owners import is_alive, shown_owner
from jobs.working_off.presence import present
from jobs.working_off.taking_over import take_over

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from dq.batch.doors import Doors
    from dq.ledger.own_rows import Announced, Holder
    from jobs.running.stopping import StopRequest

log = structlog.get_logger()

#: Rows that are claimed from at a time.
_CHUNK = 1000
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class OwnWork:
    """How the rows of this job stand when it ends."""

    states: Mapping[str, int]
    dead_letters: int = 0

    def exit_code(self, *, named: bool = False) -> ExitCode:
        """What that means for the shell; `named`: somebody named the object."""
        return exit_code_for(self.states, dead_letters=self.dead_letters, named=named)


def work_off_own(
    doors: Doors,
    announced: Announced,
    *,
    limit: int,
    owner: str,
    stop: StopRequest,
    report: Callable[[BatchCounts], None],
) -> OwnWork:
    """Process the rows that were announced until each has ended, or there is a reason to leave some for later.

    Args:
        doors: the outside world.
        announced: which rows.
        limit: most objects of one batch.
        owner: whose claims these are.
        stop: looked at between batches.
        report: told what became of each batch.

    Raises:
        RetryableError: the database does not answer; what was claimed is given back, or falls back
            when its lease ends.
    """
    wake_all(doors.database, doors.clock())
    with present(doors, owner):
        _work_off_all(doors, announced, limit, owner, stop, report)
    return OwnWork(standing(doors.database, announced.ids), announced.dead_letters)


def _work_off_all(
    doors: Doors,
    announced: Announced,
    limit: int,
    owner: str,
    stop: StopRequest,
    report: Callable[[BatchCounts], None],
) -> None:
    others = _Others(doors, owner, announced.ids)
    left = announced.ids
    open_rows = announced.due
    while True:
        processed, outage = _work_off(doors, left, limit, owner, stop, report)
        if outage is not None:
            log.warning("an outage: what is left stays in the inbox; the same command goes on", error=outage)
        if outage is not None or stop.is_set():
            break
        left = others.left(left)
        if (elsewhere := open_rows - processed - len(left)) > 0:
            report(BatchCounts(elsewhere, {"by other processes": elsewhere}))
        open_rows = len(left)
        if not left:
            break
        if others.take_over(left):
            continue
        if (reason := others.reason_to_leave()) is not None:
            log.warning("left to another process; the same command goes on when it has ended", reason=reason)
            break
        stop.wait(_LOOK_SECONDS)


def _work_off(
    doors: Doors,
    ids: NumberSet,
    limit: int,
    owner: str,
    stop: StopRequest,
    report: Callable[[BatchCounts], None],
) -> tuple[int, str | None]:
    """Process what is due of these rows; how many were, and what is out where that stopped it."""
    processed = 0
    for some in ids.pieces(max(limit, _CHUNK)):
        while not stop.is_set():
            counts = work_off_one(doors, limit=limit, owner=owner, report=report, among=some)
            if counts is None:
                break
            processed += counts.announced
            if counts.outage is not None:
                return processed, counts.outage
    return processed, None


class _Others:
    """Who else holds rows of ours, and since when nothing of theirs has ended."""

    def __init__(self, doors: Doors, owner: str, ids: NumberSet) -> None:
        self._doors, self._owner = doors, owner
        self._now = holders(doors.database, ids, besides=owner)
        #: Those that held some before we came, and until when.
        self._before: Mapping[str, datetime] = {name: one.lease_until for name, one in self._now.items()}
        self._moved_at = time.monotonic()
        self._waiting_is_told = False

    def left(self, ids: NumberSet) -> NumberSet:
        """The rows that others hold, of these."""
        before, self._now = self._now, holders(self._doors.database, ids, besides=self._owner)
        if _rows(before) != _rows(self._now):
            self._moved_at = time.monotonic()
        return NumberSet(row_id for one in self._now.values() for row_id in one.ids)

    def take_over(self, ids: NumberSet) -> int:
        """Make due what processes held that are gone; how many rows."""
        return sum(take_over(self._doors, self._now, among=some) for some in ids.pieces(_CHUNK))

    def reason_to_leave(self) -> str | None:
        """Why there is no point in waiting for those that hold rows of ours; None where there is."""
        for one in self._now.values():
            if one.owner in self._before and (is_alive(one.owner) or one.lease_until > self._before[one.owner]):
                return f"{_said(one)} since before this job began, and it is alive"
        if time.monotonic() - self._moved_at > LEASE_SECONDS:
            return f"{' and '.join(map(_said, self._now.values()))}, and nothing of it has ended for a while"
        if not self._waiting_is_told:
            self._waiting_is_told = True
            for one in self._now.values():
                until = f"{one.lease_until:%H:%M:%S} UTC"
                log.info("waiting for another process, or for its lease to end", reason=_said(one), lease_until=until)
        return None


def _rows(held: Mapping[str, Holder]) -> int:
    return sum(len(one.ids) for one in held.values())


def _said(one: Holder) -> str:
    return f"{shown_owner(one.owner)} has {len(one.ids)} of the objects in work"

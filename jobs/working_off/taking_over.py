"""Rows of processes that are gone, due again at once where that can be told; and what is open when a job ends."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import structlog

from dq.ledger.claims.consumers import replaced
from dq.ledger.inspection import still_open
from jobs.working_off.owners import is_alive, shown_owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dq.batch.doors import Doors

log = structlog.get_logger()


def take_over(doors: Doors, owners: Iterable[str], among: Sequence[int] | None = None) -> int:
    """Make due what processes hold that are gone, as far as that can be told at once; how many rows.

    Of those of this machine it can. So it can of one that ran under this machine's name, and says nothing any more: a
    container that was started anew.

    Args:
        doors: the outside world.
        owners: who holds rows.
        among: ids of the rows that are asked for; None for all.
    """
    freed, alive = 0, {name: is_alive(name) for name in owners}
    unknown = [name for name, known in alive.items() if known is None]
    silent = replaced(doors.database, unknown, socket.gethostname(), doors.clock()) if unknown else frozenset()
    for name, known in alive.items():
        if name in silent or known is False:
            rows = doors.inbox.recover(name, doors.clock(), among=among)
            log.warning("taken over from a process that is gone", process=shown_owner(name), objects=rows)
            freed += rows
    return freed


def is_all_ended(doors: Doors, *, mine: Iterable[str], waiting: bool) -> bool:
    """Whether a job may say that all is well; what is open is told in a line, with the time from which it is not.

    Args:
        doors: the outside world.
        mine: names whose rows are this job's whoever lives; those of processes that are alive are not, nor are others'
            unless `waiting`.
        waiting: whether the job was to work off everything, and rows that wait for their time are its own, too.

    Raises:
        RetryableError: the database does not answer.
    """
    found, mine = still_open(doors.database), frozenset(mine)
    held = [one for name, one in found.held.items() if name in mine or (waiting and not is_alive(name))]
    parts = []
    if held:
        until = max(one.lease_until for one in held)
        parts.append(f"{sum(one.rows for one in held):,} objects are held until {until:%H:%M:%S} UTC")
    if waiting and found.waiting and found.due_at is not None:
        due = max(found.due_at, doors.clock())
        parts.append(f"{found.waiting:,} objects are due at {due:%H:%M:%S} UTC")
    if parts:
        log.warning("not all has ended; the same command goes on then", reason=", ".join(parts))
    return not parts

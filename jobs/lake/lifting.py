"""Batches of due objects lifted one after the other: until nothing is due, or until somebody asks to stop."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from dq import due_objects
from dq.reporting.catalogue.catalogue import read_catalogue
from etl_core.errors import RetryableError
from etl_core.retry import Backoff, Outage
from jobs.lake.definitions import definitions_of
from pipelines.lake.lifting.load_objects import load_objects
from pipelines.lake.lifting.undo import finish_undos

if TYPE_CHECKING:
    from collections.abc import Callable

    from dq import DueObject, Wanted
    from dq.batch.doors import Doors
    from jobs.running.stopping import StopRequest
    from pipelines.lake.lifting.load_objects import LakeDoors, Outcome

log = structlog.get_logger()

#: How long an object waits whose load has to be tried again, and how long everything waits for an outage to end.
_AGAIN = Backoff(first=15.0, factor=2.0, longest=900.0)
_OUTAGE_REST = Backoff(first=2.0, factor=2.0, longest=60.0)


class LiftRounds:
    """Lifts a batch of what is due each time; an object that has to wait is asked for again in a later round."""

    def __init__(
        self,
        doors: Doors,
        lake: LakeDoors,
        wanted: Wanted,
        limit: int,
        tell: Callable[[Outcome], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Lift nothing yet.

        Args:
            doors: the ledger, and the definitions.
            lake: the tables.
            wanted: which objects.
            limit: objects of a batch at most.
            tell: told what became of each object.
            clock: counts seconds.
        """
        self._doors, self._lake, self._wanted, self._limit, self._tell = doors, lake, wanted, limit, tell
        self._clock = clock
        self._catalogue = read_catalogue(doors.database, only_reads=True)
        self._waits: dict[int, tuple[int, float]] = {}
        self._released = set(wanted.released)
        self.states: Counter[str] = Counter()

    def due(self, *, again: bool = False) -> tuple[DueObject, ...]:
        """The objects of the next batch; with `again` also those that have waited long enough."""
        now = self._clock()
        waiting = {id_ for id_, (_, until) in self._waits.items() if not again or until > now}
        done = set(self._wanted.released) - self._released
        wanted = replace(self._wanted, waiting=tuple(waiting | done))
        return due_objects(self._doors.database, self._catalogue, wanted, self._limit)

    def lift(self, *, again: bool = False) -> list[Outcome]:
        """Finish what was being taken out, then lift the next batch; what became of its objects, none if none is due.

        Raises:
            RetryableError: the database is away.
        """
        finish_undos(self._lake)
        due = self.due(again=again)
        if not due:
            return []
        began = self._lake.clock()
        outcomes = load_objects(due, definitions_of(due, self._doors), self._wanted.released, began, self._lake)
        for one in outcomes:
            id_ = one.due.object_id
            self._tell(one)
            self._released.discard(id_)
            tries = self._waits.pop(id_, (0, 0.0))[0]
            if one.state == "pending":
                wait = _AGAIN.wait(tries + 1, 1.0).total_seconds()
                self._waits[id_] = (tries + 1, self._clock() + wait)
        self.states += Counter(one.state for one in outcomes)
        return outcomes

    def told(self) -> str:
        """How many objects ended in which state, in words."""
        return ", ".join(f"{count} {state}" for state, count in sorted(self.states.items())) or "nothing was due"


def keep_lifting(rounds: LiftRounds, stop: StopRequest, seconds: float) -> None:
    """Lift what comes due until somebody asks to stop; while the database is away, wait for it.

    Args:
        rounds: the batches.
        stop: set when somebody asks to end.
        seconds: how long to wait where nothing is due.
    """
    outage = Outage(_OUTAGE_REST)
    while not stop.is_set():
        try:
            outcomes = rounds.lift(again=True)
        except RetryableError as error:
            wait = outage.failed()
            log.warning("waiting for an outage to end", error=error, in_a_row=outage.failures, wait=wait)
            stop.wait(wait)
            continue
        if (lasted := outage.over()) is not None:
            log.info("the outage is over", seconds=lasted)
        if not outcomes:
            stop.wait(seconds)

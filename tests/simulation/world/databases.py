"""The databases under simulated worlds: made once, emptied for each schedule."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.reporting import ReportingStore
from etl_core.postgres.clock import DatabaseClock
from etl_core.postgres.database import connect
from etl_core.retry import call_again
from jobs.running.database import migrate_all
from tests.simulation.oracle.history import Witness
from tests.simulation.world.clock import START, Clock, Timekeeping
from tests.simulation.world.message_queue import SimulatedQueue
from tests.simulation.world.one_thread import OneThread
from tests.simulation.world.postgres import Server
from tests.simulation.world.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from sqlalchemy.engine import Engine

    from dq.events.run_window import WindowSource
    from etl_core.queue.sqs import Queue
    from tests.simulation.world.consumer import Consumer

#: Schedules after which tables are emptied thoroughly; otherwise dead rows make them slow.
_THOROUGHLY = 100


class Database:
    """A database with the ledger and reporting tables, at `url`; the latter are there."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.clock = clock
        self.engine = connect(url)
        migrate_all(self.engine)
        #: Keeps nothing but the tables' form, which every process would read alike.
        self.reporting = ReportingStore(read_catalogue(self.engine))
        self.witness = Witness(url)
        self.witness.prepare()
        self.server = Server(url, clock)
        self._emptied = 0

    def empty(self) -> None:
        """Forget everything."""
        self.witness.forget(thoroughly=self._emptied % _THOROUGHLY == 0)
        self._emptied += 1

    def close(self) -> None:
        """Let go of everything."""
        self.server.close()
        self.witness.close()
        self.engine.dispose()


class Simulation:
    """One world at a time, in any of several databases.

    Args:
        urls: the databases, with different forms of the reporting tables.
        patch: takes back in the end what is done to the product: it rests and counts seconds in simulated time, works
            in one thread, and its processes connect as those of the world do.
    """

    def __init__(self, urls: Sequence[str], patch: pytest.MonkeyPatch) -> None:
        self._clock = Clock()
        self._databases = [Database(url, self._clock) for url in urls]
        self._world: World | None = None
        patch.setattr("dq.intake.feed.time", Timekeeping(self._clock))
        patch.setattr("etl_core.postgres.database.monotonic", self._clock.seconds)
        patch.setattr("dq.batch.process_batch.ThreadPoolExecutor", OneThread)
        call = partial(call_again, chance=lambda: 0.5, sleep=self._clock.forward)
        patch.setattr("dq.intake.feed.call_again", call)
        patch.setattr("etl_core.queue.sqs.call_again", call)
        patch.setattr("dq.intake.feed.DatabaseClock", lambda engine: DatabaseClock(engine, self._clock.seconds))
        patch.setattr("dq.intake.feed.connect", self._connect)
        patch.setattr("dq.intake.feed.Queue", self._queue)

    def new_world(
        self,
        variant: int = 0,
        *,
        ahead: float | None = None,
        batch_size: int = 3,
        run_window: WindowSource = "key",
    ) -> World:
        """A world in which nothing has happened yet, in the database of this number; the one before ends."""
        self._end_world()
        self._clock.now = START
        database = self._databases[variant]
        database.empty()
        self._world = World(database, ahead=ahead, batch_size=batch_size, run_window=run_window)
        return self._world

    def close(self) -> None:
        """Let go of everything."""
        self._end_world()
        for one in self._databases:
            one.close()

    def _end_world(self) -> None:
        if self._world is not None:
            self._world.close()
            self._world = None

    def _runs(self) -> Consumer:
        assert self._world is not None
        return self._world.running[-1]

    def _connect(self, url: str, application_name: str) -> Engine:
        return self._runs().connect(url, application_name)

    def _queue(self, _access: object) -> Queue:
        one = self._runs()
        return SimulatedQueue(one.world.queue, one.faults)

"""A consumer of the simulated world: the stream's reader and the worker behind it, put together as the jobs do.

It is killed and started again any number of times; each life has a name of its own on the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from dq.batch.coming_due import make_due
from dq.batch.doors import Doors
from dq.intake.feed import Feed
from dq.intake.feed_settings import FeedSettings
from dq.ledger.claims.consumers import give_sign
from dq.ledger.inbox import Inbox
from etl_core.errors import PipelineError
from etl_core.postgres.clock import DatabaseClock
from etl_core.queue.sqs import QueueAccess
from jobs.working_off.batches import process_claimed
from tests.simulation.world.faults import Faults, ProcessDiedError
from tests.simulation.world.object_store import PLAIN, VERSIONED, SimulatedStore
from tests.simulation.world.postgres import ProcessEngine
from tests.simulation.world.stand_in_engine import StandInEngine

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from dq.events.run_window import WindowSource
    from tests.simulation.world.world import World

#: As in `jobs.working_off.batches`.
LEASE_SECONDS = 120.0
MOST_ATTEMPTS = 3


class Consumer:
    """One consumer of the ledger.

    Args:
        world: where it lives.
        name: what all its lives have in common.
        ahead: how many seconds its machine's clock is ahead of the others; None where it asks the database.
        batch_size: rows that it claims at a time.
        run_window: the setting.
    """

    def __init__(
        self, world: World, name: str, *, ahead: float | None, batch_size: int, run_window: WindowSource
    ) -> None:
        self.world, self.name, self._ahead = world, name, ahead
        self._batch_size, self._run_window = batch_size, run_window
        self.life = 0
        self.faults = Faults()
        self._lent: list[ProcessEngine] = []
        self._doors: Doors | None = None
        self._feed: Feed | None = None
        #: Where the stream stands, and what it has planned since: ranges of batches, as Spark's offsets.
        self.offset = 0
        self.planned: list[tuple[int, int]] = []
        self.begin_life()

    @property
    def owner(self) -> str:
        """Its name on the ledger."""
        return f"{self.name}:{self.life}"

    def begin_life(self) -> None:
        """Start a process that knows nothing of the one before."""
        self.life += 1
        self.faults = Faults(is_quiet=lambda: all(one.is_quiet() for one in self._lent))
        self._doors, self._feed = None, None
        self.offset, self.planned = 0, []

    def run(self, action: Callable[[], object]) -> None:
        """Do something as this process; where it dies of that, it is gone with its connections."""
        self.give_sign()
        self.world.running.append(self)
        try:
            action()
        except ProcessDiedError:
            self.bury()
        except PipelineError:
            pass  # the job would end or wait; the ledger knows how things stand
        except KeyboardInterrupt:
            self.bury()
        finally:
            self.world.running.pop()
            if not self.world.running:
                self.world.end_turn()

    def give_sign(self) -> None:
        """Give a sign of life, as a thread beside the worker does every few seconds."""
        told = self.world.oracle.signs.get(self.owner)
        if self.world.server.is_up and told != self.world.clock.now:
            give_sign(self.world.database.engine, self.owner, self.name, self.world.clock.now)
            self.world.oracle.signs[self.owner] = self.world.clock.now

    def bury(self) -> None:
        """Take away what a dead process leaves behind, and start the next one."""
        self.world.oracle.died(self.owner)
        for one in self._lent:
            self.world.server.take_back(one)
        self._lent.clear()
        self.begin_life()

    def connect(self, url: str, application_name: str = "worker") -> Engine:
        """What `etl_core.postgres.database.connect` does, for this process."""
        assert url == self.world.server.url
        lent = self.world.server.engine(self.faults, application_name)
        self._lent.append(lent)
        return lent.engine

    def receive(self) -> None:
        """Let the stream's reader look what is new: it takes in messages and claims a batch."""
        claimed = self.feed.next_batch(self.offset)
        if claimed > self.offset:
            self.planned.append((self.offset, claimed))
            self.offset = claimed

    def work(self) -> None:
        """Process the batches of a range that was planned, as Spark calls for them."""
        if not self.planned:
            return
        after, upto = self.planned.pop(0)
        for batch in self.feed.held(after, upto):
            self.process(batch)

    def process(self, batch: int) -> None:
        """Process what it still holds of a batch, be it one that was processed before."""
        doors = self.doors
        self._engine.begin_batch()
        process_claimed(doors, batch, self.owner)

    def restart_reader(self) -> None:
        """The stream's reader ends and is started anew, with the same name; the worker goes on."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None

    def look_for_due(self) -> None:
        """Look whether files or definitions have come that rows wait for."""
        make_due(self.doors)

    def take_over(self, owner: str) -> None:
        """Free what another process left behind that is known to be gone."""
        self.doors.inbox.recover(owner, self.doors.clock())

    def renew(self) -> None:
        """Show a sign of life for all that is held, as the thread beside the worker does."""
        self.doors.inbox.renew(self.owner, LEASE_SECONDS, self.doors.clock())

    @property
    def feed(self) -> Feed:
        """The stream's reader."""
        if self._feed is None:
            settings = FeedSettings(
                self.world.server.url,
                self.owner,
                QueueAccess("memory"),
                max_files=self._batch_size,
                max_attempts=MOST_ATTEMPTS,
                lease_seconds=LEASE_SECONDS,
                wait_seconds=0,
                idle_seconds=0,
            )
            self._feed = Feed(settings, None if self._ahead is None else self.world.clock.wrong_by(self._ahead))
        return self._feed

    @property
    def doors(self) -> Doors:
        """What the worker works with."""
        if self._doors is None:
            database = self.connect(self.world.server.url)
            store = SimulatedStore(self.world.buckets, self.faults)
            self._engine = StandInEngine(store, self.world.buckets, self.faults)
            self._doors = Doors(
                database=database,
                inbox=Inbox(database, max_attempts=MOST_ATTEMPTS),
                reporting=self.world.database.reporting,
                objects=store,
                judge=self._engine,
                clock=self._clock(database),
                chance=lambda: 0.5,
                run_window=self._run_window,
                allowed_buckets=frozenset({PLAIN, VERSIONED}),
                rest=self.world.clock.forward,
            )
        return self._doors

    def _clock(self, database: Engine) -> Callable[[], datetime]:
        if self._ahead is not None:
            return self.world.clock.wrong_by(self._ahead)
        return DatabaseClock(database, self.world.clock.seconds)

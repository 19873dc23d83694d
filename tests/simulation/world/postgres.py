"""The real Postgres, reached through a driver that can fail at every call.

Below the engine that the product makes sits psycopg2 with a connection class of ours: it raises what the driver raises
when a server goes away, before a statement or a commit took effect or after it, and really lets go of the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import STATUS_READY, connection, cursor
from sqlalchemy import event

from etl_core.postgres.database import connect
from tests.simulation.world.clock import Clock
from tests.simulation.world.faults import Faults

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import ConnectionPoolEntry

_LOST = "server closed the connection unexpectedly"
_REFUSED = "connection to server failed: Connection refused"


class Server:
    """One database of the server: whether it answers, and the engines on it.

    Args:
        url: its address.
        clock: tells what the server takes for the present.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url, self.clock = url, clock
        self.is_up = True
        #: Called after each commit that took effect.
        self.on_commit: Callable[[], object] = lambda: None
        self._idle: list[ProcessEngine] = []

    def engine(self, faults: Faults, application_name: str) -> ProcessEngine:
        """An engine for a process. They are made once and lent: to connect costs more than most of what they do.

        Raises:
            DatabaseUnavailableError: the server does not answer.
        """
        lent = self._idle.pop() if self._idle else ProcessEngine(self, application_name)
        lent.faults = faults
        if not self.is_up:
            self._idle.append(lent)
            lent.hang_up()
            with lent.engine.connect():  # says so, as the first connection of a new engine would
                raise AssertionError
        return lent

    def take_back(self, lent: ProcessEngine) -> None:
        """Have an engine back; what its process had begun is over."""
        if not lent.is_quiet():
            lent.hang_up()
        lent.faults = Faults()
        self._idle.append(lent)

    def close(self) -> None:
        """Let go of everything."""
        for one in self._idle:
            one.engine.dispose()


class ProcessEngine:
    """An engine of one process at a time, and the connections that it has."""

    def __init__(self, server: Server, application_name: str) -> None:
        self.server, self.faults = server, Faults()
        self.connections: set[FaultyConnection] = set()
        self.engine: Engine = connect(server.url, application_name=application_name)
        self.engine.dispose()  # the connection that proved the address is not one of ours
        event.listen(self.engine, "do_connect", self._choose_class)
        event.listen(self.engine, "checkout", self._hand_out)

    def is_quiet(self) -> bool:
        """Whether no transaction is open, so that nobody waits for a lock of this process."""
        return all(one.closed or one.status == STATUS_READY for one in self.connections)

    def hang_up(self) -> None:
        """What happens to its connections when a process is gone."""
        for one in self.connections:
            one.close()
        self.connections.clear()
        self.engine.dispose()

    def _choose_class(self, _dialect: object, _entry: object, _args: object, options: dict[str, Any]) -> None:
        if not self.server.is_up:
            raise psycopg2.OperationalError(_REFUSED)
        options["connection_factory"] = FaultyConnection

    def _hand_out(self, driver: FaultyConnection, _entry: ConnectionPoolEntry, _proxy: object) -> None:
        driver.owner = self
        self.connections.add(driver)


class FaultyConnection(connection):
    """A connection at which things happen to its process."""

    owner: ProcessEngine | None = None

    def cursor(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as psycopg2 has it
        return super().cursor(*args, **{"cursor_factory": FaultyCursor, **options})

    def commit(self) -> None:
        self.reach(super().commit)
        if self.owner is not None:
            self.owner.server.on_commit()

    def rollback(self) -> None:
        if not self.closed:  # what is gone has rolled back by itself
            super().rollback()

    def reach(self, call: Callable[[], object]) -> None:
        """Ask the server for something."""
        if self.owner is None:
            call()
            return
        if not self.owner.server.is_up:
            raise self._lost()
        self.owner.faults.effect(call, self._lost)

    def _lost(self) -> psycopg2.OperationalError:
        self.close()
        return psycopg2.OperationalError(_LOST)


class FaultyCursor(cursor):
    """A cursor whose statements may not arrive, and that tells the simulated time."""

    connection: FaultyConnection

    def execute(self, query: Any, values: Any = None) -> None:  # noqa: ANN401  as psycopg2 has it
        owner = self.connection.owner
        if owner is not None and "clock_timestamp()" in query:
            query = query.replace("clock_timestamp()", f"timestamptz '{owner.server.clock().isoformat()}'")
        self.connection.reach(lambda: super(FaultyCursor, self).execute(query, values))

    def copy_expert(self, query: Any, file: Any, size: int = 8192) -> None:  # noqa: ANN401  as psycopg2 has it
        self.connection.reach(lambda: super(FaultyCursor, self).copy_expert(query, file, size))

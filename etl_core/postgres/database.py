"""The one door to Postgres: an engine with timeouts, whose failures are this package's errors.

What the driver raises is translated here and nowhere else:

- `DatabaseUnavailableError`: the connection is lost or refused, a deadlock (40P01), a serialisation failure
  (40001), a lock or statement timeout (55P03, 57014), a server that is starting, stopping, full or read-only.
- `CatalogueError`: a table, column or right that was there at start-up is gone; the process has to start anew.
- `TerminalError`: everything else, for instance a constraint of the owner's that a row breaks.

Messages carry the server's primary sentence and the names of the objects involved, never parameters, row
contents or the password.
"""

from __future__ import annotations

import re
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

import psycopg2
import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, InvalidRequestError

from etl_core.errors import CatalogueError, DatabaseUnavailableError, PipelineError, SettingsError, TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext
    from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
    from sqlalchemy.pool import ConnectionPoolEntry

_FORM = "postgresql://user:password@host:5432/database"

#: A connection that has been used within so many seconds is taken for alive.
_TRUSTED_SECONDS = 1.0
_ANSWERED = "answered at"
#: Whether a connection goes through a pooler.
_POOLED = "is pooled"
#: SQLSTATE classes and codes after which the same transaction may succeed.
_RETRYABLE = re.compile(r"08...|40...|53...|55P03|57...|58...|25006|25P0[34]")
#: SQLSTATEs that say the database is not what it was when the catalogue was read.
_CHANGED_CATALOGUE = {"42P01": "table", "42703": "column", "3F000": "schema", "42501": "right"}
#: Refusals that a wrong DATABASE_URL explains better than a server in trouble; they carry no SQLSTATE.
_WRONG_ADDRESS = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|(database|role) \".*\" does not exist"
    r"|could not translate host name|invalid (port|sslmode|connection option)"
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long Postgres may keep us waiting, in seconds."""

    connect: int = 10
    lock: int = 30
    statement: int = 60
    idle_in_transaction: int = 120
    pool: int = 30


def connect(
    dsn: str,
    *,
    application_name: str = "pipeline-processing",
    timeouts: Timeouts | None = None,
    setting: str = "DATABASE_URL",
    read_only: bool = False,
) -> Engine:
    """An engine on `dsn`, proven by one connection.

    Args:
        dsn: an address of the form `postgresql://user:password@host:5432/database?option=value`.
        application_name: how the sessions are called in `pg_stat_activity`.
        timeouts: how long to wait for connections, locks and statements.
        setting: what the address is called where it was set.
        read_only: whether the server refuses every change.

    Raises:
        SettingsError: the address cannot be understood, or the server refuses these credentials.
        DatabaseUnavailableError: no answer.
    """
    waits = timeouts or Timeouts()
    url = _parse(dsn, setting)
    engine = sqlalchemy.create_engine(
        url,
        pool_size=8,
        max_overflow=4,
        pool_timeout=waits.pool,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            "connect_timeout": waits.connect,
            "application_name": application_name,
            "keepalives": 1,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 60_000,
        },
    )
    _prepare_sessions(engine, waits, read_only=read_only)
    event.listen(engine, "handle_error", _translate)
    try:
        with engine.connect():
            pass
    except DatabaseUnavailableError as error:
        if _WRONG_ADDRESS.search(str(error)):
            raise SettingsError(setting, [f"{error}. Check user, password, host and database name."]) from None
        raise
    return engine


def _parse(dsn: str, setting: str) -> URL:
    """The address, for the psycopg2 driver; a text that is none is named without being shown."""
    try:
        url = sqlalchemy.make_url(dsn.strip())
    except (ArgumentError, ValueError):
        problem = f"is not an address; expected {_FORM}, with special characters of the password as %XX"
        raise SettingsError(setting, [problem]) from None
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise SettingsError(setting, [f"names {url.drivername!r}; expected {_FORM}"])
    return url.set(drivername="postgresql+psycopg2")


def _prepare_sessions(engine: Engine, waits: Timeouts, *, read_only: bool) -> None:
    """Fix what every session depends on; by SQL, because connection poolers refuse start-up options.

    Behind a pooler a session is somebody else's after each transaction, so there every transaction begins with them.
    """
    settings = {
        "search_path": "reporting, public",
        "timezone": "UTC",
        # every check that follows a lock has to see what the lock's last holder committed
        "default_transaction_isolation": "read committed",
        "default_transaction_read_only": "on" if read_only else "off",
        "client_min_messages": "warning",
        "lock_timeout": f"{waits.lock}s",
        "statement_timeout": f"{waits.statement}s",
        "idle_in_transaction_session_timeout": f"{waits.idle_in_transaction}s",
    }
    _prove_idle_connections(engine)
    values = [part for pair in settings.items() for part in pair]

    def statement(*, local: bool) -> str:
        return f"SELECT {', '.join(f'set_config(%s, %s, {local})' for _ in settings)}"

    of_session, of_transaction = statement(local=False), statement(local=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        with closing(connection.cursor()) as cursor:
            entry.info[_POOLED] = _is_pooled(connection, cursor)
            if not entry.info[_POOLED]:
                cursor.execute(of_session, values)
        connection.commit()
        entry.info[_ANSWERED] = monotonic()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if connection.info[_POOLED]:
            with driver_cursor(connection) as cursor:
                cursor.execute(of_transaction, values)


def _is_pooled(connection: DBAPIConnection, cursor: DBAPICursor) -> bool:
    """Whether somebody stands between us and the server: the process that answers is not the one that was met first."""
    cursor.execute("SELECT pg_backend_pid() = %s", (connection.get_backend_pid(),))
    return cursor.fetchall() != [(True,)]


def is_pooled(connection: Connection) -> bool:
    """Whether a pooler stands between us and the server, whose connections are few and are others' after each use."""
    return bool(connection.info[_POOLED])


def cancel_statement(connection: Connection) -> None:
    """Have the server end the statement that another thread waits for; nothing where there is none."""
    with suppress(psycopg2.Error, InvalidRequestError):  # the connection has gone already
        driver: Any = connection.connection.dbapi_connection
        driver.cancel()


def _prove_idle_connections(engine: Engine) -> None:
    """Replace connections that died while nobody used them; those that have just answered need no question."""

    @event.listens_for(engine, "checkin")
    def note(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info[_ANSWERED] = monotonic()

    @event.listens_for(engine, "checkout")
    def prove(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
        if monotonic() - entry.info.get(_ANSWERED, -_TRUSTED_SECONDS) < _TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg2.Error as error:
            raise InvalidatePoolError from error


class Connects(Protocol):
    """What gives connections to whoever reads: an engine, or what `one_connection` makes of it."""

    def connect(self) -> AbstractContextManager[Connection]:
        """Give a connection for a block."""


class OneConnection:
    """Gives whoever asks the same connection, in one transaction; it is opened when the first one asks."""

    def __init__(self, engine: Connects, opened: ExitStack) -> None:
        """Take the connection from `engine`, until `opened` is closed."""
        self._engine, self._opened = engine, opened
        self._connection: Connection | None = None

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Give the connection; it stays open behind the block."""
        if self._connection is None:
            self._connection = self._opened.enter_context(self._engine.connect())
        yield self._connection


@contextmanager
def one_connection(engine: Connects) -> Iterator[OneConnection]:
    """Have everything that is read in the block share one connection and one transaction; for one thread.

    To take a connection, to begin and to end cost as much as two or three short statements. What is written in the
    block is rolled back at its end.
    """
    with ExitStack() as opened:
        yield OneConnection(engine, opened)


@contextmanager
def driver_cursor(connection: Connection) -> Iterator[DBAPICursor]:
    """A cursor of the driver's own, in the transaction of `connection`; what it raises is translated.

    To put an answer into SQLAlchemy's result takes as long as many a statement.
    """
    driver = connection.connection
    try:
        with closing(driver.cursor()) as opened:
            yield opened
    except psycopg2.Error as error:
        lost = bool(driver.dbapi_connection is None or getattr(driver.dbapi_connection, "closed", False))
        if lost:
            connection.invalidate(error)
        raise _failure(error, lost=lost) from error


def _translate(context: ExceptionContext) -> None:
    """Replace what the driver raised by an error of this package."""
    original = context.original_exception
    if isinstance(original, PipelineError) or not isinstance(context.sqlalchemy_exception, DBAPIError):
        return
    raise _failure(original, lost=context.is_disconnect) from original


def _failure(original: BaseException, *, lost: bool) -> PipelineError:
    code = getattr(original, "pgcode", None)
    message = describe(original)
    lost = lost or (code is None and type(original).__name__ in {"OperationalError", "InterfaceError"})
    if lost or (code is not None and _RETRYABLE.fullmatch(code)):
        return DatabaseUnavailableError(message)
    if code in _CHANGED_CATALOGUE:
        problem = f"a {_CHANGED_CATALOGUE[code]} is missing that was there at start-up: {message}; start again"
        return CatalogueError("the database has changed", [problem])
    return TerminalError(message)


def describe(original: BaseException | None) -> str:
    """What the driver raised as the server's sentence and the names it gives; DETAIL is left out, it quotes rows."""
    code = getattr(original, "pgcode", None)
    diagnostics = getattr(original, "diag", None)
    primary = getattr(diagnostics, "message_primary", None) or " ".join(str(original).split())
    names = [
        f"{kind} {name}"
        for kind in ("table", "column", "constraint")
        if (name := getattr(diagnostics, f"{kind}_name", None))
    ]
    notes = ", ".join(([f"SQLSTATE {code}"] if code else []) + names)
    return f"Postgres: {primary}" + (f" ({notes})" if notes else "")

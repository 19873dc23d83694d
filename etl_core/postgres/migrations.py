"""Versioned migrations: lists of functions that bring tables from one form to the next, each carried out once.

A `History` is the list of one owner of tables. What was carried out is recorded in the table `migration` of the
schema, in the transaction that did it, so a database is in one of the known forms or unchanged. Processes that
migrate at once take turns.

A role that may not create tables is told so in a sentence. Then the owner of the database applies the script that
the history names: it holds the same statements, and writes the same records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from etl_core.errors import CatalogueError
from etl_core.postgres.database import describe
from etl_core.postgres.locks import lock
from etl_core.postgres.rights import GRANT, ROLES, check_all, missing_to_create, to_change

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_RECORD = "migration"
_CREATE = """
CREATE TABLE IF NOT EXISTS {schema}.migration (
    history    text NOT NULL,
    version    integer NOT NULL,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (history, version)
)
"""
_NOTE = """
INSERT INTO {schema}.migration (history, version, name) VALUES (:history, :version, :name) ON CONFLICT DO NOTHING
"""
#: What begins a migration in a script: `-- migration ledger 2: what it is called`.
_MARK = "-- migration "


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. `apply` gets a connection inside the transaction that also records the step."""

    version: int
    name: str
    apply: Callable[[Connection], None]


def _nothing_missing(_connection: Connection) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class History:
    """All migrations of one owner's tables, the oldest first.

    Attributes:
        name: the owner, as the records call it.
        title: as messages call it.
        schema: where the tables and the records of what was carried out are.
        migrations: never changed once released; what comes later is added at the end, with a higher version.
        script: the file that does the same by hand, as messages name it.
        problems: what is missing of the tables although the records say that all is done, as sentences. When
            something is, `migrate` carries out every step again: each only makes what is not there.
    """

    name: str
    title: str
    schema: str
    migrations: tuple[Migration, ...]
    script: str
    problems: Callable[[Connection], Sequence[str]] = _nothing_missing

    def __post_init__(self) -> None:
        versions = [migration.version for migration in self.migrations]
        if not versions or versions != sorted(set(versions)):
            raise ValueError(f"the versions of {self.name} do not ascend: {versions}")

    @property
    def newest(self) -> int:
        """The version this code works on."""
        return self.migrations[-1].version

    @property
    def subject(self) -> str:
        """What messages are about."""
        return f"{self.title} (schema {self.schema})"


def migrate(engine: Engine, *histories: History) -> tuple[str, ...]:
    """Carry out what is pending; all of it or nothing.

    Returns:
        The steps that were carried out, as `ledger 2: what it is called`.

    Raises:
        CatalogueError: this role may not, the database is newer than this code, or tables are of another form.
        DatabaseUnavailableError: another process migrates for longer than the session waits for locks.
    """
    done: list[str] = []
    with engine.begin() as connection:
        # A step may take longer than any statement of the daily work.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for history in histories:
            lock(connection, "migrations", history.schema)
            done += _migrate(connection, history)
    return tuple(done)


def require(engine: Engine, *histories: History, only_reads: bool = False) -> None:
    """Check at start-up that the tables of the histories are there, whole, and of the form this code works on.

    Args:
        engine: from `connect`.
        histories: whose tables.
        only_reads: whether nothing is written: then their records of what was carried out are all that is looked at,
            and no right to write is asked for.

    Raises:
        CatalogueError: lists everything that is missing, and what to do.
    """
    check_all(*(partial(_require, engine, history, only_reads=only_reads) for history in histories))


def _require(engine: Engine, history: History, *, only_reads: bool) -> None:
    with engine.connect() as connection:
        problems = [*_schema_problems(connection, history.schema)]
        whole = () if only_reads or problems else history.problems(connection)
        problems = problems or [*whole, *_version_problems(connection, history)]
    if problems and all(GRANT in problem for problem in problems):
        raise CatalogueError(history.subject, [*problems, f"{ROLES} gives all that the program needs"])
    if problems:
        hint = f"run `pipeline-processing migrate`, or have the owner of the database apply {history.script}"
        raise CatalogueError(history.subject, [*problems, hint])


def from_script(find: Callable[[], Path], history: str, version: int) -> Callable[[Connection], None]:
    """A step whose statements stand in a script between its mark and the next one.

    Args:
        find: says where the script is, a file in UTF-8; asked when the step is carried out.
        history: name of the history.
        version: of the step.
    """

    def apply(connection: Connection) -> None:
        statements = section(find().read_text(encoding="utf-8"), history, version)
        connection.exec_driver_sql(statements.replace("%", "%%"))

    return apply


def section(script: str, history: str, version: int) -> str:
    """The part of a script after the line `-- migration HISTORY VERSION: ...`, up to the next such line.

    Raises:
        LookupError: no line marks it, or more than one.
    """
    parts = script.split(f"\n{_MARK}")[1:]
    found = [part.partition("\n")[2] for part in parts if part.startswith(f"{history} {version}:")]
    if len(found) != 1:
        raise LookupError(f"{len(found)} lines begin with {_MARK!r} and name {history} {version}; expected one")
    return found[0]


def _migrate(connection: Connection, history: History) -> list[str]:
    applied = _applied(connection, history)
    if newer := _newer_problems(applied, history):
        raise CatalogueError(history.subject, newer)
    pending = [migration for migration in history.migrations if migration.version not in applied]
    if not pending:
        if not history.problems(connection):
            return []
        pending = [*history.migrations]
    if refused := missing_to_create(connection, history.schema, history.script):
        raise CatalogueError(history.subject, refused)
    try:
        with connection.begin_nested():
            _carry_out(connection, history, pending)
    except CatalogueError as error:  # a right or a thing is missing half way: the step says which
        reason, hint = describe(error.__cause__), to_change(connection, history.schema, history.script)
        raise CatalogueError(history.subject, [f"a step could not be carried out: {reason}; {hint}"]) from error
    if problems := history.problems(connection):
        raise CatalogueError(history.subject, problems)
    return [f"{history.name} {migration.version}: {migration.name}" for migration in pending]


def _carry_out(connection: Connection, history: History, pending: Sequence[Migration]) -> None:
    if not inspect(connection).has_schema(history.schema):  # IF NOT EXISTS asks for a right it then has no use for
        connection.execute(text(f"CREATE SCHEMA {history.schema}"))
    connection.execute(text(_CREATE.format(schema=history.schema)))
    for migration in pending:
        migration.apply(connection)
        note = {"history": history.name, "version": migration.version, "name": migration.name}
        connection.execute(text(_NOTE.format(schema=history.schema)), note)


def _applied(connection: Connection, history: History) -> frozenset[int]:
    """The versions that were carried out; none where nothing is recorded yet."""
    if _schema_problems(connection, history.schema) or not _has_record(connection, history.schema):
        return frozenset()
    query = text(f"SELECT version FROM {history.schema}.{_RECORD} WHERE history = :name")  # noqa: S608 - names of ours
    return frozenset(connection.scalars(query, {"name": history.name}))


def _has_record(connection: Connection, schema: str) -> bool:
    return inspect(connection).has_table(_RECORD, schema=schema)


def _schema_problems(connection: Connection, schema: str) -> list[str]:
    if not inspect(connection).has_schema(schema):
        return [f"schema {schema} is missing"]
    if not connection.scalar(text("SELECT has_schema_privilege(:name, 'USAGE')"), {"name": schema}):
        return [f"the right USAGE on schema {schema} is missing"]
    return []


def _version_problems(connection: Connection, history: History) -> list[str]:
    name = f"{history.schema}.{_RECORD}"
    if not _has_record(connection, history.schema):
        return [f"table {name} is missing"]
    if not connection.scalar(text("SELECT has_table_privilege(:name, 'SELECT')"), {"name": name}):
        return [f"the right SELECT on {name} is missing"]
    applied = _applied(connection, history)
    if newer := _newer_problems(applied, history):
        return newer
    return [
        f"migration {history.name} {migration.version} ({migration.name}) has not been carried out"
        for migration in history.migrations
        if migration.version not in applied
    ]


def _newer_problems(applied: frozenset[int], history: History) -> list[str]:
    """Why this code must leave the tables alone: it does not know their form."""
    if max(applied, default=0) <= history.newest:
        return []
    found = f"the tables have version {max(applied)}, this program works on version {history.newest}"
    return [f"{found}; install the program that made them, or a newer one"]

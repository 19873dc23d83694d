"""One look at the source: everything a step asks is answered of one moment, in one transaction that only reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import text

from etl_core.errors import CatalogueError, PipelineError, SettingsError, TerminalError
from etl_core.postgres.database import Timeouts, cancel_statement, connect, driver_cursor, is_pooled
from pipelines.etl.errors import SourceChangedError
from pipelines.etl.flow.bound_query import BINDS
from pipelines.etl.flow.flow import Flow
from pipelines.etl.flow.window import Window
from pipelines.etl.source.columns import SourceColumn, TypeName, repeated, source_columns
from pipelines.etl.source.query_plan import QueryPlan, read_plan

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

#: The column of a row's digest, which its database computes.
ROW_HASH: Final = "_row_hash"
_HASHED: Final = "hashtextextended(q::text, 0)"
#: Of these the texts of rows depend.
_FORMS: Final = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
#: An array's elements are asked for where it is one of the type they belong to.
_TYPES: Final = """
SELECT t.oid, t.typname, e.typname FROM pg_catalog.pg_type AS t LEFT JOIN pg_catalog.pg_type AS e ON e.typarray = t.oid
WHERE t.oid = ANY(%s)
"""
_VOLATILE: Final = "SELECT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE provolatile = 'v' AND proname = ANY(%s))"
_EXPORTS: Final = "SELECT has_function_privilege('pg_catalog.pg_export_snapshot()', 'EXECUTE')"
#: A query over ten millions of rows takes minutes; one that takes two hours is broken.
_TIMEOUTS: Final = Timeouts(statement=7200, idle_in_transaction=0)


#: How transactions begin.
_READS: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class TakesRows(Protocol):
    """What rows are written to, one at a time, as texts in the form of CSV."""

    def write(self, row: bytes, /) -> object: ...  # noqa: D102 - as files have it


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open transaction.

    Attributes:
        connection: within it.
        as_of: the moment it shows, aware, by the source's clock.
        window: the days it is asked of.
        engine: which other connections come from.
    """

    connection: Connection
    as_of: datetime
    window: Window
    engine: Engine

    def rows(self, flow: Flow) -> int:
        """Count the rows of the flow's query.

        Raises:
            SourceChangedError: the source does not take the query.
            DatabaseUnavailableError: it does not answer, or not in time.
        """
        return int(self._asked(flow, "count(*)")[0])

    def hashes(self, flow: Flow, share: str = "") -> tuple[int, int]:
        """Say of rows how many they are, and the sum of their hashes, which does not depend on their order.

        Args:
            flow: whose query it is.
            share: as `copy` has it.

        Raises: as `rows`.
        """
        rows, hashes = self._asked(flow, f"count(*), coalesce(sum({_HASHED}), 0)", share)
        return rows, int(hashes)

    def columns(self, flow: Flow) -> tuple[SourceColumn, ...]:
        """Say what the columns of the flow's query are, without carrying it out.

        Raises: as `rows`; also where two columns have the same name.
        """
        with _named_refusals(flow), driver_cursor(self.connection) as cursor:
            cursor.execute(_selected(flow, "q.*", "LIMIT 0"))
            described: Sequence[Any] = cursor.description or ()
            cursor.execute(_TYPES, ([one.type_code for one in described],))
            types = {oid: TypeName(name, element) for oid, name, element in cursor.fetchall()}
        names = [one.name for one in described]
        if twice := repeated([ROW_HASH, *names]):
            problem = f"the query has the column {', '.join(twice)} twice; give each a name of its own (AS name)"
            raise SourceChangedError(f"the source of the flow {flow.name}", [problem])
        quoted = [self.connection.dialect.identifier_preparer.quote_identifier(name) for name in names]
        # SQLAlchemy doubles percent signs for statements with parameters, which these are not.
        return source_columns(described, types, [name.replace("%%", "%") for name in quoted])

    def plan(self, flow: Flow) -> QueryPlan:
        """Give what the source expects of the flow's query.

        Raises: as `rows`.
        """
        with _named_refusals(flow), driver_cursor(self.connection) as cursor:
            cursor.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {_selected(flow, 'q.*')}")
            return read_plan(cursor.fetchall()[0][0][0]["Plan"])

    def is_volatile(self, calls: Collection[str]) -> bool:
        """Whether a function of one of these names may give something else each time it is called."""
        with driver_cursor(self.connection) as cursor:
            cursor.execute(_VOLATILE, (list(calls),))
            return bool(cursor.fetchall()[0][0])

    def copy(self, flow: Flow, columns: Sequence[SourceColumn], sink: TakesRows, share: str = "") -> int:
        """Have the rows of the flow's query written to `sink`, each with its hash; how many the source says they are.

        Args:
            flow: whose query it is.
            columns: of the rows.
            sink: takes them.
            share: a condition on `q`, the query's rows, where only a share of them is wanted.

        Raises: as `rows`, and what `sink` does.
        """
        expressions = ", ".join([*(column.expression for column in columns), _HASHED])
        wanted = _selected(flow, expressions, _where(share))
        statement = f"COPY ({wanted}) TO STDOUT WITH (FORMAT csv, ENCODING 'UTF8')"
        with _named_refusals(flow):
            try:
                with driver_cursor(self.connection) as cursor:
                    cursor.copy_expert(statement, sink)
                    return int(cursor.rowcount)
            except BaseException:
                self.connection.invalidate()  # the source may be in the middle of its rows
                raise

    def cancel(self) -> None:
        """End what the source does for this connection now; for another thread than the one that waits for it."""
        cancel_statement(self.connection)

    @contextmanager
    def beside(self) -> Iterator[Snapshot | None]:
        """Open a second connection that shows the same moment; None where the source, or a pooler, gives none."""
        with ExitStack() as own:
            is_possible = not is_pooled(self.connection) and self.connection.execute(text(_EXPORTS)).scalar_one()
            yield self._second(own) if is_possible else None

    def _second(self, own: ExitStack) -> Snapshot | None:
        moment = self.connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        try:
            connection = own.enter_context(self.engine.connect()).execution_options(**_READS)
            own.enter_context(connection.begin())
            # It takes no parameter, and is the server's own word: digits, capitals and lines.
            connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{moment}'")
            second = _set_up(Snapshot(connection, self.as_of, self.window, self.engine))
        except PipelineError:  # no connection is free, or servers take turns: one is enough
            return None
        second.use_one_process()
        return second

    def use_one_process(self) -> None:
        """Have the source carry this connection's statements out in one process, which reads tables from their starts.

        Helpers that scan a part of a table, and each all of what is joined to it, are worth it where nobody else works.
        """
        for name, value in (("max_parallel_workers_per_gather", "0"), ("synchronize_seqscans", "off")):
            self.connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})

    def session_settings(self) -> dict[str, str]:
        """Name the settings that a session needs to carry out the query for this window."""
        return {**_FORMS, **{BINDS[name]: getattr(self.window, name).isoformat() for name in BINDS}}

    def _asked(self, flow: Flow, what: str, share: str = "") -> tuple[Any, ...]:
        statement = _selected(flow, what, _where(share)).replace("%", "%%")
        with _named_refusals(flow):
            return tuple(self.connection.exec_driver_sql(statement).one())


def _selected(flow: Flow, what: str, which: str = "") -> str:
    return f"SELECT {what} FROM (\n{flow.source.query.text}\n) AS q {which}"  # noqa: S608 - the flow's own query


def _where(share: str) -> str:
    return f"WHERE {share}" if share else ""


@contextmanager
def _named_refusals(flow: Flow) -> Iterator[None]:
    """Say of a query that the source refuses what to do."""
    try:
        yield
    except SourceChangedError:
        raise
    except (CatalogueError, TerminalError) as error:
        said = "; ".join(error.problems) if isinstance(error, CatalogueError) else str(error)
        hint = "mend the query, or ask whoever changed the source"
        raise SourceChangedError(f"the source of the flow {flow.name}", [f"{said}; {hint}"]) from error


def state_of(rows: int, hashes: int) -> str:
    """Write the state of a window in the source."""
    return f"{rows} rows, hash {hashes}"


@contextmanager
def open_snapshot(dsn: str, setting: str, window: Window) -> Iterator[Snapshot]:
    """Open a transaction on the source that only reads.

    Args:
        dsn: its address.
        setting: where the address comes from, for messages.
        window: what is asked of it.

    Raises:
        SettingsError: the address cannot be used.
        DatabaseUnavailableError: no answer.
    """
    try:
        engine = connect(dsn, application_name="pipeline-processing etl", timeouts=_TIMEOUTS)
    except SettingsError as error:
        raise SettingsError(setting, error.problems) from None
    with ExitStack() as own:
        own.callback(engine.dispose)
        # Said as the transaction begins: behind a pooler settings of the session are its first statement.
        connection = own.enter_context(engine.connect()).execution_options(**_READS)
        own.enter_context(connection.begin())
        as_of = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        yield _set_up(Snapshot(connection, as_of, window, engine))


def _set_up(snapshot: Snapshot) -> Snapshot:
    for name, value in snapshot.session_settings().items():
        snapshot.connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
    return snapshot

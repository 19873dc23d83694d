"""One look at the source: everything a step reads is of one moment, whoever reads it.

The transaction that is opened here hands its snapshot to the tasks that read parts of the rows. So a row that changes
while they read is in one part and as it was, and their rows are as many as were counted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from etl_core.errors import CatalogueError, SettingsError, TerminalError
from etl_core.postgres.database import Timeouts, connect
from pipelines.etl.errors import SourceChangedError
from pipelines.etl.flow.bound_query import BINDS
from pipelines.etl.flow.flow import Flow
from pipelines.etl.flow.window import Window

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

#: The column of a row's digest, which its database computes.
ROW_HASH: Final = "_row_hash"
#: Of these the texts of rows depend.
_FORMS: Final = {"TimeZone": "UTC", "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "extra_float_digits": "1"}
#: A query over ten millions of rows takes minutes; one that takes two hours is broken.
_TIMEOUTS: Final = Timeouts(statement=7200, idle_in_transaction=0)


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows there are, and where the column that they are partitioned by begins and ends."""

    rows: int
    least: Any = None
    greatest: Any = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open transaction.

    Attributes:
        connection: within it.
        id: by which other sessions see the same.
        as_of: the moment it shows, aware, by the source's clock.
        window: the days it is asked of.
    """

    connection: Connection
    id: str
    as_of: datetime
    window: Window

    def extent(self, flow: Flow) -> Extent:
        """Count the rows of the flow's query.

        Raises:
            SourceChangedError: the source does not take the query.
            DatabaseUnavailableError: it does not answer, or not in time.
        """
        column = flow.source.partition_on
        if column is None:
            return Extent(self._asked(flow, "count(*)")[0])
        quoted = self.connection.dialect.identifier_preparer.quote_identifier(column)
        rows, least, greatest = self._asked(flow, f"count(*), min({quoted}), max({quoted})")
        if least is not None and not _is_ranged(least):
            found = type(least).__name__
            expected = "a column of whole numbers or days, or none for one task"
            raise SourceChangedError(
                f"the flow {flow.name}", [f"partition_on: {column} is {found}; expected {expected}"]
            )
        return Extent(rows, least, greatest)

    def state(self, flow: Flow) -> str:
        """Give a digest of the rows that does not depend on their order: as many, and the sum of their hashes.

        Raises: as `extent`.
        """
        rows, hashes = self._asked(flow, "count(*), coalesce(sum(hashtextextended(q::text, 0)), 0)")
        return state_of(rows, int(hashes))

    def session_settings(self) -> dict[str, str]:
        """Name the settings that a session needs to carry out the query for this window."""
        return {**_FORMS, **{BINDS[name]: getattr(self.window, name).isoformat() for name in BINDS}}

    def _asked(self, flow: Flow, what: str) -> tuple[Any, ...]:
        asked = flow.source.query.text.replace("%", "%%")  # as names come already
        query = f"SELECT {what} FROM (\n{asked}\n) AS q"  # noqa: S608 - the flow's own query
        try:
            return tuple(self.connection.exec_driver_sql(query).one())
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
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        connection = own.enter_context(engine.connect()).execution_options(**options)
        own.enter_context(connection.begin())
        exported, as_of = connection.execute(text("SELECT pg_export_snapshot(), clock_timestamp()")).one()
        snapshot = Snapshot(connection, exported, as_of, window)
        for name, value in snapshot.session_settings().items():
            connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
        yield snapshot


def _is_ranged(value: object) -> bool:
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return whole or (isinstance(value, (int, date)) and not isinstance(value, bool))

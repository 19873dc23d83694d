"""What operations keep around a run and a file: its arrival, what of it was unusual, alerts, where it came from.

Each of these tables is somebody else's, and may be missing, or may not be read: then there is None, and whoever shows
it says so.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text

from dq.report.around import Alerted, AroundRun, Arrived, Became, Observed, Origin
from etl_core.postgres.rights import readable
from etl_core.postgres.transaction import Transaction, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import TextClause
    from sqlalchemy.engine import Connection

    from dq.reporting.readback import VerdictRow
    from etl_core.postgres.database import Connects
    from etl_core.postgres.transaction import Statement

_T = TypeVar("_T")


#: The window in which the run's objects came first; of a run without an object (a stream's) that of its hour.
_ARRIVED = text("""
    SELECT a.due_at, a.late_after, a.state, a.arrived_at, a.duplicates, a.unexpected, a.is_learned, a.restated_from
    FROM pipeline.arrival a
    WHERE a.monitoring_file_id = :file AND a.window_start <= coalesce(
        (SELECT min(least(coalesce(i.last_modified, i.event_time), i.received_at)) FROM pipeline.object_inbox i
         WHERE i.monitoring_file_run_id = :run),
        (CAST(:day AS date) + make_interval(hours => :hour)) AT TIME ZONE 'UTC')
    ORDER BY a.window_start DESC LIMIT 1
""")
_OBSERVED = text("""
    SELECT metric, column_name, state, value, expected_low, expected_high, left(reason, 200) FROM pipeline.observation
    WHERE monitoring_file_run_id = :run
    ORDER BY state <> 'unusual', column_name <> '', column_name, array_position(ARRAY['rows', 'size', 'score'], metric),
        metric LIMIT 60
""")
#: A subject is a file, or something of it: `agency/file: column`.
_ALERTED = text("""
    SELECT kind, severity, text, opened_at, resolved_at FROM pipeline.alert
    WHERE (subject = :name OR starts_with(subject, :name || ': '))
        AND opened_at > (CAST(:day AS date) - 35) AND opened_at < (CAST(:day AS date) + 35)
    ORDER BY resolved_at IS NOT NULL, opened_at DESC, id DESC LIMIT 10
""")
_ORIGINS = text("""
    SELECT id, 's3://' || bucket || '/' || key, coalesce(read_version_id, version_id), state, received_at
    FROM pipeline.object_inbox WHERE monitoring_file_run_id = :run ORDER BY received_at DESC, id DESC LIMIT 10
""")
_BECAME = text("""
    SELECT l."table", l.state, l.rows_silver, l.rows_quarantined, l.rows_malformed, l.finished_at
    FROM pipeline.silver_load l JOIN pipeline.object_inbox i ON i.id = l.object_id
    WHERE i.monitoring_file_run_id = :run ORDER BY l.id DESC LIMIT 10
""")


def around_run(engine: Connects, row: VerdictRow) -> AroundRun:
    """Read what is kept around a run.

    Args:
        engine: from `etl_core.postgres.database.connect`; the rights of a reader will do.
        row: of `read_verdict`.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    asked = {
        "run": str(row.run_id),
        "file": str(row.file_id),
        "name": f"{row.agency_slug}/{row.file_name}",
        "day": row.run_date,
        "hour": row.run_hour,
    }
    arrival, inbox, load = "pipeline.arrival", "pipeline.object_inbox", "pipeline.silver_load"
    observation, alert = "pipeline.observation", "pipeline.alert"
    with engine.connect() as connection:
        tables = Kept(connection, (arrival, inbox, load, observation, alert), asked)
        return AroundRun(
            tables.rows(_ARRIVED, Arrived, arrival, inbox),
            tables.rows(_OBSERVED, Observed, observation),
            tables.rows(_ALERTED, Alerted, alert),
            tables.rows(_ORIGINS, Origin, inbox),
            tables.rows(_BECAME, Became, load, inbox),
        )


class Kept:
    """Tables that may be missing."""

    def __init__(self, connection: Connection, tables: Sequence[str], asked: Mapping[str, Any]) -> None:
        """Find which of these tables can be read; `asked` has the values of all parameters."""
        self._transaction, self._asked = Transaction(connection), asked
        self._there = readable(connection, tables)

    def rows(self, query: TextClause, make: Callable[..., _T], *tables: str) -> tuple[_T, ...] | None:
        """The rows of a query, as `make` has them; None where one of its tables cannot be read."""
        if not self._there.issuperset(tables):
            return None
        return tuple(make(*row) for row in self._transaction.ask(_prepared(query), self._asked).rows)


@cache
def _prepared(query: TextClause) -> Statement:
    return prepare(query)

"""Files that are late or missing, and figures that are unusual: what other jobs keep of arrivals and of history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from operations.alerts.deciding.messages import moment, short
from operations.alerts.finding.source import MOST, Asked, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from operations.alerts.deciding.alert import Condition

#: What figures are called.
_WORDS: Final = {
    "rows": "The number of rows",
    "size": "The size in bytes",
    "nulls": "The share of nulls",
    "distinct": "The share of distinct values",
    "mean": "The mean",
    "psi": "The distribution (PSI)",
    "ks": "The distribution (KS)",
    "new_values": "What values there are (new ones)",
    "lost_values": "What values there are (lost ones)",
}
#: Figures that are counts of the whole file: they may be said, those of columns may not.
_SAID: Final = frozenset({"rows", "size"})
_MOST_COLUMNS: Final = 3

#: The newest window of each watched file of which something is known, by the table's key; what came early is known.
_ARRIVALS: Final = text("""
    SELECT CAST(f.id AS text) AS file_id, a.* FROM reporting.monitoring_file f
    CROSS JOIN LATERAL (
        SELECT state, due_at, arrived_at FROM pipeline.arrival
        WHERE monitoring_file_id = CAST(f.id AS text) AND least(due_at, arrived_at) <= :now
              AND state NOT IN ('pending', 'duplicate')
        ORDER BY due_at DESC LIMIT 1
    ) a
    WHERE a.state IN ('late', 'missing') AND NOT EXISTS (SELECT FROM pipeline.arrival_calendar c
        WHERE c.monitoring_file_id = CAST(f.id AS text) AND c.kind NOT IN ('given', 'learned'))
    ORDER BY f.id LIMIT :most
""")
#: What is unusual of the newest run of each file that was looked at. `columns` counts what its other rows say; a score
#: that falls is found in the verdicts.
_UNUSUAL: Final = text("""
    SELECT CAST(f.id AS text) AS file_id, newest.run_date, newest.run_hour, o.*
    FROM reporting.monitoring_file f
    CROSS JOIN LATERAL (
        SELECT monitoring_file_run_id, run_date, run_hour FROM pipeline.observation
        WHERE monitoring_file_id = CAST(f.id AS text) ORDER BY run_date DESC, run_hour DESC LIMIT 1
    ) newest
    CROSS JOIN LATERAL (
        SELECT metric, array_agg(column_name ORDER BY column_name) FILTER (WHERE column_name <> '') AS columns,
               min(value) AS value, min(expected_low) AS low, max(expected_high) AS high
        FROM pipeline.observation
        WHERE monitoring_file_run_id = newest.monitoring_file_run_id AND state = 'unusual'
          AND metric NOT IN ('columns', 'score')
        GROUP BY metric
    ) o
    ORDER BY f.id, o.metric LIMIT :most
""")


def _arrivals(connection: Connection, asked: Asked) -> Sequence[Condition]:
    rows = connection.execute(_ARRIVALS, {"now": asked.now, "most": MOST})
    return [_arrival(row, asked) for row in rows if row.file_id in asked.files]


def _arrival(row: Any, asked: Asked) -> Condition:  # noqa: ANN401 - a row of the query
    file, due = asked.files[row.file_id], f"due at {moment(row.due_at)}"
    if row.state == "missing":
        return file.condition("missing", f"The file {due} is not there.")
    return file.condition("late", f"The file {due} came at {moment(row.arrived_at)}.")


def _drift(connection: Connection, asked: Asked) -> Sequence[Condition]:
    rows = connection.execute(_UNUSUAL, {"most": MOST})
    return [_unusual(row, asked) for row in rows if row.file_id in asked.files]


def _unusual(row: Any, asked: Asked) -> Condition:  # noqa: ANN401 - a row of the query
    file, run = asked.files[row.file_id], f"in the run of {row.run_date} {row.run_hour:02d}h"
    word = _WORDS.get(row.metric, short(row.metric, 60))
    where = f" of {_named(row.columns)}" if row.columns else ""
    is_said = row.metric in _SAID and row.value is not None
    figures = f": {row.value:,.0f}, expected {_range(row.low, row.high)}" if is_said else ""
    return file.condition("drift", f"{word}{where} is unusual {run}{figures}.", short(row.metric, 60))


def _named(columns: Sequence[str]) -> str:
    more = len(columns) - _MOST_COLUMNS
    names = ", ".join(short(one, 60) for one in columns[:_MOST_COLUMNS])
    return f"{names} and {more} more columns" if more > 0 else names


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"at least {low or 0:,.0f}" if high is None else f"at most {high:,.0f}"
    return f"{low:,.0f} to {high:,.0f}"


_FILE: Final = "reporting.monitoring_file"
_WATCHED: Final = (_FILE, "pipeline.arrival", "pipeline.arrival_calendar")
ARRIVALS: Final = Source("arrivals", _WATCHED, frozenset({"late", "missing"}), _arrivals)
DRIFT: Final = Source("observations", (_FILE, "pipeline.observation"), frozenset({"drift"}), _drift)

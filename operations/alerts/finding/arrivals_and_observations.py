"""Files that are late or missing, and figures that are unusual: what other jobs keep of arrivals and of history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from operations.alerts.deciding.alert import Condition
from operations.alerts.deciding.messages import moment, short
from operations.alerts.finding.source import MOST, Asked, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

#: The newest window of each file that is due and of which something is known.
_ARRIVALS: Final = text("""
    SELECT * FROM (
        SELECT DISTINCT ON (monitoring_file_id) monitoring_file_id AS file_id, state, window_start, due_at, arrived_at
        FROM pipeline.arrival WHERE due_at <= :now AND state NOT IN ('pending', 'duplicate')
        ORDER BY monitoring_file_id, window_start DESC, due_at DESC
    ) newest
    WHERE state IN ('late', 'missing') ORDER BY file_id LIMIT :most
""")
#: The newest figure of each file, metric and column that could be judged.
_DRIFT: Final = text("""
    SELECT * FROM (
        SELECT DISTINCT ON (monitoring_file_id, metric, column_name) monitoring_file_id AS file_id, metric, column_name,
               state, observed_at, value, expected_low, expected_high
        FROM pipeline.observation WHERE observed_at <= :now AND state IN ('normal', 'unusual')
        ORDER BY monitoring_file_id, metric, column_name, observed_at DESC
    ) newest
    WHERE state = 'unusual' ORDER BY file_id, metric, column_name LIMIT :most
""")


def _arrivals(connection: Connection, asked: Asked) -> Sequence[Condition]:
    rows = connection.execute(_ARRIVALS, {"now": asked.now, "most": MOST})
    return [_arrival(row, asked) for row in rows if row.file_id in asked.files]


def _arrival(row: Any, asked: Asked) -> Condition:  # noqa: ANN401 - a row of the query
    due = f"due at {moment(row.due_at)}"
    if row.state == "missing":
        return asked.files[row.file_id].condition("missing", f"The file {due} is not there.")
    came = f"came at {moment(row.arrived_at)}" if row.arrived_at is not None else "has not come yet"
    return asked.files[row.file_id].condition("late", f"The file {due} {came}.")


def _drift(connection: Connection, asked: Asked) -> Sequence[Condition]:
    rows = connection.execute(_DRIFT, {"now": asked.now, "most": MOST})
    return [_unusual(row, asked) for row in rows if row.file_id in asked.files]


def _unusual(row: Any, asked: Asked) -> Condition:  # noqa: ANN401 - a row of the query
    file = asked.files[row.file_id]
    what = short(row.metric, 60) + (f" of {short(row.column_name, 60)}" if row.column_name else "")
    subject = f"{file.agency}/{file.name}: {what}"
    said = f"{what} is unusual since {moment(row.observed_at)}."
    return Condition("drift", subject, said, file.agency, file.to_slack)


ARRIVALS: Final = Source("arrivals", ("pipeline.arrival",), frozenset({"late", "missing"}), _arrivals)
DRIFT: Final = Source("observations", ("pipeline.observation",), frozenset({"drift"}), _drift)

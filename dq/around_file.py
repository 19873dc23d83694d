"""What operations keep of a file: the windows in which it was expected, what of its runs was unusual, its alerts.

As in `around_run`, None stands for a table that is not there, or may not be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from dq.around_run import Kept
from dq.report.around import Alerted, AroundFile, Arrived, DueWhen, Observed, Unusual

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from dq.reporting.browsing import BrowsedFile
    from etl_core.postgres.database import Connects


_CALENDARS, _ARRIVAL = "pipeline.arrival_calendar", "pipeline.arrival"
_OBSERVATION, _ALERT = "pipeline.observation", "pipeline.alert"
#: Rows that are shown beside other things.
_FEW = 10
_ARRIVALS = text("""
    SELECT due_at, late_after, state, arrived_at, duplicates, unexpected, is_learned, restated_from
    FROM pipeline.arrival WHERE monitoring_file_id = :file ORDER BY due_at DESC LIMIT :most
""")
_CALENDAR = text("""
    SELECT kind, calendar, reason FROM pipeline.arrival_calendar WHERE monitoring_file_id = :file
""")
_ALERTS = text("""
    SELECT kind, severity, text, opened_at, resolved_at FROM pipeline.alert
    WHERE subject = :name OR starts_with(subject, :name || ': ')
    ORDER BY resolved_at IS NOT NULL, opened_at DESC, id DESC LIMIT :most
""")
_UNUSUAL = text("""
    SELECT monitoring_file_run_id, run_date, run_hour, id, metric, column_name, state, value, expected_low,
        expected_high, left(reason, 200)
    FROM pipeline.observation
    WHERE monitoring_file_id = :file AND state = 'unusual'
        AND (run_date, run_hour, id) < (CAST(:day AS date), CAST(:hour AS integer), CAST(:id AS bigint))
    ORDER BY run_date DESC, run_hour DESC, id DESC LIMIT :most
""")
#: Before it is everything.
_LAST = ("9999-12-31", 23, (1 << 63) - 1)


def around_file(engine: Connects, file: BrowsedFile) -> AroundFile:
    """Read what is kept around a file, the newest of each.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    name = f"{file.agency_slug}/{file.file_name}"
    asked = {"file": str(file.file_id), "name": name, "most": _FEW, **_before(None)}
    with engine.connect() as connection:
        tables = Kept(connection, (_CALENDARS, _ARRIVAL, _OBSERVATION, _ALERT), asked)
        return AroundFile(
            tables.rows(_CALENDAR, DueWhen, _CALENDARS),
            tables.rows(_ARRIVALS, Arrived, _ARRIVAL),
            tables.rows(_UNUSUAL, _unusual, _OBSERVATION),
            tables.rows(_ALERTS, Alerted, _ALERT),
        )


def browse_unusual(
    engine: Connects, file: BrowsedFile, *, before: tuple[date, int, int] | None = None, limit: int
) -> Sequence[Unusual] | None:
    """What was unusual of a file's runs, the newest window first.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        file: which file.
        before: window and number of the last one of the page before.
        limit: at most so many.
    """
    asked = {"file": str(file.file_id), "most": limit, **_before(before)}
    with engine.connect() as connection:
        return Kept(connection, (_OBSERVATION,), asked).rows(_UNUSUAL, _unusual, _OBSERVATION)


def _before(key: tuple[date, int, int] | None) -> dict[str, object]:
    return dict(zip(("day", "hour", "id"), key or _LAST, strict=True))


def _unusual(run_id: str, day: date, hour: int, row: int, *observed: object) -> Unusual:
    return Unusual(run_id, day, hour, row, Observed(*observed))  # type: ignore[arg-type]  # columns of a row

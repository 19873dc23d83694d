"""The account of arrivals in the database: windows of many files, read and written at once."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from etl_core.postgres.database import driver_cursor
from operations.arrivals.judging import STATES
from operations.arrivals.tables import arrival_calendar, arrival_check
from operations.arrivals.watched_file import Row, Standing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from dq import WatchedFile

#: One text of all windows of a file: `array_agg` would be taken apart value by value.
_READ = text("""
SELECT monitoring_file_id, string_agg(concat_ws(' ',
    date_part('epoch', window_start)::bigint, date_part('epoch', on_time_from)::bigint,
    date_part('epoch', due_at)::bigint, date_part('epoch', late_after)::bigint,
    array_position(CAST(:states AS text[]), state), is_learned::int,
    coalesce(date_part('epoch', arrived_at)::bigint, -1), duplicates, unexpected,
    coalesce(array_position(CAST(:states AS text[]), restated_from), 0),
    coalesce(date_part('epoch', restated_at)::bigint, -1)
), ' ' ORDER BY due_at)
FROM pipeline.arrival WHERE monitoring_file_id = ANY(:ids) AND due_at >= :since
GROUP BY monitoring_file_id
""")
_STAGE = """
CREATE TEMP TABLE arrival_stage (
    file text, start bigint, on_time_from bigint, due bigint, late_after bigint, state text, is_learned boolean,
    arrived bigint, duplicates integer, unexpected integer, restated_from text, restated_at bigint
) ON COMMIT DROP
"""
_COPY = "COPY arrival_stage FROM STDIN"
_UPSERT = text("""
INSERT INTO pipeline.arrival (monitoring_file_id, due_at, window_start, on_time_from, late_after, state, is_learned,
    arrived_at, duplicates, unexpected, restated_from, restated_at, judged_at)
SELECT file, to_timestamp(due), to_timestamp(start), to_timestamp(on_time_from), to_timestamp(late_after), state,
    is_learned, to_timestamp(arrived), duplicates, unexpected, restated_from, to_timestamp(restated_at), :at
FROM arrival_stage
ON CONFLICT (monitoring_file_id, due_at) DO UPDATE SET
    window_start = excluded.window_start, on_time_from = excluded.on_time_from, late_after = excluded.late_after,
    state = excluded.state, is_learned = excluded.is_learned, arrived_at = excluded.arrived_at,
    duplicates = excluded.duplicates, unexpected = excluded.unexpected, restated_from = excluded.restated_from,
    restated_at = excluded.restated_at, judged_at = excluded.judged_at
""")
_DELETE = text("""
DELETE FROM pipeline.arrival AS kept USING unnest(CAST(:files AS text[]), CAST(:dues AS bigint[])) AS gone (file, due)
WHERE kept.monitoring_file_id = gone.file AND kept.due_at = to_timestamp(gone.due)
""")


def read_standings(connection: Connection, ids: Collection[str]) -> dict[str, Standing]:
    """When files are due, as the last check understood it, by their ids."""
    columns = arrival_calendar.c
    query = select(
        columns.monitoring_file_id,
        columns.kind,
        columns.range,
        columns.calendar,
        columns.reason,
        func.extract("epoch", columns.watched_since),
    ).where(columns.monitoring_file_id.in_(list(ids)))
    return {
        file: Standing(kind, text, calendar, reason, int(since))
        for file, kind, text, calendar, reason, since in connection.execute(query)
    }


def read_rows(connection: Connection, ids: Collection[str], since: int) -> dict[str, list[Row]]:
    """The windows of files that were due since a moment (seconds since 1970), in their order, by the files' ids."""
    found = connection.execute(_READ, {"ids": list(ids), "since": _moment(since), "states": list(STATES)})
    return {file: _rows(told) for file, told in found}


def _rows(told: str) -> list[Row]:
    """The windows that a text of numbers tells of, as `_READ` writes it."""
    numbers = map(int, told.split(" "))
    return [
        Row(
            start,
            on_time_from,
            due,
            late_after,
            STATES[state - 1],
            learned == 1,
            None if arrived < 0 else arrived,
            duplicates,
            unexpected,
            None if was == 0 else STATES[was - 1],
            None if since < 0 else since,
        )
        for (start, on_time_from, due, late_after, state, learned, arrived, duplicates, unexpected, was, since) in zip(
            *[numbers] * len(Row._fields), strict=True
        )
    ]


def write_rows(connection: Connection, changed: Mapping[str, Sequence[Row]], at: datetime) -> None:
    """Write windows that are new or not as before, by the ids of their files."""
    lines = [line for file, rows in changed.items() for line in _lines(file, rows)]
    if not lines:
        return
    connection.exec_driver_sql(_STAGE)
    with driver_cursor(connection) as cursor:
        copy: Any = cursor
        copy.copy_expert(_COPY, io.StringIO("".join(lines)))
    connection.execute(_UPSERT, {"at": at})


def _lines(file: str, rows: Sequence[Row]) -> list[str]:
    name = file.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return [f"{name}\t" + "\t".join("\\N" if one is None else str(one) for one in row) + "\n" for row in rows]


def delete_rows(connection: Connection, gone: Mapping[str, Sequence[int]]) -> None:
    """Delete windows by the ids of their files, and when they were due."""
    pairs = [(file, due) for file, dues in gone.items() for due in dues]
    if pairs:
        connection.execute(_DELETE, {"files": [file for file, _ in pairs], "dues": [due for _, due in pairs]})


def write_standings(connection: Connection, standings: Sequence[tuple[WatchedFile, Standing]], at: datetime) -> None:
    """Write when files are due, where that is new."""
    if not standings:
        return
    rows = [
        {
            "monitoring_file_id": file.id,
            "agency_slug": file.agency_slug,
            "file_name": file.file_name,
            "range": one.range,
            "kind": one.kind,
            "calendar": one.calendar,
            "reason": one.reason,
            "watched_since": _moment(one.watched_since),
            "changed_at": at,
        }
        for file, one in standings
    ]
    statement = insert(arrival_calendar).values(rows)
    values = {name: statement.excluded[name] for name in rows[0] if name != "monitoring_file_id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["monitoring_file_id"], set_=values))


def last_check(connection: Connection) -> datetime | None:
    """As of when the account is; None before the first check."""
    return connection.execute(select(arrival_check.c.as_of)).scalar_one_or_none()


def note_check(connection: Connection, at: datetime, now: datetime) -> None:
    """Note that the account is as of a moment."""
    statement = insert(arrival_check).values(only_row=True, as_of=at, finished_at=now)
    values = {"as_of": at, "finished_at": now}
    connection.execute(statement.on_conflict_do_update(index_elements=["only_row"], set_=values))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)

"""Histories and observations in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from etl_core.postgres.binary_copy import binary_rows
from etl_core.postgres.database import driver_cursor
from etl_core.storable import storable
from operations.observations.tables import observation, observation_progress, observed_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection, Engine

    from operations.observations.files.observation import Observation

_EPOCH = date(1970, 1, 1)
_COLUMNS = [column for column in observation.columns if column.name != "id"]
_COPY = f"COPY {observation.fullname} ({', '.join(one.name for one in _COLUMNS)}) FROM STDIN (FORMAT csv)"

_COPY_FILES = (
    f"COPY {observed_file.fullname} ({', '.join(one.name for one in observed_file.columns)}) FROM STDIN (FORMAT binary)"
)


@dataclass(frozen=True, slots=True)
class ObservedRun:
    """A run as rows of observations name it. `window` is in hours since 1970."""

    run_id: str
    file_id: str
    agency_slug: str
    file_name: str
    window: int


def seen_until(engine: Engine) -> datetime | None:
    """Up to when changes of runs were seen; None before the first time."""
    with engine.connect() as connection:
        found: datetime | None = connection.scalar(select(observation_progress.c.seen_until))
        return found


def note_seen(engine: Engine, until: datetime) -> None:
    """Note up to when changes of runs were seen."""
    row = insert(observation_progress).values(only_row=True, seen_until=until)
    with engine.begin() as connection:
        connection.execute(row.on_conflict_do_update(index_elements=["only_row"], set_={"seen_until": until}))


def read_histories(engine: Engine, file_ids: Collection[str]) -> dict[str, bytes]:
    """The histories of these files, of those that have one."""
    statement = select(observed_file.c.monitoring_file_id, observed_file.c.history)
    with engine.connect() as connection:
        rows = connection.execute(statement.where(observed_file.c.monitoring_file_id.in_(list(file_ids))))
        return {file_id: bytes(history) for file_id, history in rows}


def observed_windows(engine: Engine, run_ids: Collection[str]) -> dict[str, ObservedRun]:
    """The runs that are behind a late or restated one, as their rows name them."""
    of = observation.c
    statement = select(
        of.monitoring_file_run_id, of.monitoring_file_id, of.agency_slug, of.file_name, of.run_date, of.run_hour
    )
    with engine.connect() as connection:
        rows = connection.execute(statement.where(of.monitoring_file_run_id.in_(list(run_ids))).distinct())
        return {row[0]: ObservedRun(*row[:4], window_of(*row[4:])) for row in rows}


def window_of(day: date, hour: int) -> int:
    """A run's date and hour as hours since 1970."""
    return (day - _EPOCH).days * 24 + hour


def write_files(
    engine: Engine,
    histories: Mapping[str, bytes],
    said: Sequence[tuple[ObservedRun, Observation]],
    whole_runs: Collection[str],
    now: datetime,
) -> None:
    """Replace the histories of files and what is said of their runs, all at once.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        histories: by file.
        said: of runs; replaces what was said of the same figure.
        whole_runs: runs of which everything is said anew.
        now: the time, aware.
    """
    with engine.begin() as connection:
        of = observation.c
        connection.execute(delete(observation).where(of.monitoring_file_run_id.in_(list(whole_runs))))
        others = [(one.run_id, one.metric, one.column) for _, one in said if one.run_id not in whole_runs]
        if others:
            key = tuple_(of.monitoring_file_run_id, of.metric, of.column_name)
            connection.execute(delete(observation).where(key.in_(others)))
        _copy(connection, said, now)
        files = observed_file.c.monitoring_file_id
        connection.execute(
            delete(observed_file).where(files.in_(bindparam("files", expanding=True))), {"files": list(histories)}
        )
        kept = ({"monitoring_file_id": one, "history": data, "updated_at": now} for one, data in histories.items())
        with driver_cursor(connection) as cursor:
            cursor.copy_expert(_COPY_FILES, BytesIO(binary_rows(observed_file, kept)))


def _copy(connection: Connection, said: Iterable[tuple[ObservedRun, Observation]], now: datetime) -> None:
    text = StringIO()
    for run, one in said:
        days, hour = divmod(run.window, 24)
        day = (_EPOCH + timedelta(days=days)).isoformat()
        values = (
            *(run.run_id, run.file_id, run.agency_slug, run.file_name, day, hour),
            *(one.metric, one.column, one.state.value, one.value, one.low, one.high, one.deviation),
            *(one.reason or None, now.isoformat()),
        )
        text.write(",".join(map(_cell, values)) + "\n")
    text.seek(0)
    with driver_cursor(connection) as cursor:
        cursor.copy_expert(_COPY, text)


def _cell(value: object) -> str:
    """A value of a CSV cell as COPY reads it: null is nothing, a text is in quotes."""
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + storable(value).replace('"', '""') + '"'
    return repr(value)

"""The tables of arrivals: when files are due, what became of each window, and as of when that is known."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Table, Text

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_of_tables
from etl_core.shipped_files import shipped_file

SCHEMA = "pipeline"
_SCRIPT = partial(shipped_file, "sql/pipeline.sql")
_METADATA = MetaData(schema=SCHEMA)
_MOMENT = DateTime(timezone=True)

arrival_calendar = Table(
    "arrival_calendar",
    _METADATA,
    Column("monitoring_file_id", Text, primary_key=True),
    Column("agency_slug", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("range", Text),
    Column("kind", Text, nullable=False),
    Column("calendar", Text),
    Column("reason", Text),
    Column("watched_since", _MOMENT, nullable=False),
    Column("changed_at", _MOMENT, nullable=False),
)

arrival = Table(
    "arrival",
    _METADATA,
    Column("monitoring_file_id", Text, primary_key=True),
    Column("due_at", _MOMENT, primary_key=True),
    Column("window_start", _MOMENT, nullable=False),
    Column("on_time_from", _MOMENT, nullable=False),
    Column("late_after", _MOMENT, nullable=False),
    Column("state", Text, nullable=False),
    Column("is_learned", Boolean, nullable=False),
    Column("arrived_at", _MOMENT),
    Column("duplicates", Integer, nullable=False),
    Column("unexpected", Integer, nullable=False),
    Column("restated_from", Text),
    Column("restated_at", _MOMENT),
    Column("judged_at", _MOMENT, nullable=False),
)

arrival_check = Table(
    "arrival_check",
    _METADATA,
    Column("only_row", Boolean, primary_key=True),
    Column("as_of", _MOMENT, nullable=False),
    Column("finished_at", _MOMENT, nullable=False),
)

#: What the program does with each table; conf/sql/roles.sql grants as much.
_RIGHTS = {
    arrival_calendar: ("SELECT", "INSERT", "UPDATE"),
    arrival: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    arrival_check: ("SELECT", "INSERT", "UPDATE"),
}


ARRIVALS = History(
    name="arrivals",
    title="the account of arrivals",
    schema=SCHEMA,
    migrations=(
        Migration(1, "when files are due, and what became of each window", from_script(_SCRIPT, "arrivals", 1)),
    ),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_of_tables, rights=_RIGHTS),
)

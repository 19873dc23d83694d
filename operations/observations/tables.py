"""The tables of observations as SQLAlchemy sees them; `conf/sql/pipeline.sql` makes them."""

from __future__ import annotations

from functools import partial

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Float, Integer, LargeBinary, MetaData, Table, Text

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_on_tables
from etl_core.shipped_files import shipped_file

_METADATA = MetaData(schema="pipeline")

observation = Table(
    "observation",
    _METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("monitoring_file_run_id", Text, nullable=False),
    Column("monitoring_file_id", Text, nullable=False),
    Column("agency_slug", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("run_date", Date, nullable=False),
    Column("run_hour", Integer, nullable=False),
    Column("metric", Text, nullable=False),
    Column("column_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("value", Float),
    Column("expected_low", Float),
    Column("expected_high", Float),
    Column("deviation", Float),
    Column("reason", Text),
    Column("observed_at", DateTime(timezone=True), nullable=False),
)

observed_file = Table(
    "observed_file",
    _METADATA,
    Column("monitoring_file_id", Text, primary_key=True),
    Column("history", LargeBinary, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

observation_progress = Table(
    "observation_progress",
    _METADATA,
    Column("only_row", Boolean, primary_key=True),
    Column("seen_until", DateTime(timezone=True), nullable=False),
)

#: What the program does with each table; conf/sql/roles.sql grants as much.
_RIGHTS = {
    observation.fullname: ("SELECT", "INSERT", "DELETE"),
    observed_file.fullname: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    observation_progress.fullname: ("SELECT", "INSERT", "UPDATE"),
}


OBSERVATIONS = History(
    name="observations",
    title="observations of runs",
    schema="pipeline",
    migrations=(
        Migration(
            1,
            "what of runs is unusual, and the numbers it is told from",
            from_script(partial(shipped_file, "sql/pipeline.sql"), "observations", 1),
        ),
    ),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_on_tables, rights=_RIGHTS),
)

"""The tables that tell of what is no longer kept: profiles of days, and how far back the ledger remembers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Column, Date, DateTime, Integer, LargeBinary, MetaData, Table, Text, func, inspect, select
from sqlalchemy.dialects.postgresql import ARRAY

from dq.ledger.tables import SCHEMA
from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_on_table
from etl_core.shipped_files import shipped_file

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_SCRIPT = partial(shipped_file, "sql/pipeline.sql")
_METADATA = MetaData(schema=SCHEMA)

profile_day = Table(
    "profile_day",
    _METADATA,
    Column("monitoring_file_id", Text, primary_key=True),
    Column("run_date", Date, primary_key=True),
    Column("agency_slug", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("runs", ARRAY(Text), nullable=False),
    Column("unparsed", Integer, nullable=False),
    Column("state", LargeBinary),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

ledger_horizon = Table(
    "ledger_horizon",
    _METADATA,
    Column("bucket", Text, primary_key=True),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)


def has_table(connection: Connection, table: Table) -> bool:
    """Whether a table is there: jobs that only read it do without."""
    return connection.scalar(select(func.to_regclass(table.fullname))) is not None


def _problems(connection: Connection) -> list[str]:
    inspector, problems = inspect(connection), list[str]()
    for table in (profile_day, ledger_horizon):
        if not inspector.has_table(table.name, schema=SCHEMA):
            problems.append(f"table {table.fullname} is missing")
            continue
        there = {column["name"] for column in inspector.get_columns(table.name, schema=SCHEMA)}
        problems += [f"column {table.fullname}.{one.name} is missing" for one in table.columns if one.name not in there]
        problems += missing_on_table(connection, table.fullname, ("SELECT",))
    return problems


RETENTION = History(
    name="retention",
    title="what is remembered of what is no longer kept",
    schema=SCHEMA,
    migrations=(
        Migration(1, "profiles of days, and how far back the ledger remembers", from_script(_SCRIPT, "retention", 1)),
    ),
    script="conf/sql/pipeline.sql",
    problems=_problems,
)

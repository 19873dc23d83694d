"""The tables that tell of what is no longer kept: profiles of days, and how far back the ledger remembers."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Column, Date, DateTime, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from dq.ledger.tables import SCHEMA
from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_of_tables
from etl_core.shipped_files import shipped_file

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


#: What every job does with each table; who takes history away owns them.
_RIGHTS = {profile_day: ("SELECT",), ledger_horizon: ("SELECT",)}

RETENTION = History(
    name="retention",
    title="what is remembered of what is no longer kept",
    schema=SCHEMA,
    migrations=(
        Migration(1, "profiles of days, and how far back the ledger remembers", from_script(_SCRIPT, "retention", 1)),
    ),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_of_tables, rights=_RIGHTS),
)

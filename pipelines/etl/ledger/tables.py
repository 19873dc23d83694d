"""The table `pipeline.etl_run`: how it is made, and how SQLAlchemy sees it."""

from __future__ import annotations

from functools import partial

from sqlalchemy import BigInteger, Column, Date, DateTime, Double, MetaData, Table, Text

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_of_tables
from etl_core.shipped_files import shipped_file

_SCHEMA = "pipeline"
_SCRIPT = partial(shipped_file, "sql/pipeline.sql")

etl_run = Table(
    "etl_run",
    MetaData(schema=_SCHEMA),
    Column("id", BigInteger, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("step", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("input", Text, nullable=False),
    Column("as_of", DateTime(timezone=True)),
    Column("place", Text),
    Column("rows_in", BigInteger),
    Column("rows_out", BigInteger),
    Column("rows_rejected", BigInteger),
    Column("rows_inserted", BigInteger),
    Column("rows_updated", BigInteger),
    Column("rows_unchanged", BigInteger),
    Column("rows_deleted", BigInteger),
    Column("seconds", Double),
    Column("message", Text),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
)


#: What the program does with the table; conf/sql/roles.sql grants as much.
_RIGHTS = {etl_run: ("SELECT", "INSERT", "UPDATE")}

ETL = History(
    name="etl",
    title="the account of flows",
    schema=_SCHEMA,
    migrations=(Migration(1, "what became of the steps of flows", from_script(_SCRIPT, "etl", 1)),),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_of_tables, rights=_RIGHTS),
)

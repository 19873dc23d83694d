"""The table `pipeline.etl_run`: how it is made, and how SQLAlchemy sees it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Date, DateTime, Double, MetaData, Table, Text, inspect

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_on_table
from etl_core.shipped_files import shipped_file

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

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


def _problems(connection: Connection) -> list[str]:
    """Give what is missing of the table, and of the rights on it."""
    inspector = inspect(connection)
    if not inspector.has_table(etl_run.name, schema=_SCHEMA):
        return [f"table {_SCHEMA}.{etl_run.name} is missing"]
    there = {column["name"] for column in inspector.get_columns(etl_run.name, schema=_SCHEMA)}
    missing = [f"column {etl_run.fullname}.{one.name} is missing" for one in etl_run.columns if one.name not in there]
    return [*missing, *missing_on_table(connection, etl_run.fullname, ("SELECT", "INSERT", "UPDATE"))]


ETL = History(
    name="etl",
    title="the account of flows",
    schema=_SCHEMA,
    migrations=(Migration(1, "what became of the steps of flows", from_script(_SCRIPT, "etl", 1)),),
    script="conf/sql/pipeline.sql",
    problems=_problems,
)

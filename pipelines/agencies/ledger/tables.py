"""The table `pipeline.document_copy`: how it is made, and how SQLAlchemy sees it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, inspect

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_on_table
from etl_core.shipped_files import shipped_file

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_SCHEMA = "pipeline"
_SCRIPT = partial(shipped_file, "sql/pipeline.sql")

document_copy = Table(
    "document_copy",
    MetaData(schema=_SCHEMA),
    Column("agency_id", Text, primary_key=True),
    Column("attachment_id", Text, primary_key=True),
    Column("destination", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_etag", Text),
    Column("source_version", Text),
    Column("destination_etag", Text),
    Column("size", BigInteger),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("run_id", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)


def _problems(connection: Connection) -> list[str]:
    """Give what is missing of the table, and of the rights on it."""
    inspector, name = inspect(connection), document_copy.fullname
    if not inspector.has_table(document_copy.name, schema=_SCHEMA):
        return [f"table {name} is missing"]
    there = {column["name"] for column in inspector.get_columns(document_copy.name, schema=_SCHEMA)}
    missing = [f"column {name}.{one.name} is missing" for one in document_copy.columns if one.name not in there]
    return [*missing, *missing_on_table(connection, name, ("SELECT", "INSERT", "UPDATE"))]


DOCUMENTS = History(
    name="documents",
    title="the account of documents",
    schema=_SCHEMA,
    migrations=(Migration(1, "what became of agencies' documents", from_script(_SCRIPT, "documents", 1)),),
    script="conf/sql/pipeline.sql",
    problems=_problems,
)

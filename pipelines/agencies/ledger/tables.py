"""The table `pipeline.document_copy`: how it is made, and how SQLAlchemy sees it."""

from __future__ import annotations

from functools import partial

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_of_tables
from etl_core.shipped_files import shipped_file

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


#: What the program does with the table; conf/sql/roles.sql grants as much.
_RIGHTS = {document_copy: ("SELECT", "INSERT", "UPDATE")}

DOCUMENTS = History(
    name="documents",
    title="the account of documents",
    schema=_SCHEMA,
    migrations=(Migration(1, "what became of agencies' documents", from_script(_SCRIPT, "documents", 1)),),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_of_tables, rights=_RIGHTS),
)

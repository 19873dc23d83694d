"""The tables of readings as SQLAlchemy sees them; `conf/sql/pipeline.sql` makes them."""

from __future__ import annotations

from functools import partial

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_on_tables
from etl_core.shipped_files import shipped_file

_METADATA = MetaData(schema="pipeline")

api_cursor = Table(
    "api_cursor",
    _METADATA,
    Column("source", Text, primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("position", Text, nullable=False),
    Column("edge", LargeBinary, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

api_object = Table(
    "api_object",
    _METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("source", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("window_start", DateTime(timezone=True), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("digests", LargeBinary),
    Column("state", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

#: What the program does with each table; conf/sql/roles.sql grants as much.
_RIGHTS = {table.fullname: ("SELECT", "INSERT", "UPDATE") for table in (api_cursor, api_object)}


API = History(
    name="api",
    title="the account of application APIs",
    schema="pipeline",
    migrations=(
        Migration(
            1,
            "how far application APIs were read, and what of them landed",
            from_script(partial(shipped_file, "sql/pipeline.sql"), "api", 1),
        ),
    ),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_on_tables, rights=_RIGHTS),
)

"""Which lines were told: `pipeline.lineage_told` and `pipeline.lineage_mark`; `conf/sql/pipeline.sql` makes them."""

from __future__ import annotations

from functools import partial

from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, Table, Text, Uuid

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_on_tables
from etl_core.shipped_files import shipped_file

_METADATA = MetaData(schema="pipeline")

lineage_told = Table(
    "lineage_told",
    _METADATA,
    Column("line", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
)

lineage_mark = Table(
    "lineage_mark",
    _METADATA,
    Column("only_row", Boolean, primary_key=True),
    Column("done_before", DateTime(timezone=True), nullable=False),
    Column("given_up", BigInteger, nullable=False),
)

_RIGHTS = {
    "pipeline.lineage_told": ("SELECT", "INSERT", "DELETE"),
    "pipeline.lineage_mark": ("SELECT", "INSERT", "UPDATE"),
}


LINEAGE = History(
    name="lineage",
    title="the account of lineage",
    schema="pipeline",
    migrations=(
        Migration(
            1,
            "which lines of the audit were told as lineage",
            from_script(partial(shipped_file, "sql/pipeline.sql"), "lineage", 1),
        ),
    ),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_on_tables, rights=_RIGHTS),
)

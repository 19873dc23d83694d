"""What is kept of streams: how far they are, and the profiles of their hours; `conf/sql/pipeline.sql` makes it."""

from __future__ import annotations

from functools import partial

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Integer, LargeBinary, MetaData, Table, Text

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_on_tables
from etl_core.shipped_files import shipped_file

_METADATA = MetaData(schema="pipeline")

stream_partition = Table(
    "stream_partition",
    _METADATA,
    Column("flow", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("topic_id", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("first_offset", BigInteger, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("processed", BigInteger, nullable=False),
    Column("dead", BigInteger, nullable=False),
    Column("tombstones", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

stream_hour_part = Table(
    "stream_hour_part",
    _METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("flow", Text, nullable=False),
    Column("hour", DateTime(timezone=True), nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("newest", DateTime(timezone=True), nullable=False),
    Column("profile", LargeBinary, nullable=False),
    Column("is_judged", Boolean, nullable=False),
)

stream_replay = Table(
    "stream_replay",
    _METADATA,
    Column("flow", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("topic_id", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("replayed_at", DateTime(timezone=True), nullable=False),
)

#: What the program does with each table; conf/sql/roles.sql grants as much.
_RIGHTS = {
    "pipeline.stream_partition": ("SELECT", "INSERT", "UPDATE"),
    "pipeline.stream_hour_part": ("SELECT", "INSERT", "DELETE"),
    "pipeline.stream_replay": ("SELECT", "INSERT"),
}


STREAMS = History(
    name="streams",
    title="the account of streams",
    schema="pipeline",
    migrations=(
        Migration(
            1,
            "how far streams of records are, and the profiles of their hours",
            from_script(partial(shipped_file, "sql/pipeline.sql"), "streams", 1),
        ),
    ),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_on_tables, rights=_RIGHTS),
)

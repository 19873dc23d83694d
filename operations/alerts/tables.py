"""What is kept of alerts: themselves, their messages, and channels that rest; `conf/sql/pipeline.sql` makes it."""

from __future__ import annotations

from functools import partial

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Identity, Integer, MetaData, Table, Text

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_of_tables
from etl_core.shipped_files import shipped_file

_SCHEMA = "pipeline"
_METADATA = MetaData(schema=_SCHEMA)

alert = Table(
    "alert",
    _METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("agency", Text),
    Column("to_slack", Boolean, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Column("resolved_at", DateTime(timezone=True)),
    Column("notified_at", DateTime(timezone=True)),
    Column("resolution_told", Boolean, nullable=False),
)

alert_delivery = Table(
    "alert_delivery",
    _METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("channel", Text, nullable=False),
    Column("tone", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("alerts", ARRAY(BigInteger), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("reason", Text),
)

alert_channel = Table(
    "alert_channel",
    _METADATA,
    Column("channel", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("rests_until", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
)

#: What the program does with each table; conf/sql/roles.sql grants as much.
_RIGHTS = {
    alert: ("SELECT", "INSERT", "UPDATE"),
    alert_delivery: ("SELECT", "INSERT", "UPDATE"),
    alert_channel: ("SELECT", "INSERT", "UPDATE", "DELETE"),
}


ALERTS = History(
    name="alerts",
    title="the account of alerts",
    schema=_SCHEMA,
    migrations=(
        Migration(
            1,
            "alerts, and who was told of them",
            from_script(partial(shipped_file, "sql/pipeline.sql"), "alerts", 1),
        ),
    ),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_of_tables, rights=_RIGHTS),
)

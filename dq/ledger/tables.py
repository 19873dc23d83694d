"""The ledger's tables as SQLAlchemy sees them; `conf/sql/pipeline.sql` makes them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, LargeBinary, MetaData, Table, Text

SCHEMA = "pipeline"

_METADATA = MetaData(schema=SCHEMA)

batch_counter = Table(
    "batch_counter",
    _METADATA,
    Column("only_row", Boolean, primary_key=True),
    Column("last_batch", BigInteger, nullable=False),
)

object_inbox = Table(
    "object_inbox",
    _METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("bucket", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version_id", Text),
    Column("etag", Text),
    Column("sequencer", Text),
    Column("size", BigInteger),
    Column("event_time", DateTime(timezone=True)),
    Column("source", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False),
    Column("lost_leases", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("batch", BigInteger),
    Column("batch_size", Integer),
    Column("lease_owner", Text),
    Column("lease_until", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("read_version_id", Text),
    Column("read_etag", Text),
    Column("last_modified", DateTime(timezone=True)),
    Column("monitoring_file_id", Text),
    Column("monitoring_file_run_id", Text),
    Column("definition_fingerprint", Text),
    Column("run_window", Text),
    Column("agency_slug", Text),
    Column("file_name", Text),
    Column("definition_digest", Text),
    Column("alone", Boolean, nullable=False),
)

object_inbox_count = Table(
    "object_inbox_count",
    _METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("state", Text, nullable=False),
    Column("change", BigInteger, nullable=False),
)

announcement_dead_letter = Table(
    "announcement_dead_letter",
    _METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("closed_as", Text),
    Column("closed_at", DateTime(timezone=True)),
)

profile_state = Table(
    "profile_state",
    _METADATA,
    Column("monitoring_file_run_id", Text, primary_key=True),
    Column("monitoring_file_id", Text, nullable=False),
    Column("agency_slug", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("run_date", Date, nullable=False),
    Column("run_hour", Integer, nullable=False),
    Column("state", LargeBinary),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

bucket_rest = Table(
    "bucket_rest",
    _METADATA,
    Column("bucket", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)

consumer = Table(
    "consumer",
    _METADATA,
    Column("owner", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("heartbeat_at", DateTime(timezone=True), nullable=False),
)

silver_load = Table(
    "silver_load",
    _METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("object_id", BigInteger, nullable=False),
    Column("table", Text, nullable=False),
    Column("agency_slug", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("run_date", Date, nullable=False),
    Column("run_hour", Integer, nullable=False),
    Column("definition_fingerprint", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("delta_version", BigInteger),
    Column("quarantine_version", BigInteger),
    Column("rows_read", BigInteger),
    Column("rows_silver", BigInteger),
    Column("rows_quarantined", BigInteger),
    Column("rows_malformed", BigInteger),
    Column("rows_healed", BigInteger),
    Column("rows_unmatched", BigInteger),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("undoes", BigInteger),
)

"""The tables of the schema `meta` that are the citizens' own, for statements; `conf/sql/warehouse` makes them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Identity, Integer, MetaData, String, Table, Text, Unicode

_known = MetaData(schema="meta")

ingestion_log = Table(
    "ingestion_log",
    _known,
    Column("ingestion_id", BigInteger, Identity(), primary_key=True),
    Column("dataset", String(100), nullable=False),
    Column("file_name", Unicode(255), nullable=False),
    Column("land_path", Unicode(1000), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("snapshot_month", Date, nullable=False),
    Column("landed_at", DateTime(timezone=True), nullable=False),
)
validation_log = Table(
    "validation_log",
    _known,
    Column("validation_id", BigInteger, Identity(), primary_key=True),
    Column("ingestion_id", BigInteger, nullable=False),
    Column("status", String(20), nullable=False),
    Column("score", Integer),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_clean", BigInteger, nullable=False),
    Column("rows_rejected", BigInteger, nullable=False),
    Column("rows_malformed", BigInteger, nullable=False),
    Column("clean_path", Unicode(1000)),
    Column("rejected_path", Unicode(1000)),
    Column("message", Unicode(2000), nullable=False),
    Column("definition", String(64), nullable=False),
    Column("validated_at", DateTime(timezone=True), nullable=False),
)
unpublished_month = Table("unpublished_month", _known, Column("snapshot_month", Date, primary_key=True))
etl_audit = Table(
    "etl_audit",
    _known,
    Column("audit_id", BigInteger, Identity(), primary_key=True),
    Column("run_id", String(40), nullable=False),
    Column("step", String(40), nullable=False),
    Column("level", String(10), nullable=False),
    Column("status", String(10), nullable=False),
    Column("message", Unicode(2000), nullable=False),
    Column("details", Text),
    Column("row_count", BigInteger),
    Column("duration_ms", BigInteger),
    Column("at", DateTime(timezone=True), nullable=False),
)
lineage_told = Table(
    "lineage_told",
    _known,
    Column("audit_id", BigInteger, primary_key=True, autoincrement=False),
    Column("outcome", String(20), nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
)

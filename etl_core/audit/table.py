"""The table `pipeline.audit`: how it is made, and how lines get into it, alone or with what they tell of."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, Uuid, insert
from sqlalchemy.dialects.postgresql import JSONB

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_on_table
from etl_core.postgres.transaction import prepare
from etl_core.shipped_files import shipped_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection, Engine

    from etl_core.audit.record import AuditRecord
    from etl_core.postgres.transaction import Statement, Transaction

_SCRIPT = partial(shipped_file, "sql/pipeline.sql")

AUDIT = History(
    name="audit",
    title="the account of what jobs did",
    schema="pipeline",
    migrations=(Migration(1, "a line for every job and step", from_script(_SCRIPT, "audit", 1)),),
    script="conf/sql/pipeline.sql",
    problems=lambda connection: missing_on_table(connection, "pipeline.audit", ["INSERT"]),
)

audit = Table(
    "audit",
    MetaData(schema="pipeline"),
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("job", Text, nullable=False),
    Column("job_version", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("subject", Text),
    Column("inputs", JSONB, nullable=False),
    Column("outputs", JSONB, nullable=False),
    Column("rows_in", BigInteger),
    Column("rows_out", BigInteger),
    Column("status", Text, nullable=False),
    Column("message", Text),
    Column("duration_ms", BigInteger, nullable=False),
)


def write_audit(engine: Engine, record: AuditRecord) -> None:
    """Add a line, in a transaction of its own.

    Args:
        engine: of `etl_core.postgres.database.connect`.
        record: what was done, as `Account.line` makes it: without secrets.

    Raises:
        DatabaseUnavailableError: no answer.
        CatalogueError: the table is not there, or this role may not add to it.
    """
    with engine.begin() as connection:
        add_lines(connection, [record])


def add_lines(connection: Connection, records: Sequence[AuditRecord]) -> None:
    """Add lines to somebody's transaction, all in one statement: they are there when what they tell of is."""
    if records:
        connection.execute(insert(audit), [_values(record) for record in records])


def send_line(transaction: Transaction, record: AuditRecord) -> None:
    """Add a line to somebody's transaction, with the next statement whose answer is asked for."""
    values = _values(record)
    written = {"id": str(record.id), **{name: json.dumps(values[name]) for name in ("inputs", "outputs")}}
    transaction.send(_line(), values | written)


def _values(record: AuditRecord) -> dict[str, Any]:
    step = record.step
    return {
        "id": record.id,
        "at": step.at,
        "job": record.job,
        "job_version": record.job_version,
        "run_id": record.run_id,
        "step": step.name,
        "subject": step.subject,
        "inputs": step.inputs,
        "outputs": step.outputs,
        "rows_in": step.rows_in,
        "rows_out": step.rows_out,
        "status": step.status,
        "message": step.message,
        "duration_ms": max(round(step.seconds * 1000), 0),
    }


@cache
def _line() -> Statement:
    return prepare(insert(audit), [column.name for column in audit.columns])

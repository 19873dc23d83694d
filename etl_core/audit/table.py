"""The table `pipeline.audit`: how it is made, and how a line gets into it."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_on_table
from etl_core.shipped_files import shipped_file

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from etl_core.audit.record import AuditRecord
    from etl_core.log.redaction import Redaction

_SCRIPT = partial(shipped_file, "sql/pipeline.sql")

AUDIT = History(
    name="audit",
    title="the account of what jobs did",
    schema="pipeline",
    migrations=(Migration(1, "a line for every job and step", from_script(_SCRIPT, "audit", 1)),),
    script="conf/sql/pipeline.sql",
    problems=lambda connection: missing_on_table(connection, "pipeline.audit", ["INSERT"]),
)

_INSERT = text("""
INSERT INTO pipeline.audit (id, at, job, job_version, run_id, step, subject, inputs, outputs, rows_in, rows_out,
                            status, message, duration_ms)
VALUES (CAST(:id AS uuid), :at, :job, :job_version, :run_id, :step, :subject, CAST(:inputs AS jsonb),
        CAST(:outputs AS jsonb), :rows_in, :rows_out, :status, :message, :duration_ms)
""")


def write_audit(engine: Engine, record: AuditRecord, redaction: Redaction) -> None:
    """Add a line, in a transaction of its own.

    Args:
        engine: of `etl_core.postgres.database.connect`.
        record: what was done.
        redaction: knows the secrets that must not be in it.

    Raises:
        DatabaseUnavailableError: no answer.
        CatalogueError: the table is not there, or this role may not add to it.
    """
    values = asdict(record.cleaned(redaction))
    values |= {"id": str(record.id), "inputs": json.dumps(values["inputs"]), "outputs": json.dumps(values["outputs"])}
    with engine.begin() as connection:
        connection.execute(_INSERT, values)

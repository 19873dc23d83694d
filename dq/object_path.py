"""What became of an object, a step each from its announcement to the lake.

Those that jobs noted in the audit, and what the ledger knows of those that nobody noted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from dq.ledger.silver_loads import loads_of_object
from dq.reporting.readback import read_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import RowMapping

    from dq.ledger.inspection import InboxRow
    from dq.ledger.silver_loads import SilverLoad
    from dq.reporting.catalogue.catalogue import Catalogue
    from etl_core.postgres.database import Connects


#: The lines about an object, of one row of the ledger or of none in particular.
_OF_SUBJECT = text("""
    SELECT at, job, step, status, message, run_id, outputs, duration_ms FROM pipeline.audit
    WHERE subject = :uri AND (inputs @> CAST(:row AS jsonb) OR NOT inputs::text LIKE '%"object %') ORDER BY at, id
""")


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step: when (aware), what it is called, how it ended or where it came from, and what there is to say."""

    at: datetime
    step: str
    state: str
    what: str


def object_path(engine: Connects, catalogue: Catalogue, row: InboxRow) -> tuple[PathStep, ...]:
    """The steps of one object of the ledger, in the order of time.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        row: of `show_row`.
    """
    return tuple(sorted(dict.fromkeys(_steps(engine, catalogue, row)), key=lambda one: one.at))


def _steps(engine: Connects, catalogue: Catalogue, row: InboxRow) -> Iterator[PathStep]:
    event = row.event
    uri = f"s3://{event.bucket}/{event.key}"
    version = f" version {event.version_id}" if event.version_id else ""
    yield PathStep(row.received_at, "announced", event.source or "", f"object {row.id}, {uri}{version}")
    lines = _lines(engine, uri, row.id)
    noted = {output for line in lines for output in line["outputs"]}
    if row.finished_at is not None and not any(line["step"] == "verdict" for line in lines):
        yield PathStep(row.finished_at, "judged", row.state, _verdict(engine, catalogue, row))
    for load in loads_of_object(engine, row.id):
        if f"load {load.id}" not in noted:
            yield _lifted(load)
    for line in lines:
        outputs = ", ".join(line["outputs"])
        what = "; ".join(part for part in (line["message"], outputs, f"run {line['run_id']}") if part)
        yield PathStep(line["at"], f"{line['job']}: {line['step']}", line["status"], what)


def _lifted(load: SilverLoad) -> PathStep:
    counts, rows = load.counts, load.reason or ""
    if counts is not None:
        where = f"{counts.rows_silver:,} to silver, {counts.rows_quarantined:,} to quarantine"
        table = f"version {load.delta_version} of {load.subject.table}"
        rows = f"{counts.rows_read:,} rows: {where}, {counts.rows_malformed:,} malformed; {table}"
    return PathStep(load.finished_at or load.started_at, "lifted", load.state, rows)


def _lines(engine: Connects, uri: str, object_id: int) -> Sequence[RowMapping]:
    known = {"uri": uri, "row": json.dumps([f"object {object_id}"])}
    with engine.connect() as connection:
        return connection.execute(_OF_SUBJECT, known).mappings().all()


def _verdict(engine: Connects, catalogue: Catalogue, row: InboxRow) -> str:
    if row.monitoring_file_run_id is None:
        return row.reason or ""
    found = read_verdict(engine, catalogue, row.monitoring_file_run_id)
    if found is None:
        return f"run {row.monitoring_file_run_id}"
    passed = "passed" if found.passed else "failed"
    return f"run {found.run_id}, {found.run_date} {found.run_hour:02d}h: score {found.score}, {passed}"

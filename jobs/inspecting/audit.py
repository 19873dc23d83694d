"""Show what became of an object, a line a step from its announcement to the lake; or what a run of a job did."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from rich.table import Table
from sqlalchemy import text

from etl_core.errors import UsageError
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine, RowMapping

    from dq import SilverLoad
    from dq.ledger.inspection import InboxRow
    from jobs.running.wiring import Program

_AUDIT = text("""
    SELECT at, job, step, subject, status, message, rows_in, rows_out, duration_ms
    FROM pipeline.audit WHERE run_id = :run_id ORDER BY at, id
""")
#: The lines about an object, of one row of the ledger or of none in particular.
_OF_SUBJECT = text("""
    SELECT at, job, step, status, message, run_id, outputs, duration_ms FROM pipeline.audit
    WHERE subject = :uri AND (inputs @> CAST(:row AS jsonb) OR NOT inputs::text LIKE '%"object %') ORDER BY at, id
""")


def main(argv: list[str], program: Program | None = None) -> int:
    """Print the steps in the order of time; exit 2 when there is no such object or run.

    `program` has other settings than those of the environment.
    """
    arguments = _parser().parse_args(argv)
    from jobs.running.database import open_database
    from jobs.running.wiring import start

    program = program or start()
    with open_database(program.settings) as database:
        steps = list(_run(database, arguments.run_id) if arguments.run_id else _object(database, arguments.object))
    table = Table("at", "step", "state", "what", header_style="bold")
    for at, step, state, what in sorted(dict.fromkeys(steps), key=lambda one: one[0]):
        table.add_row(*map(cell, (f"{at:%Y-%m-%d %H:%M:%S}", step, state, what)))
    stdout().print(table)
    return ExitCode.OK


#: Versions of one key at most.
_MOST_VERSIONS = 1000
_Step = tuple["datetime", str, str, str]


def _run(database: Engine, run_id: str) -> Iterator[_Step]:
    with database.connect() as connection:
        rows = connection.execute(_AUDIT, {"run_id": run_id}).mappings().all()
    if not rows:
        raise UsageError(f"no job has written a line for the run {run_id!r}; the log names runs as run_id")
    for row in rows:
        yield row["at"], f"{row['job']}: {row['step']}", row["status"], _what(dict(row))


def _what(row: Mapping[str, Any]) -> str:
    parts = [row["subject"], row["message"], f"{row['duration_ms']:,} ms"]
    return "; ".join(part for part in parts if part)


def _object(database: Engine, named: str) -> Iterator[_Step]:
    """Give the steps of an object: those that jobs noted, and what the ledger knows of those that nobody noted."""
    from dq import loads_of_object

    for row in _rows(database, named):
        event = row.event
        uri = f"s3://{event.bucket}/{event.key}"
        version = f" version {event.version_id}" if event.version_id else ""
        yield row.received_at, "announced", event.source or "", f"object {row.id}, {uri}{version}"
        lines = _lines(database, uri, row.id)
        noted = {output for line in lines for output in line["outputs"]}
        if row.finished_at is not None and not any(line["step"] == "verdict" for line in lines):
            yield row.finished_at, "judged", row.state, _verdict(database, row)
        for load in loads_of_object(database, row.id):
            if f"load {load.id}" not in noted:
                yield _lifted(load)
        for line in lines:
            outputs = ", ".join(line["outputs"])
            what = "; ".join(part for part in (line["message"], outputs, f"run {line['run_id']}") if part)
            yield line["at"], f"{line['job']}: {line['step']}", line["status"], what


def _lifted(load: SilverLoad) -> _Step:
    counts, rows = load.counts, load.reason or ""
    if counts is not None:
        where = f"{counts.rows_silver:,} to silver, {counts.rows_quarantined:,} to quarantine"
        table = f"version {load.delta_version} of {load.subject.table}"
        rows = f"{counts.rows_read:,} rows: {where}, {counts.rows_malformed:,} malformed; {table}"
    return load.finished_at or load.started_at, "lifted", load.state, rows


def _lines(database: Engine, uri: str, object_id: int) -> Sequence[RowMapping]:
    known = {"uri": uri, "row": json.dumps([f"object {object_id}"])}
    with database.connect() as connection:
        return connection.execute(_OF_SUBJECT, known).mappings().all()


def _verdict(database: Engine, row: InboxRow) -> str:
    from dq.reporting.catalogue.catalogue import read_catalogue
    from dq.reporting.readback import read_verdicts

    if row.monitoring_file_run_id is None:
        return row.reason or ""
    verdicts = read_verdicts(database, read_catalogue(database))
    found = next((one for one in verdicts if str(one.run_id) == row.monitoring_file_run_id), None)
    if found is None:
        return f"run {row.monitoring_file_run_id}"
    passed = "passed" if found.passed else "failed"
    return f"run {found.run_id}, {found.run_date} {found.run_hour:02d}h: score {found.score}, {passed}"


def _rows(database: Engine, named: str) -> Sequence[InboxRow]:
    from dq.ledger.by_hand.selection import Selection, select_rows
    from dq.ledger.inspection import show_row
    from etl_core.objects.place import parse_place

    if named.isdecimal():
        return [show_row(database, int(named))]
    place = parse_place(named)
    found = select_rows(database, Selection(key=place.key, bucket=place.bucket), _MOST_VERSIONS) if place.bucket else ()
    if not found:
        raise UsageError(f"the ledger knows no object {named!r}; expected its id in the inbox, or s3://bucket/key")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing audit", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--object", metavar="ID_OR_URI", help="its id in the inbox, or s3://bucket/key: all its versions"
    )
    which.add_argument("--run-id", metavar="RUN", help="a run of a job, as the log names it")
    return parser


JOB = (main, "show what became of an object, from its announcement to the lake")

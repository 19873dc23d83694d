"""Show what became of an object, a line a step from its announcement to the lake; or what a run of a job did."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rich.table import Table
from sqlalchemy import text

from etl_core.errors import UsageError
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from dq.ledger.inspection import InboxRow
    from jobs.running.wiring import Program

_AUDIT = text("""
    SELECT at, job, step, subject, status, message, rows_in, rows_out, duration_ms
    FROM pipeline.audit WHERE run_id = :run_id ORDER BY at, id
""")


def main(argv: list[str], program: Program | None = None) -> int:
    """Print the steps in the order of time; exit 2 when there is no such object or run.

    `program` has other settings than those of the environment.
    """
    arguments = _parser().parse_args(argv)
    from jobs.running.database import open_database
    from jobs.running.wiring import start

    program = program or start()
    with open_database(program.settings, only_reads=True) as database:
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
    from dq.object_path import object_path
    from dq.reporting.catalogue.catalogue import read_catalogue

    catalogue = read_catalogue(database, only_reads=True)
    for row in _rows(database, named):
        for one in object_path(database, catalogue, row):
            yield one.at, one.step, one.state, one.what


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

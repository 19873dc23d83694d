"""Lift objects that have a verdict into the lake: good rows to silver, the others to quarantine with their reasons.

Each object is lifted once for each definition; of two objects of one run the later one counts. An object that failed
its checks is held (SILVER_GATE) until `--release` lets it pass.
"""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import structlog
from rich.table import Table

from etl_core.errors import PipelineError, UsageError
from jobs.console.terminal import cell, stdout
from jobs.lake.doors import lake_doors
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq import DueObject, SchemaDefinition
    from dq.batch.doors import Doors
    from jobs.running.wiring import Program
    from pipelines.lake.lifting.load_objects import Outcome

log = structlog.get_logger()


def main(argv: list[str], program: Program | None = None) -> int:
    """Lift what is due; exit 1 when an object came to nothing, 75 when one has to be tried again.

    `program` has other settings than those of the environment.
    """
    arguments = _parser().parse_args(argv)
    from dq import Wanted, due_objects
    from dq.ledger.settings import LedgerSettings
    from dq.reporting.catalogue.catalogue import read_catalogue
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import open_doors, start
    from pipelines.lake.lifting.load_objects import load_objects
    from pipelines.lake.settings import LakeSettings

    program = program or start()
    if program.settings[LakeSettings].silver_gate == "off":
        raise UsageError("SILVER_GATE is off, so that nothing goes to silver; set it to passed or any")
    wanted = Wanted(arguments.agency, arguments.file, arguments.since, arguments.until, tuple(arguments.release))
    limit = program.settings[LedgerSettings].max_files_per_batch
    ended: list[Outcome] = []
    with open_doors(program.settings) as doors, StopRequest() as stop:
        catalogue = read_catalogue(doors.database)
        lake = lake_doors(doors, program.settings)
        while not stop.is_set():
            due = due_objects(doors.database, catalogue, wanted, limit)
            pending = {outcome.due.object_id for outcome in ended}
            due = tuple(one for one in due if one.object_id not in pending)
            if arguments.dry_run:
                _show_due(due)
                return ExitCode.OK
            if not due:
                break
            outcomes = load_objects(due, _definitions(due, doors), arguments.release, lake)
            for one in outcomes:
                _tell(one)
            ended += outcomes
    states = Counter(outcome.state for outcome in ended)
    note(message=", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "nothing was due")
    _show(ended)
    return _code(states)


def _code(states: Mapping[str, int]) -> ExitCode:
    if states.get("pending"):
        return ExitCode.TRY_AGAIN
    return ExitCode.FAILED if states.get("failed") else ExitCode.OK


def _definitions(due: Sequence[DueObject], doors: Doors) -> dict[int, SchemaDefinition | PipelineError | None]:
    """The definitions that their files have now, by object."""
    from dq.definitions import definition_or_none

    with doors.database.begin() as connection:
        files = doors.reporting.monitored_files(connection, {(one.agency_slug, one.file_name) for one in due})
    found: dict[int, SchemaDefinition | PipelineError | None] = {}
    for one in due:
        file = files.get((one.agency_slug, one.file_name))
        try:
            found[one.object_id] = definition_or_none(file.definition, mode=doors.scoring_mode) if file else None
        except PipelineError as error:
            found[one.object_id] = error
    return found


def _tell(outcome: Outcome) -> None:
    due, counts = outcome.due, outcome.counts
    figures = {} if counts is None else {"rows": counts.rows_read, "silver": counts.rows_silver}
    log.info(
        "lifted" if outcome.state == "loaded" else "not lifted",
        state=outcome.state,
        object_id=due.object_id,
        bucket=due.bucket,
        key=due.key,
        reason=outcome.reason,
        **figures,
    )


def _show_due(due: Sequence[DueObject]) -> None:
    table = Table("object", "agency", "file", "run", "score", "key", header_style="bold")
    for one in due:
        run = f"{one.run_date} {one.run_hour:02d}h"
        table.add_row(*map(cell, (one.object_id, one.agency_slug, one.file_name, run, one.score, one.key)))
    stdout().print(table)


def _show(ended: Sequence[Outcome]) -> None:
    table = Table(
        "object", "agency", "file", "run", "state", "read", "silver", "quarantined", "malformed", "healed", "reason",
        header_style="bold",
    )  # fmt: skip
    for one in ended:
        due, counts = one.due, one.counts
        figures = (
            (counts.rows_read, counts.rows_silver, counts.rows_quarantined, counts.rows_malformed, counts.rows_healed)
            if counts
            else ("", "", "", "", "")
        )
        run = f"{due.run_date} {due.run_hour:02d}h"
        row = (due.object_id, due.agency_slug, due.file_name, run, one.state, *figures, one.reason or "")
        table.add_row(*map(cell, row))
    stdout().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing to_silver", description=__doc__)
    parser.add_argument("--agency", metavar="SLUG", help="only this agency's objects")
    parser.add_argument("--file", metavar="NAME", help="only objects of this file")
    parser.add_argument("--since", metavar="DAY", type=date.fromisoformat, help="only runs of this day (UTC) and later")
    parser.add_argument("--until", metavar="DAY", type=date.fromisoformat, help="only runs before this day (UTC)")
    parser.add_argument(
        "--release", metavar="ID", type=int, action="append", default=[],
        help="lift this object, held or failed as it may be; may be given several times",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="only show what would be lifted")
    return parser


JOB = (main, "lift rows of objects that have a verdict to silver and quarantine")

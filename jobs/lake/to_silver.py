"""Lift objects that have a verdict into the lake: good rows to silver, the others to quarantine with their reasons.

Each object is lifted once for each definition; of two objects of one run the later one counts. An object that failed
its checks is held (SILVER_GATE) until `--release` lets it pass. `--watch` goes on until a signal asks to end; then the
batch at hand is finished. The tables are those of one run over the same objects.
"""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING

import structlog
from rich.table import Table

from etl_core.errors import UsageError
from jobs.console.arguments import object_number, plain_text, require_days
from jobs.console.terminal import cell, stdout
from jobs.lake.doors import lake_doors
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pyspark.sql import SparkSession

    from dq import DueObject, Wanted
    from dq.batch.doors import Doors
    from jobs.running.wiring import Program
    from pipelines.lake.lifting.load_objects import Outcome
    from pipelines.lake.metrics import LakeMetrics

log = structlog.get_logger()


def main(argv: list[str], program: Program | None = None) -> int:
    """Lift what is due; exit 1 when an object came to nothing, 75 when one has to be tried again.

    `program` has other settings than those of the environment.
    """
    arguments = _parser().parse_args(argv)
    from dq import Wanted, open_undos
    from dq.ledger.settings import LedgerSettings
    from etl_core.metrics.publishing import left_in_file, served
    from etl_core.metrics.settings import MetricsSettings
    from jobs.lake.lifting import LiftRounds, keep_lifting
    from jobs.lake.outcomes import outcomes_table
    from jobs.running.sessions import open_tables_session
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import open_doors, start
    from pipelines.lake.metrics import LakeMetrics
    from pipelines.lake.settings import LakeSettings

    program = program or start()
    settings = program.settings[LakeSettings]
    require_days(arguments.since, arguments.until)
    if settings.silver_gate == "off":
        raise UsageError("SILVER_GATE is off, so that nothing goes to silver; set it to passed or any")
    wanted = Wanted(arguments.agency, arguments.file, arguments.since, arguments.until, tuple(arguments.release))
    limit = program.settings[LedgerSettings].max_files_per_batch
    note(step="watch" if arguments.watch else "once")
    metrics, published = LakeMetrics(), program.settings[MetricsSettings]
    with (
        left_in_file(metrics.registry, published.metrics_file),
        served(metrics.registry, published.metrics_port if arguments.watch else None),
        open_doors(program.settings, only_reads=arguments.dry_run) as doors,
        open_tables_session(program.settings) as session,
        StopRequest() as stop,
    ):

        def listening() -> SparkSession:
            """The session; starting it puts other handlers of signals in place."""
            found = session()
            stop.listen()
            return found

        _require_judged(doors, wanted)
        rounds = LiftRounds(doors, lake_doors(doors, program.settings, listening), wanted, limit, _tells(metrics))
        if arguments.dry_run:
            _show_due(rounds.due(), wanted.released, settings.silver_gate)
            return ExitCode.OK
        if arguments.watch:
            log.info("watching", seconds=settings.silver_poll_seconds)
            keep_lifting(rounds, stop, settings.silver_poll_seconds)
            note(message=rounds.told())
            log.info("stopped")
            return ExitCode.OK
        ended: list[Outcome] = []
        while not stop.is_set() and (outcomes := rounds.lift()):
            ended += outcomes
        is_left = stop.is_set() or bool(open_undos(doors.database))  # tables that are apart
    note(message=rounds.told())
    if ended:
        stdout().print(outcomes_table(ended))
    else:
        stdout().print(cell("nothing was due"))
    return ExitCode.TRY_AGAIN if is_left else _code(rounds.states)


def _require_judged(doors: Doors, wanted: Wanted) -> None:
    """Refuse a release that would do nothing: of an object that is not there, has no verdict, or was not asked for."""
    from dq import judged_objects
    from dq.ledger.inspection import show_row
    from dq.reporting.catalogue.catalogue import read_catalogue

    if not wanted.released:
        return
    judged = judged_objects(doors.database, read_catalogue(doors.database, only_reads=True), wanted)
    for id_ in wanted.released:
        if id_ in judged:
            continue
        row = show_row(doors.database, id_)
        if row.state == "done":
            raise UsageError(f"object {id_} is none of the agency, file and days that are asked for; leave them out")
        raise UsageError(f"object {id_} cannot be released: it is {row.state}, and only what has a verdict is lifted")


def _code(states: Mapping[str, int]) -> ExitCode:
    if states.get("pending"):
        return ExitCode.TRY_AGAIN
    return ExitCode.FAILED if states.get("failed") else ExitCode.OK


def _tells(metrics: LakeMetrics) -> Callable[[Outcome], None]:
    def tell(outcome: Outcome) -> None:
        metrics.lifted(outcome)
        _tell(outcome)

    return tell


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


def _show_due(due: Sequence[DueObject], released: Collection[int], gate: str) -> None:
    from pipelines.lake.lifting.load_objects import kept_out

    table = Table("object", "agency", "file", "run", "score", "key", "held, because", header_style="bold")
    for one in due:
        run, why = f"{one.run_date} {one.run_hour:02d}h", kept_out(one, released, gate) or ""
        table.add_row(*map(cell, (one.object_id, one.agency_slug, one.file_name, run, one.score, one.key, why)))
    stdout().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing to_silver", description=__doc__)
    parser.add_argument("--agency", metavar="SLUG", type=plain_text, help="only this agency's objects")
    parser.add_argument("--file", metavar="NAME", type=plain_text, help="only objects of this file")
    parser.add_argument("--since", metavar="DAY", type=date.fromisoformat, help="only runs of this day (UTC) and later")
    parser.add_argument("--until", metavar="DAY", type=date.fromisoformat, help="only runs before this day (UTC)")
    parser.add_argument(
        "--release", metavar="ID", type=object_number, action="append", default=[],
        help="lift this object, held or failed as it may be; may be given several times",
    )  # fmt: skip
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="lift what is due, then end (the default)")
    how.add_argument(
        "--watch", action="store_true", help="go on lifting what gets a verdict, until a signal asks to end"
    )
    how.add_argument(
        "--dry-run", action="store_true", help="only show what would be lifted, and what the gate would hold"
    )
    return parser


JOB = (main, "lift rows of objects that have a verdict to silver and quarantine")

"""Run a flow: read the changes of a day, check and shape them, load them.

A step that was done for the same rows is skipped, so the same command can be given as often as wanted: it changes
nothing, or brings what came late. Of --since and --until the days are carried out that were not loaded yet.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.table import Table

from etl_core.errors import UsageError
from jobs.console.arguments import day
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from jobs.running.wiring import Program
    from pipelines.etl.run_flow import DayOutcome

_STEPS = ("extract", "transform", "load")


def main(argv: list[str], program: Program | None = None) -> int:
    """Run what the command line names; exit 1 where rows did not pass.

    `program` has other settings than those of the environment.
    """
    arguments = _parser().parse_args(argv)
    days = _days(arguments)
    from jobs.etl.doors import find_flow, open_etl_doors
    from jobs.running.wiring import start
    from pipelines.etl.ledger.steps import STEPS
    from pipelines.etl.preview import preview
    from pipelines.etl.run_flow import run_day, run_days

    program = program or start()
    flow = find_flow(arguments.flow, program.settings)
    note(step=arguments.step or "run", subject=flow.name, inputs=[str(one) for one in days], outputs=[flow.target.name])
    with open_etl_doors(flow, program.settings) as doors:
        if arguments.dry_run:
            for one in days:
                for line in preview(one, doors):
                    stdout().print(cell(line))
            return ExitCode.OK
        if arguments.date is None:
            outcomes = _shown(run_days(days, doors, full=arguments.full))
        else:
            steps = STEPS if arguments.step is None else (arguments.step,)
            outcomes = _shown([run_day(arguments.date, doors, steps, full=arguments.full)])
    note(message=_told(outcomes))
    return ExitCode.FAILED if any(outcome.failed for outcome in outcomes) else ExitCode.OK


def _days(arguments: argparse.Namespace) -> tuple[date, ...]:
    from pipelines.etl.flow.window import days_between

    since, until = arguments.since, arguments.until
    if arguments.date is not None:
        if since is not None or until is not None:
            raise UsageError("--date names one day, --since and --until name several; expected either")
        return (arguments.date,)
    if since is None or until is None:
        raise UsageError("no day is named; expected --date DAY, or --since DAY and --until DAY")
    if arguments.step is not None:
        raise UsageError("--step goes with --date; of several days all steps are carried out")
    return tuple(days_between(since, until))


def _shown(outcomes: Iterable[DayOutcome]) -> list[DayOutcome]:
    table = Table("date", "step", "state", "in", "out", "rejected", "what", header_style="bold")
    done = []
    for outcome in outcomes:
        done.append(outcome)
        if not outcome.steps:
            table.add_row(*map(cell, (outcome.day, "", "skipped", "", "", "", "it was loaded before")))
        for row in outcome.steps:
            counts = row.counts
            figures = ("", "", "") if counts is None else (counts.rows_in, counts.rows_out, counts.rows_rejected)
            table.add_row(*map(cell, (row.date, row.step, row.state, *figures, row.message)))
    stdout().print(table)
    return done


def _told(outcomes: Iterable[DayOutcome]) -> str:
    steps = [row for outcome in outcomes for row in outcome.steps]
    return "; ".join(f"{row.date} {row.step} {row.state}: {row.message}" for row in steps) or "all days were loaded"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing run_etl", description=__doc__)
    parser.add_argument("flow", metavar="FLOW", help="the name of a flow, as its file is called")
    parser.add_argument("--date", metavar="DAY", type=day, help="the day whose changes are read (UTC), or yesterday")
    parser.add_argument("--since", metavar="DAY", type=day, help="the first of several days (UTC)")
    parser.add_argument("--until", metavar="DAY", type=day, help="the day behind the last of them (UTC)")
    parser.add_argument("--step", choices=_STEPS, help="only this step, of one day")
    parser.add_argument("--full", action="store_true", help="do again what was done for the same rows")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be read and loaded")
    return parser


JOB = (main, "run a flow: a day's changes of a database, checked, shaped and loaded into another")

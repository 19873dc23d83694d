"""Observe what changed since the last time: is a file larger, smaller, emptier or other than its history says?

Each run that is new or was restated is held against the runs before it: rows, size and score, and of its columns the
nulls, distinct values, means, distributions and categories. Nothing is read but what the database keeps. What is
unusual changes no verdict and no exit code; it stands in pipeline.observation.
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import structlog
from rich.table import Table

from jobs.console.arguments import moment
from jobs.console.json_output import write_json
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from operations.observations.observe import Found

log = structlog.get_logger()

#: Lines of what is unusual that are printed; all of it is in the database.
_MOST_SHOWN = 200
#: So long one process waits for another that observes.
_WAIT_SECONDS = 1


def main(argv: list[str]) -> int:
    """Print what is unusual; exit 0 whatever that is, 75 where somebody else observes or asked this one to stop."""
    arguments = _parser().parse_args(argv)
    from dq.reporting.catalogue.catalogue import read_catalogue
    from etl_core.metrics.publishing import left_in_file
    from etl_core.metrics.settings import MetricsSettings
    from etl_core.postgres.clock import DatabaseClock
    from etl_core.postgres.locks import held
    from etl_core.postgres.migrations import require
    from jobs.running.database import open_database
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import start
    from operations.observations.files.whole_files import Manner
    from operations.observations.metrics import ObservationMetrics
    from operations.observations.observe import observe
    from operations.observations.settings import ObservationSettings
    from operations.observations.statistics.budget import Budget
    from operations.observations.tables import OBSERVATIONS

    program = start()
    settings = program.settings[ObservationSettings]
    manner = Manner(Budget(settings.observe_false_alarms_per_year), settings.observe_level_shift_runs)
    looks = arguments.dry_run
    metrics = ObservationMetrics()
    with (
        left_in_file(metrics.registry, None if looks else program.settings[MetricsSettings].metrics_file),
        open_database(program.settings, only_reads=looks) as database,
        StopRequest() as stop,
    ):
        require(database, OBSERVATIONS, only_reads=looks)
        catalogue = read_catalogue(database, only_reads=looks)
        now = arguments.at or DatabaseClock(database)()
        with nullcontext() if looks else held(database, "observe", seconds=_WAIT_SECONDS):
            found = observe(
                database, catalogue, manner, now, stop.is_set, writes=not looks, processes=settings.observe_processes
            )
        if found is not None:
            metrics.observed(found, now.timestamp())
    if found is None:
        log.warning("stopped before everything was observed; the same command goes on")
        return ExitCode.TRY_AGAIN
    for reason in found.refusals:
        log.warning("a kept profile cannot be compared", reason=reason)
    if found.ahead:
        log.warning("runs lie ahead of the clock and were left out", runs=found.ahead)
    note(
        rows_in=found.runs,
        message=f"{found.runs} runs of {found.files} files changed: {found.observed} observed, "
        f"{found.unchanged} as they were, {found.ahead} ahead, {found.forgotten} too old; {len(found.unusual)} unusual",
    )
    if arguments.json:
        write_json(_result(found), "-", "observations")
    else:
        _print(found)
    return ExitCode.OK


def _print(found: Found) -> None:
    from operations.observations.observe import windows

    console = stdout()
    counts = ", ".join(f"{count:,} {state.value}" for state, count in sorted(found.figures.items())) or "none"
    console.print(
        cell(
            f"{found.runs:,} runs of {found.files:,} files: {found.observed:,} observed, {found.unchanged:,} as they "
            f"were, {found.ahead:,} ahead of the clock, {found.forgotten:,} too old; figures: {counts}"
        )
    )
    if not found.unusual:
        return
    table = Table("run", "figure", "column", "times the usual width", "why", header_style="bold")
    for name, one in list(windows(found))[:_MOST_SHOWN]:
        width = "" if one.deviation is None else f"{abs(one.deviation):.2g}"
        table.add_row(*map(cell, (name, one.metric, one.column, width, one.reason)))
    console.print(table)
    if len(found.unusual) > _MOST_SHOWN:
        console.print(cell(f"and {len(found.unusual) - _MOST_SHOWN:,} more, in pipeline.observation"))


def _result(found: Found) -> dict[str, Any]:
    from operations.observations.observe import windows

    return {
        "runs": found.runs,
        "files": found.files,
        "observed": found.observed,
        "unchanged": found.unchanged,
        "ahead": found.ahead,
        "forgotten": found.forgotten,
        "figures": {state.value: count for state, count in sorted(found.figures.items())},
        "refusals": found.refusals,
        "unusual": [
            {
                "run": name,
                "run_id": one.run_id,
                "metric": one.metric,
                "column": one.column or None,
                "value": one.value,
                "expected_low": one.low,
                "expected_high": one.high,
                "deviation": one.deviation,
                "reason": one.reason,
            }
            for name, one in windows(found)
        ],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing observe", description=__doc__)
    parser.add_argument(
        "--at",
        type=moment,
        metavar="TIME",
        help="as if it were then: runs of later windows are left alone (default: now)",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only show what would be told; as a reader may, nothing is written",
    )
    parser.add_argument("--json", action="store_true", help="the counts and all that is unusual as JSON on stdout")
    return parser


JOB = (main, "hold new runs against their file's history: volume, columns, score")

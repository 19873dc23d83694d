"""Take away what is no longer kept of the product's own tables, and merge the profiles of old days.

Profiles of runs older than RETAIN_STATES_DAYS become one for each file and day, which `profile_of` reads as before;
what is older than RETAIN_HISTORY_DAYS goes: ended objects of the ledger, closed dead letters, days of profiles,
arrivals, observations, resolved alerts, lines of the audit. Nothing that waits, is held or failed goes, and nothing
of the reporting tables. Each transaction is short; a run that was killed is done by the next one.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import structlog
from rich.table import Table

from jobs.console.json_output import write_json
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from jobs.running.wiring import Program
    from operations.retention.retain import Outcome

log = structlog.get_logger()


def main(argv: list[str], program: Program | None = None) -> int:
    """Delete what is old, or say what would go."""
    arguments = _parser().parse_args(argv)
    from dq.ledger.aging.tables import RETENTION
    from etl_core.postgres.clock import DatabaseClock
    from etl_core.postgres.locks import held
    from etl_core.postgres.migrations import require
    from jobs.running.database import open_database
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import start
    from operations.retention.retain import kept_since, retain, what_would_go
    from operations.retention.settings import RetentionSettings

    program = program or start()
    settings = program.settings[RetentionSettings]
    with StopRequest() as stop, open_database(program.settings) as database:
        require(database, RETENTION)
        now = DatabaseClock(database)()
        kept = kept_since(now, settings.retain_history_days, settings.retain_states_days)
        note(step="dry run" if arguments.dry_run else "retain", subject="history")
        if arguments.dry_run:
            outcome = what_would_go(database, kept)
        else:
            with held(database, "retain"):
                outcome = retain(database, kept, now, stop.is_set, vacuums=arguments.vacuum)
    days = outcome.days
    what = f"{outcome.rows} rows, {days.merged} profiles of runs merged into days"
    note(message=f"from before {kept.history.date()}: {what}")
    if arguments.json:
        write_json(_document(outcome, dry_run=arguments.dry_run), "-", "outcome")
    else:
        _print(outcome, dry_run=arguments.dry_run)
    if days.restated:
        log.warning("profiles of runs whose day is merged already were left out of it", runs=days.restated)
    if days.refused:
        log.warning("profiles of runs cannot be merged into days; they stay until they are history", runs=days.refused)
    if not outcome.is_whole:
        log.warning("stopped before all that is old was gone; the same command goes on")
        return ExitCode.TRY_AGAIN
    return ExitCode.OK


def _print(outcome: Outcome, *, dry_run: bool) -> None:
    title = f"From before {outcome.kept.history.date()}" + ("; nothing was changed" if dry_run else "")
    table = Table(
        "table", "would go" if dry_run else "gone", "size before", "size after", header_style="bold", title=title
    )
    for one in outcome.tables:
        table.add_row(
            *map(cell, (one.table, f"{one.rows:,}", _bytes(one.before), "" if dry_run else _bytes(one.after)))
        )
    stdout().print(table)
    days, since = outcome.days, outcome.kept.states.date()
    if dry_run:
        stdout().print(
            cell(f"{outcome.runs_to_merge:,} profiles of runs from before {since} would be merged into days")
        )
        return
    stdout().print(
        cell(
            f"{days.merged:,} profiles of runs from before {since} merged, {days.days:,} new days; "
            f"{days.restated:,} restated, {days.refused:,} refused; longest transaction {outcome.longest:.2f} s"
        )
    )
    if advice := [one.advice for one in outcome.tables if one.advice]:
        stdout().print(
            cell("Their space is free for new rows once they are vacuumed, by autovacuum, `retain --vacuum` or:")
        )
        stdout().print(cell("\n".join(f"  {one};" for one in advice)))
        stdout().print(
            cell("VACUUM FULL, or pg_repack, gives it back to the disk; the first locks the table meanwhile.")
        )


def _bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _document(outcome: Outcome, *, dry_run: bool) -> dict[str, Any]:
    days = outcome.days
    return {
        "dry_run": dry_run,
        "history_since": outcome.kept.history.isoformat(),
        "states_since": outcome.kept.states.isoformat(),
        "tables": [
            {"table": one.table, "rows": one.rows, "bytes_before": one.before, "bytes_after": one.after}
            | ({"pages_left": one.pages_left} if one.pages_left else {})
            for one in outcome.tables
        ],
        "runs_to_merge": outcome.runs_to_merge,
        "merged": days.merged,
        "restated": days.restated,
        "refused": days.refused,
        "days": days.days,
        "longest_transaction_seconds": round(outcome.longest, 3),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing retain", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="only say what would go, by table; nothing is changed")
    parser.add_argument("--vacuum", action="store_true", help="vacuum the tables afterwards; nobody waits for that")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    return parser


JOB = (main, "take away what is no longer kept, a few rows at a time; merge the profiles of old days")

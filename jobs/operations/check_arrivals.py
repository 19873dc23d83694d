"""Say of every file whether it came when it was due, by the calendar in `monitoring_file.range` or its usual time.

Each expected window has a row in pipeline.arrival: on time, early, late, missing or pending, restated when something
comes afterwards; `is_missing` of monitoring_file is set and cleared. Calendars look like `daily@09:00 mon-fri
Europe/Berlin +1h except DE-BY`; a file without a time is judged by the usual one, learned from when it came. Missing
files are no failure of this job: exit 1 says that a calendar cannot be read.
"""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import structlog
from rich.table import Table

from etl_core.errors import UsageError
from jobs.console.arguments import moment
from jobs.console.json_output import write_json
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dq import WatchedFile
    from jobs.running.wiring import Program
    from operations.arrivals.check_arrivals import ArrivalDoors, Outcome
    from operations.arrivals.watched_file import Checked, Row

log = structlog.get_logger()

#: Lines of a table that people read.
_MOST_LINES = 200
#: Unreadable calendars that are a line of the log each.
_MOST_NAMED = 20
_SHOWN = frozenset({"late", "missing", "early"})


def main(argv: list[str], program: Program | None = None) -> int:
    """Check all files; exit 1 where a calendar cannot be read."""
    arguments = _parser().parse_args(argv)
    from etl_core.metrics.publishing import left_in_file
    from etl_core.metrics.settings import MetricsSettings
    from etl_core.postgres.locks import held
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import start
    from operations.arrivals.check_arrivals import as_of_last_check, check_arrivals
    from operations.arrivals.metrics import ArrivalMetrics

    program = program or start()
    found = list[tuple["WatchedFile", "Checked"]]()

    def show(file: WatchedFile, one: Checked) -> None:
        if arguments.json or arguments.all or _is_worth_a_line(one):
            found.append((file, one))

    metrics = ArrivalMetrics()
    with (
        left_in_file(metrics.registry, program.settings[MetricsSettings].metrics_file),
        StopRequest() as stop,
        _open(program, stop.is_set) as doors,
        held(doors.database, "check_arrivals"),
    ):
        now, last = doors.clock(), as_of_last_check(doors.database)
        at = (arguments.at or now).replace(microsecond=0)
        if at > now:
            raise UsageError(f"--at {at.isoformat()} is in the future; expected a moment that has passed")
        writes = arguments.at is None or last is None or at >= last
        if arguments.at is None and last is not None and at < last:
            log.warning("the clock is behind the last check of arrivals: judged again as of now", last=last.isoformat())
        note(step="check" if writes else "look", subject="arrivals")
        outcome = check_arrivals(doors, at, show, writes=writes)
        if writes:
            metrics.checked(outcome)
    states = {name: count for name, count in sorted(outcome.states.items()) if count}
    sentence = f"as of {at.isoformat()}: {outcome.windows} windows of {outcome.files} files"
    note(rows_in=outcome.windows, message=f"{sentence}: {', '.join(f'{n} {name}' for name, n in states.items())}")
    if arguments.json:
        write_json(_document(outcome, found), "-", "arrivals")
    else:
        _print(outcome, found)
    if not outcome.is_whole:
        log.warning("stopped before all files were checked; the same command goes on")
        return ExitCode.TRY_AGAIN
    unreadable = [(file, one) for file, one in found if one.standing.kind == "unreadable"]
    for file, one in unreadable[:_MOST_NAMED]:
        name = f"{file.agency_slug}/{file.file_name}"
        log.error("the calendar of a file cannot be read", file=name, range=file.range, error=one.standing.reason)
    return ExitCode.FAILED if outcome.kinds["unreadable"] else ExitCode.OK


@contextmanager
def _open(program: Program, is_stopped: Callable[[], bool]) -> Iterator[ArrivalDoors]:
    """What a check needs.

    Raises:
        CatalogueError: lists what the database lacks.
    """
    from dq.batch.settings import BatchSettings
    from dq.events.key_layout import KeyLayouts
    from dq.reporting.catalogue.catalogue import read_catalogue
    from etl_core.postgres.clock import DatabaseClock
    from etl_core.postgres.migrations import require
    from jobs.running.database import open_database
    from operations.arrivals.check_arrivals import ArrivalDoors
    from operations.arrivals.settings import ArrivalSettings
    from operations.arrivals.tables import ARRIVALS

    settings = program.settings[ArrivalSettings]
    with open_database(program.settings) as database:
        require(database, ARRIVALS)
        yield ArrivalDoors(
            database=database,
            catalogue=read_catalogue(database),
            layouts=KeyLayouts(program.settings[BatchSettings].key_layouts),
            clock=DatabaseClock(database),
            days=settings.arrival_days,
            zone=settings.arrival_zone,
            is_stopped=is_stopped,
        )


def _is_worth_a_line(one: Checked) -> bool:
    newest = _newest(one)
    return one.standing.kind == "unreadable" or (newest is not None and newest.state in _SHOWN)


def _newest(one: Checked) -> Row | None:
    """The newest window that says something."""
    return next((row for row in reversed(one.rows) if row.state != "pending"), None)


def _print(outcome: Outcome, found: list[tuple[WatchedFile, Checked]]) -> None:
    title = f"As of {outcome.at.isoformat()}" + ("" if outcome.is_written else "; nothing was written")
    table = Table("file", "due", "came", "state", "calendar", header_style="bold", title=title)
    for file, one in found[:_MOST_LINES]:
        newest, standing = _newest(one), one.standing
        calendar = standing.reason or f"{standing.calendar or ''}{' (learned)' if standing.kind == 'learned' else ''}"
        cells = ("", "", standing.kind) if newest is None else (_told(newest.due), _told(newest.arrived), newest.state)
        table.add_row(*map(cell, (f"{file.agency_slug}/{file.file_name}", *cells, calendar)))
    if found:
        stdout().print(table)
    if len(found) > _MOST_LINES:
        stdout().print(cell(f"{len(found) - _MOST_LINES:,} more; --json has all"))
    stdout().print(cell(f"{title}: {outcome.files:,} files ({_counted(outcome.kinds.items())})"))
    stdout().print(
        cell(
            f"{outcome.windows:,} windows ({_counted(outcome.states.items())}); {outcome.duplicates:,} duplicates, "
            f"{outcome.unexpected:,} on other days, {outcome.restated:,} restated; {outcome.changed:,} rows changed, "
            f"{outcome.flagged:,} flags"
        )
    )


def _counted(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(counts) if count) or "none"


def _document(outcome: Outcome, found: list[tuple[WatchedFile, Checked]]) -> dict[str, Any]:
    return {
        "as_of": outcome.at.isoformat(),
        "written": outcome.is_written,
        "files": outcome.files,
        "kinds": dict(outcome.kinds),
        "windows": outcome.windows,
        "states": dict(outcome.states),
        "duplicates": outcome.duplicates,
        "unexpected": outcome.unexpected,
        "restated": outcome.restated,
        "changed": outcome.changed,
        "arrivals": [_file(file, one) for file, one in found],
    }


def _file(file: WatchedFile, one: Checked) -> dict[str, Any]:
    newest, standing = _newest(one), one.standing
    return {
        "monitoring_file_id": file.id,
        "agency_slug": file.agency_slug,
        "file_name": file.file_name,
        "kind": standing.kind,
        "calendar": standing.calendar,
        "reason": standing.reason,
        "is_missing": one.is_missing,
        "newest": None
        if newest is None
        else {
            "due_at": _told(newest.due),
            "state": newest.state,
            "arrived_at": _told(newest.arrived) or None,
            "duplicates": newest.duplicates,
            "unexpected": newest.unexpected,
            "restated_from": newest.restated_from,
        },
    }


def _told(seconds: int | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing check_arrivals", description=__doc__)
    parser.add_argument(
        "--at",
        type=moment,
        metavar="TIME",
        help="judge as of this moment (default: now); before the last check it only shows, and writes nothing",
    )
    parser.add_argument("--all", action="store_true", help="show files that are on time, or not judged, too")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    return parser


JOB = (main, "say of every file whether it came when it was due: on time, early, late, missing")

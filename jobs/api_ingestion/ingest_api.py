"""Read what an application offers over HTTP: records land as objects, are announced, and get a verdict like any file.

Only what is new since the last time is read, where an endpoint says how. The same command goes on after whatever
stopped it; what landed before does not land again.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.table import Table

from etl_core.errors import UsageError
from etl_core.metrics.settings import MetricsSettings
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jobs.running.wiring import Program
    from pipelines.api_ingestion.doors import ApiDoors
    from pipelines.api_ingestion.ingest import Asked, Outcome
    from pipelines.api_ingestion.source.api_source import ApiSource

_COLUMNS = ("source", "endpoint", "state", "pages", "landed", "known", "objects", "what")


def main(argv: list[str], program: Program | None = None) -> int:
    """Read what the command line names; exit 1 where an endpoint failed, 75 where one has to be tried again.

    `program` has other settings than those of the environment.
    """
    arguments = _parser().parse_args(argv)
    if arguments.all == (arguments.source is not None):
        raise UsageError("expected either the name of a source, or --all")
    if arguments.full and arguments.since is not None:
        raise UsageError("--full reads all, --since from a value on; expected one of them")
    from etl_core.metrics.publishing import left_in_file
    from jobs.api_ingestion.doors import open_account_database, open_api_doors, sources_folder
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import start
    from pipelines.api_ingestion.ingest import Asked, ingest
    from pipelines.api_ingestion.metrics import ApiMetrics
    from pipelines.api_ingestion.source.read_source import read_source, source_names

    program = program or start()
    folder = sources_folder(program.settings)
    names = source_names(folder) if arguments.all else (arguments.source,)
    sources = [read_source(name, folder) for name in names]
    chosen = [(source, _endpoints(source, arguments.endpoint)) for source in sources]
    outcomes: list[Outcome]
    asked, metrics, outcomes = Asked(arguments.full, arguments.since), ApiMetrics(), []
    note(step="dry run" if arguments.dry_run else "ingest", subject=", ".join(names))
    with (
        StopRequest() as stop,
        open_account_database(program.settings) as database,
        left_in_file(metrics.registry, program.settings[MetricsSettings].metrics_file),
    ):
        for source, endpoints in chosen:
            with open_api_doors(source, program.settings, database, stop, metrics) as doors:
                if arguments.dry_run:
                    _tell_first_pages(doors, endpoints, asked)
                else:
                    outcomes += ingest(doors, endpoints, asked)
        for one in outcomes:
            metrics.read(one)
    if arguments.dry_run:
        return ExitCode.OK
    _show(outcomes)
    note(
        inputs=[f"{one.source} {one.endpoint}" for one in outcomes],
        outputs=[key for one in outcomes for key in one.keys],
        rows_in=sum(one.counted.received for one in outcomes),
        message="; ".join(f"{one.endpoint} {one.state}: {one.message or _told(one)}" for one in outcomes),
    )
    return exit_code(outcomes)


def exit_code(outcomes: Iterable[Outcome]) -> ExitCode:
    """What endpoints mean for the shell together: somebody's hand is needed before another try helps."""
    states = {one.state for one in outcomes}
    if "failed" in states:
        return ExitCode.FAILED
    return ExitCode.TRY_AGAIN if "postponed" in states else ExitCode.OK


def _endpoints(source: ApiSource, named: str | None) -> Sequence[str]:
    if named is None:
        return tuple(source.endpoints)
    if named not in source.endpoints:
        known = ", ".join(source.endpoints)
        raise UsageError(f"the source {source.source} has no endpoint {named!r}; expected one of {known}")
    return (named,)


def _tell_first_pages(doors: ApiDoors, endpoints: Iterable[str], asked: Asked) -> None:
    from pipelines.api_ingestion.ingest import first_page

    for name in endpoints:
        since, records = first_page(doors, name, asked)
        stdout().print(cell(f"{doors.source.source} {name}: {since}; the first page has {records} records"))


def _told(outcome: Outcome) -> str:
    counted = outcome.counted
    return f"{counted.received} received = {counted.landed} landed + {counted.known} known + {counted.before} before"


def _show(outcomes: Iterable[Outcome]) -> None:
    table = Table(*_COLUMNS, header_style="bold")
    for one in outcomes:
        counted = one.counted
        left_out = counted.known + counted.before
        row = (one.source, one.endpoint, one.state, counted.pages, counted.landed, left_out, len(one.keys), one.message)
        table.add_row(*map(cell, row))
    stdout().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing ingest_api", description=__doc__)
    parser.add_argument("source", metavar="SOURCE", nargs="?", help="the name of a source, as its file is called")
    parser.add_argument("--all", action="store_true", help="all sources, one after the other")
    parser.add_argument("--endpoint", metavar="E", help="only this endpoint")
    parser.add_argument("--since", metavar="VALUE", help="from this value of the incremental field on, again")
    parser.add_argument("--full", action="store_true", help="all records again, as if none had been read")
    parser.add_argument("--dry-run", action="store_true", help="only ask for the first page, and keep nothing")
    return parser


JOB = (main, "read an application's API: what is new lands as objects, and gets its verdict like any file")

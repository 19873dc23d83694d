"""Write the verdict on a run, or on every file of an agency, as pages that anybody can open."""

from __future__ import annotations

import argparse
import hashlib
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import UsageError
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.engine import Engine

    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.readback import ScoreRow

log = structlog.get_logger()

_INDEX = "index.html"
#: What a name of a page may have; the rest of a file's name becomes a dash.
_ODD = re.compile(r"[^a-z0-9]+")
_MOST = 60


def main(argv: list[str]) -> int:
    """Write the pages; their names are printed."""
    arguments = _parser().parse_args(argv)
    if arguments.since is not None and arguments.agency is None:
        raise UsageError("--since is about the runs of --agency; name one, or leave it out")
    from dq.reporting.catalogue.catalogue import read_catalogue
    from jobs.running.database import open_database
    from jobs.running.wiring import start

    program = start()
    folder = _folder(arguments.out)
    with open_database(program.settings) as database:
        if arguments.run is not None:
            pages = _pages_of_run(database, read_catalogue(database), arguments.run)
            names = _written(pages, folder)
        else:
            names = write_agency(database, arguments.agency, folder, since=arguments.since)
    note(message=f"{len(names)} pages were written", outputs=[str(folder)])
    for name in names:
        stdout().print(cell(name))
    return ExitCode.OK


def write_agency(database: Engine, agency: str, folder: Path, *, since: date | None = None) -> list[str]:
    """Write an agency's overview, which comes first, and a page for each of its files; their paths.

    Raises:
        UsageError: it has no verdict, or a page cannot be written.
    """
    from dq.reporting.catalogue.catalogue import read_catalogue

    return _written(_pages_of_agency(database, read_catalogue(database), agency, since), folder)


def _written(pages: Mapping[str, Callable[[], str]], folder: Path) -> list[str]:
    return [_write(folder / name, make()) for name, make in pages.items()]


def _pages_of_run(database: Engine, catalogue: Catalogue, run_id: str) -> Mapping[str, Callable[[], str]]:
    from dq.report.page import report_page
    from dq.reported_runs import report_of_run

    reported = report_of_run(database, catalogue, run_id)
    if reported is None:
        raise UsageError(f"there is no run {run_id!r} with a verdict; `report --agency SLUG` finds those there are")
    return {f"run-{_plain(run_id)}.html": lambda: report_page(reported)}


def _pages_of_agency(
    database: Engine, catalogue: Catalogue, agency: str, since: date | None
) -> Mapping[str, Callable[[], str]]:
    """Give an overview, and the newest run of every file; one page is held at a time."""
    from dq.report.page import overview_page, report_page
    from dq.reported_runs import lines_of_agency, report_of_run

    lines = lines_of_agency(database, catalogue, agency, since=since, links=_page_name)
    if not lines:
        when = f" since {since.isoformat()}" if since else ""
        raise UsageError(f"no file of agency {agency!r} has a verdict{when}; `inbox list --all` shows objects")

    def page(run_id: str) -> str:
        reported = report_of_run(database, catalogue, run_id, up=lambda _row: (_INDEX, agency))
        if reported is None:
            raise UsageError(f"run {run_id} went away while its page was written; run the command again")
        return report_page(reported)

    facts = (("since", since.isoformat()),) if since else ()
    pages: dict[str, Callable[[], str]] = {
        _INDEX: lambda: overview_page(agency, [line for line, _ in lines], facts),
    }
    for line, run_id in lines:
        if line.link is not None:
            pages[line.link] = lambda run_id=run_id: page(run_id)  # type: ignore[misc]
    return pages


def _page_name(row: ScoreRow) -> str:
    """Name the page of a file: what is plain in its name, and a digest of all of it."""
    digest = hashlib.sha256(f"{row.agency_slug}/{row.file_name}".encode()).hexdigest()[:8]
    return f"{_plain(row.file_name)}-{digest}.html"


def _plain(name: str) -> str:
    return _ODD.sub("-", name.lower())[:_MOST].strip("-") or "file"


def _folder(out: str) -> Path:
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"pages cannot be written to {out!r}: {error.strerror}; name a folder") from None
    return folder


def _write(path: Path, page: str) -> str:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the page {str(path)!r} cannot be written: {error.strerror}") from None
    return str(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing report", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", metavar="ID", help="the run, by its id in monitoring_file_run")
    which.add_argument("--agency", metavar="SLUG", help="every file of this agency: an overview, and its newest run")
    parser.add_argument(
        "--since", type=date.fromisoformat, metavar="YYYY-MM-DD", help="of --agency: only runs from this date on"
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="folder for the pages, made when it is not there")
    return parser


JOB = (main, "write verdicts as pages that people open: a run, or an agency's files")

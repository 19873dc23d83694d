"""Pages for people: files, their runs and reports, objects and their paths, the lake, what needs somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from dq.around_file import around_file, browse_unusual
from dq.ledger.claims.resting import rests
from dq.ledger.inbox_item import FAILURE_STATES
from dq.ledger.inspection import find_row, inbox_status, newest_rows
from dq.ledger.loads.figures import table_figures
from dq.object_path import object_path
from dq.report.charts import score_line
from dq.report.page import content_security_policy, report_page
from dq.reported_runs import report_of_run
from dq.reporting.browsing import FileFilter, arrivals, browse_files, browse_runs, find_file
from etl_core.postgres.database import one_connection
from service.answers import page_answer
from service.api.models import State
from service.api.paging import (
    LONGEST_KEY,
    cut,
    key_of_absent,
    key_of_file,
    key_of_run,
    key_of_unusual,
    read_file_key,
    read_run_key,
    read_unusual_key,
)
from service.api.routes import Identifier, RowNumber, Search
from service.api.views import next_page
from service.pages.charts import calendar
from service.pages.interface import operations
from service.pages.kept_alerts import kept_alerts
from service.pages.kept_arrivals import absent_files
from service.pages.templating import page, site_policy
from service.parts import GivenDoors

if TYPE_CHECKING:
    from dq.reporting.browsing import BrowsedFile, BrowsedRun
    from dq.reporting.readback import VerdictRow
    from dq.reporting.result import RowId
    from etl_core.postgres.database import Connects
    from service.doors import ServiceDoors

router = APIRouter(include_in_schema=False)

_ON_A_PAGE: Final = 50
_HISTORY: Final = 90
#: Days of the calendar, about half a year.
_DAYS: Final = 182
_CHOICES: Final = (("", "any"), ("false", "failed"), ("true", "passed"))
#: States in which somebody has to do something; what is ignored was not meant for us.
_NEEDS: Final = frozenset(FAILURE_STATES) - {"ignored"}
Key = Annotated[str | None, Query(max_length=LONGEST_KEY)]


def _page(request: Request, doors: GivenDoors, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - what a template shows
    shown: dict[str, Any] = {"eyebrow": "Data quality", "here": request.url.path, "version": doors.version, **values}
    return page_answer(request, page(template, **shown), site_policy(), status)


@router.get("/")
def files(request: Request, doors: GivenDoors, search: Search = None, passed: str = "", after: Key = None) -> Response:
    """Files with their newest verdict."""
    decided = {"true": True, "false": False}.get(passed)
    wanted = FileFilter(search, None, decided)
    found = browse_files(doors.reader, doors.catalogue, wanted, after=read_file_key(after), limit=_ON_A_PAGE + 1)
    shown, last = cut(found, _ON_A_PAGE)
    asked = {"search": search, "passed": decided}
    return _page(
        request,
        doors,
        "files.html",
        title="Files",
        files=shown,
        search=search or "",
        choices=_CHOICES,
        chosen="" if decided is None else passed,
        first=next_page("/", **asked) if after else None,
        next=None if last is None else next_page("/", **asked, after=key_of_file(last)),
    )


@router.get("/files/{file_id}")
def file(request: Request, doors: GivenDoors, file_id: Identifier, before: Key = None) -> Response:
    """One file: its scores, the days it came, its runs."""
    with one_connection(doors.reader) as reader:
        found = find_file(reader, doors.catalogue, file_id)
        if found is None:
            return missing(request, doors, f"There is no file {file_id!r}.")
        around = around_file(reader, found)
        values = {} if found.newest is None else _runs_of(reader, doors, found, found.newest, before)
    return _page(request, doors, "file.html", title=found.file_name, file=found, around=around, **values)


def _runs_of(
    reader: Connects, doors: ServiceDoors, found: BrowsedFile, newest: BrowsedRun, before: str | None
) -> dict[str, Any]:
    """What the page of a file shows of its runs: those before a key, and the scores and days of the newest."""
    key = read_run_key(before)
    history = browse_runs(reader, doors.catalogue, found.file_id, limit=_HISTORY)[::-1]
    runs = browse_runs(reader, doors.catalogue, found.file_id, before=key, limit=_ON_A_PAGE + 1)
    shown, last = cut(runs, _ON_A_PAGE)
    last_day = max(newest.run_date, doors.clock().date())  # silence is seen
    first_day = last_day - timedelta(days=_DAYS - 1)
    days = arrivals(reader, doors.catalogue, found.file_id, first_day)
    address = f"/files/{found.file_id}"
    return {
        "history": history,
        "line": score_line([(round(one.score), one.passed) for one in history]),
        "calendar": calendar(days, first_day, last_day),
        "days": sorted(days.items(), reverse=True),
        "first_day": first_day,
        "last_day": last_day,
        "runs": shown,
        "first": address if before else None,
        "next": None if last is None else next_page(address, before=key_of_run(last)),
    }


@router.get("/files/{file_id}/unusual")
def unusual(request: Request, doors: GivenDoors, file_id: Identifier, before: Key = None) -> Response:
    """What was unusual of a file's runs, beside the runs before them."""
    with one_connection(doors.reader) as reader:
        found = find_file(reader, doors.catalogue, file_id)
        if found is None:
            return missing(request, doors, f"There is no file {file_id!r}.")
        rows = browse_unusual(reader, found, before=read_unusual_key(before), limit=_ON_A_PAGE + 1)
    shown, last = cut(rows or (), _ON_A_PAGE)
    address = f"/files/{found.file_id}/unusual"
    return _page(
        request,
        doors,
        "unusual.html",
        title=f"Unusual in {found.file_name}",
        file=found,
        unusual=None if rows is None else shown,
        first=address if before else None,
        next=None if last is None else next_page(address, before=key_of_unusual(last)),
    )


@router.get("/arrivals")
def not_there(request: Request, doors: GivenDoors, after: Key = None) -> Response:
    """Files that are late or missing."""
    found = absent_files(doors.reader, after=read_file_key(after), limit=_ON_A_PAGE + 1)
    shown, last = cut(() if found is None else found.files, _ON_A_PAGE)
    return _page(
        request,
        doors,
        "arrivals.html",
        title="Arrivals",
        found=found,
        files=shown,
        first="/arrivals" if after else None,
        next=None if last is None else next_page("/arrivals", after=key_of_absent(last)),
    )


@router.get("/runs/{run_id}")
def run(request: Request, doors: GivenDoors, run_id: Identifier) -> Response:
    """The report of a run, with links to the other runs of its file."""
    with one_connection(doors.reader) as reader:
        reported = report_of_run(reader, doors.catalogue, run_id, link=_run_page, up=_above)
    if reported is None:
        return missing(request, doors, f"There is no run {run_id!r} with a verdict.")
    return page_answer(request, report_page(reported), content_security_policy())


@router.get("/objects")
def objects(
    request: Request,
    doors: GivenDoors,
    state: State | None = None,
    search: Search = None,
    before: Annotated[int | None, Query(ge=0, le=(1 << 63) - 1)] = None,
) -> Response:
    """Announced objects, newest first."""
    states = () if state is None else (state,)
    with one_connection(doors.reader) as reader:
        found = newest_rows(reader, states=states, search=search, before_id=before, limit=_ON_A_PAGE + 1)
        counted = inbox_status(reader, doors.clock()).states
    shown, last = cut(found, _ON_A_PAGE)
    asked = {"state": state, "search": search}
    return _page(
        request,
        doors,
        "objects.html",
        title="Objects",
        objects=shown,
        state=state,
        search=search or "",
        states=[(name, count) for name, count in counted.items() if count or name == state],
        first=next_page("/objects", **asked) if before is not None else None,
        next=None if last is None else next_page("/objects", **asked, before=last.id),
    )


@router.get("/objects/{row_id}")
def one_object(request: Request, doors: GivenDoors, row_id: RowNumber) -> Response:
    """What became of one object."""
    with one_connection(doors.reader) as reader:
        row = find_row(reader, row_id)
        if row is None:
            return missing(request, doors, f"There is no object {row_id}.")
        path = object_path(reader, doors.catalogue, row)
    title = f"{row.event.bucket}/{row.event.key}"
    return _page(request, doors, "object.html", eyebrow="Object", title=title, row=row, path=path)


@router.get("/lake")
def lake(request: Request, doors: GivenDoors) -> Response:
    """The lake's tables, by the ledger."""
    return _page(request, doors, "lake.html", title="Lake", tables=table_figures(doors.reader))


@router.get("/alerts")
def alerts(
    request: Request, doors: GivenDoors, before: Annotated[int | None, Query(ge=0, le=(1 << 63) - 1)] = None
) -> Response:
    """Alerts where there are any, and what needs somebody by the ledger."""
    now = doors.clock()
    with one_connection(doors.reader) as reader:
        status = inbox_status(reader, now)
        found = kept_alerts(reader, before=before, limit=_ON_A_PAGE + 1)
        resting = rests(reader)
    opened, last = cut(() if found is None else found.opened, _ON_A_PAGE)
    return _page(
        request,
        doors,
        "alerts.html",
        title="Alerts",
        alerts=found,
        opened=opened,
        first="/alerts" if before is not None else None,
        next=None if last is None else next_page("/alerts", before=last.id),
        failures=[(name, count) for name, count in status.states.items() if count and name in _NEEDS],
        letters=status.dead_letters,
        rests=[one for one in resting if one.until > now],
    )


@router.get("/docs")
def interface(request: Request, doors: GivenDoors) -> Response:
    """The OpenAPI document for people."""
    document = request.app.openapi()
    shown = operations(document)
    return _page(request, doors, "interface.html", title="Interface", document=document, operations=shown)


def missing(request: Request, doors: GivenDoors, message: str) -> Response:
    """Give the page that says what is not there."""
    return _page(request, doors, "message.html", 404, title="Not found", message=message)


def unavailable(request: Request, doors: GivenDoors) -> Response:
    """Give the page that says that the database is away."""
    message = "The database does not answer at present, so nothing can be shown. Nothing is lost; load this page again."
    return _page(request, doors, "message.html", 503, title="Not available", message=message)


def refused(request: Request, doors: GivenDoors, status: int, message: str) -> Response:
    """Give the page that says what is wrong with an address."""
    return _page(request, doors, "message.html", status, title="Not possible", message=message)


def _run_page(run_id: RowId) -> str:
    return f"/runs/{run_id}"


def _above(row: VerdictRow) -> tuple[str, str]:
    return f"/files/{row.file_id}", f"{row.agency_slug}/{row.file_name}"

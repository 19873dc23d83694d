"""What is kept, as JSON: files, runs, profiles and objects, a page at a time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from dq.ledger.inspection import newest_rows
from dq.reporting.browsing import FileFilter, browse_files, browse_runs, find_file
from dq.reporting.readback import read_profile, read_verdict
from etl_core.postgres.database import one_connection
from service.answers import json_answer
from service.api.models import Files, Objects, ObjectWithPath, ProblemDetails, Run, Runs, State
from service.api.paging import LONGEST_KEY, MOST, cut, key_of_file, key_of_run, read_file_key, read_run_key
from service.api.views import file_line, next_page, object_line, object_with_path, run, run_line
from service.parts import GivenDoors
from service.problems import RequestProblemError

router = APIRouter(
    prefix="/api",
    tags=["what is kept"],
    responses={422: {"model": ProblemDetails}, 503: {"model": ProblemDetails}, 304: {"description": "as before"}},
)

Identifier = Annotated[str, Path(max_length=64)]
#: The largest number the ledger can give.
_MOST_ROWS = (1 << 63) - 1
RowNumber = Annotated[int, Path(ge=0, le=_MOST_ROWS)]
Search = Annotated[str | None, Query(max_length=256)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Key = Annotated[str | None, Query(max_length=LONGEST_KEY)]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": ProblemDetails}}


@router.get("/files", response_model=Files)
def files(
    request: Request,
    doors: GivenDoors,
    search: Search = None,
    agency: Search = None,
    passed: bool | None = None,  # noqa: FBT001 - a parameter of the address
    after: Key = None,
    limit: Limit = 100,
) -> Response:
    """Monitored files with their newest run, by agency and name; `search` is a part of `agency/file`."""
    wanted = FileFilter(search, agency, passed)
    found = browse_files(doors.reader, doors.catalogue, wanted, after=read_file_key(after), limit=limit + 1)
    page, last = cut(found, limit)
    further = None
    if last is not None:
        key = key_of_file(last)
        further = next_page("/api/files", search=search, agency=agency, passed=passed, after=key, limit=limit)
    return json_answer(request, {"files": [file_line(one) for one in page], "next": further})


@router.get("/files/{file_id}/runs", response_model=Runs, responses=_UNKNOWN)
def runs(request: Request, doors: GivenDoors, file_id: Identifier, before: Key = None, limit: Limit = 100) -> Response:
    """The runs of a file that have a verdict, newest window first."""
    with one_connection(doors.reader) as reader:
        file = find_file(reader, doors.catalogue, file_id)
        if file is None:
            raise _unknown("file", file_id)
        found = browse_runs(reader, doors.catalogue, file.file_id, before=read_run_key(before), limit=limit + 1)
    page, last = cut(found, limit)
    further = None
    if last is not None:
        further = next_page(f"/api/files/{file.file_id}/runs", before=key_of_run(last), limit=limit)
    value = {"file": file_line(file), "runs": [run_line(one) for one in page], "next": further}
    return json_answer(request, value)


@router.get("/runs/{run_id}", response_model=Run, responses=_UNKNOWN)
def one_run(request: Request, doors: GivenDoors, run_id: Identifier) -> Response:
    """A verdict as it is stored."""
    with one_connection(doors.reader) as reader:
        found = run(reader, doors.catalogue, run_id)
    if found is None:
        raise _unknown("run with a verdict", run_id)
    return json_answer(request, found)


@router.get("/runs/{run_id}/profile", responses=_UNKNOWN)
def profile(request: Request, doors: GivenDoors, run_id: Identifier) -> Response:
    """The profile of a run as it is stored; `conf/schemas/profile_payload.json` says what it holds."""
    with one_connection(doors.reader) as reader:
        found = read_verdict(reader, doors.catalogue, run_id)
        payload = None if found is None else read_profile(reader, doors.catalogue, found.run_id)
    if payload is None:
        raise _unknown("run with a kept profile", run_id)
    return json_answer(request, payload)


@router.get("/objects", response_model=Objects)
def objects(
    request: Request,
    doors: GivenDoors,
    state: Annotated[list[State] | None, Query(max_length=9)] = None,
    search: Search = None,
    before: Annotated[int | None, Query(ge=0, le=_MOST_ROWS)] = None,
    limit: Limit = 100,
) -> Response:
    """Announced objects and what became of them, newest first; `search` is a part of `bucket/key`."""
    states = tuple(state or ())
    found = newest_rows(doors.reader, states=states, search=search, before_id=before, limit=limit + 1)
    page, last = cut(found, limit)
    further = None
    if last is not None:
        further = next_page("/api/objects", state=[*states], search=search, before=last.id, limit=limit)
    return json_answer(request, {"objects": [object_line(one) for one in page], "next": further})


@router.get("/objects/{row_id}", response_model=ObjectWithPath, responses=_UNKNOWN)
def one_object(request: Request, doors: GivenDoors, row_id: RowNumber) -> Response:
    """One object with its path from the announcement to the lake, and its verdict."""
    with one_connection(doors.reader) as reader:
        found = object_with_path(reader, doors.catalogue, row_id)
    if found is None:
        raise _unknown("object", str(row_id))
    return json_answer(request, found)


def _unknown(what: str, identifier: str) -> RequestProblemError:
    return RequestProblemError(404, f"there is no {what} {identifier[:64]!r}")

"""What is kept, in the form of `models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dq.ledger.inspection import find_row
from dq.object_path import object_path
from dq.reporting.readback import read_failed_rules, read_verdict

if TYPE_CHECKING:
    from dq.ledger.inspection import InboxRow
    from dq.reporting.browsing import BrowsedFile, BrowsedRun
    from dq.reporting.catalogue.catalogue import Catalogue
    from etl_core.postgres.database import Connects


def run_line(one: BrowsedRun) -> dict[str, Any]:
    """Give a run as `RunLine`."""
    return {
        "id": str(one.run_id),
        "run_date": one.run_date,
        "run_hour": one.run_hour,
        "score": one.score,
        "passed": one.passed,
        "message": one.message,
        "url": f"/api/runs/{one.run_id}",
    }


def file_line(one: BrowsedFile) -> dict[str, Any]:
    """Give a file as `FileLine`."""
    return {
        "id": str(one.file_id),
        "agency_slug": one.agency_slug,
        "file_name": one.file_name,
        "newest_run": None if one.newest is None else run_line(one.newest),
        "runs_url": f"/api/files/{one.file_id}/runs",
    }


def run(engine: Connects, catalogue: Catalogue, run_id: str) -> dict[str, Any] | None:
    """Give a verdict as `Run`; None where there is none."""
    found = read_verdict(engine, catalogue, run_id)
    if found is None:
        return None
    return {
        "id": str(found.run_id),
        "agency_slug": found.agency_slug,
        "file_name": found.file_name,
        "run_date": found.run_date,
        "run_hour": found.run_hour,
        "score": found.score,
        "passed": found.passed,
        "message": found.message,
        "metrics": found.metrics,
        "deductions": found.deductions,
        "failed_rules": read_failed_rules(engine, catalogue, found.run_id),
        "file_size": found.file_size,
        "profile_url": f"/api/runs/{found.run_id}/profile",
    }


def object_line(row: InboxRow) -> dict[str, Any]:
    """Give a row of the inbox as `ObjectLine`."""
    event = row.event
    return {
        "id": row.id,
        "bucket": event.bucket,
        "key": event.key,
        "version_id": event.version_id,
        "size": event.size,
        "source": event.source,
        "state": row.state,
        "reason": row.reason,
        "attempts": row.attempts,
        "received_at": row.received_at,
        "finished_at": row.finished_at,
        "run_id": row.monitoring_file_run_id,
        "url": object_url(row.id),
    }


def object_url(row_id: int) -> str:
    """Give the address where an object's state is."""
    return f"/api/objects/{row_id}"


def object_with_path(engine: Connects, catalogue: Catalogue, row_id: int) -> dict[str, Any] | None:
    """Give a row as `ObjectWithPath`; None where there is none."""
    row = find_row(engine, row_id)
    if row is None:
        return None
    steps = object_path(engine, catalogue, row)
    return {
        "object": object_line(row),
        "path": [{"at": one.at, "step": one.step, "state": one.state, "what": one.what} for one in steps],
        "verdict": verdict_of(engine, catalogue, row),
    }


def verdict_of(engine: Connects, catalogue: Catalogue, row: InboxRow) -> dict[str, Any] | None:
    """Give the verdict a row ended with as `Run`; None where it has none."""
    if row.state != "done" or row.monitoring_file_run_id is None:
        return None
    return run(engine, catalogue, row.monitoring_file_run_id)


def next_page(path: str, **parameters: str | float | bool | list[str] | None) -> str:
    """Give the address of another page of the same question."""
    given: list[str] = []
    for name, value in parameters.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one != "":
                text = str(one).lower() if isinstance(one, bool) else str(one)
                given.append(f"{name}={quote(text.encode('utf-8', 'replace'), safe='')}")
    return f"{path}?{'&'.join(given)}"

"""What goes into the store and what comes back, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import UUID

if TYPE_CHECKING:
    from datetime import date, datetime

    from dq.events.object_version import ObjectVersion
    from dq.verdict.verdict import Verdict

#: Identifiers are the owner's: integers or UUIDs.
RowId: TypeAlias = int | UUID


@dataclass(frozen=True, slots=True)
class MonitoredFile:
    """One row of monitoring_file with its schema definition.

    `definition` is the JSON as stored, None when the file has none; `range` is hourly, daily, weekly, monthly or
    None; `is_active` is true where the column does not exist. `definition_digest` tells one text of a definition from
    another, "" where there is none.
    """

    id: RowId
    agency_slug: str
    file_name: str
    definition: Any | None = None
    definition_id: RowId | None = None
    range: str | None = None
    agency_id: RowId | None = None
    is_active: bool = True
    definition_digest: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """The verdict on one object, and the run it belongs to.

    `run_hour` is 0 to 23 (UTC), `file_size` in bytes, `now` the aware moment of writing.
    """

    file: MonitoredFile
    run_date: date
    run_hour: int
    file_size: int | None
    version: ObjectVersion
    verdict: Verdict
    now: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a result. `run_id` is None when it was superseded before a run existed."""

    run_id: RowId | None
    state: Literal["done", "superseded"]

"""Files that are not there as of the last check of arrivals, where the database keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from etl_core.postgres.rights import may_read
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from etl_core.postgres.database import Connects


_TABLES: Final = ("pipeline.arrival", "pipeline.arrival_calendar", "pipeline.arrival_check")
#: Of each file the newest window that was judged, where that one is late or missing; and calendars nobody can read.
_ABSENT: Final = text("""
    SELECT c.agency_slug, c.file_name, c.monitoring_file_id,
        CASE WHEN c.kind = 'unreadable' THEN c.kind ELSE newest.state END, newest.due_at, newest.arrived_at,
        coalesce(c.reason, c.calendar), c.kind = 'learned'
    FROM pipeline.arrival_calendar c
    LEFT JOIN LATERAL (
        SELECT a.state, a.due_at, a.arrived_at FROM pipeline.arrival a
        WHERE a.monitoring_file_id = c.monitoring_file_id AND a.state <> 'pending' ORDER BY a.due_at DESC LIMIT 1
    ) AS newest ON true
    WHERE (c.kind = 'unreadable' OR (c.kind <> 'inactive' AND newest.state IN ('late', 'missing')))
        AND (c.agency_slug, c.file_name, c.monitoring_file_id) > (:agency, :name, :file)
    ORDER BY c.agency_slug, c.file_name, c.monitoring_file_id LIMIT :most
""")
_AS_OF: Final = text("SELECT as_of FROM pipeline.arrival_check")


@dataclass(frozen=True, slots=True)
class Absent:
    """A file that is late or missing, or of which nobody can tell; moments are aware."""

    agency_slug: str
    file_name: str
    file_id: str
    state: str
    due_at: datetime | None
    arrived_at: datetime | None
    calendar: str | None
    is_learned: bool


@dataclass(frozen=True, slots=True)
class AbsentFiles:
    """A page of them, as of the last check; None before the first one."""

    as_of: datetime | None
    files: Sequence[Absent]


def absent_files(engine: Connects, *, after: tuple[str, str, str] | None = None, limit: int) -> AbsentFiles | None:
    """Files that are not there, by agency and name; None where the database keeps no arrivals.

    Args:
        engine: of who reads.
        after: agency, name and id of the last one of the page before.
        limit: at most so many.
    """
    behind = map(storable, after or ("", "", ""))
    asked = {**dict(zip(("agency", "name", "file"), behind, strict=True)), "most": limit}
    with engine.connect() as connection:
        if not may_read(connection, *_TABLES):
            return None
        as_of = connection.scalar(_AS_OF)
        return AbsentFiles(as_of, tuple(Absent(*row) for row in connection.execute(_ABSENT, asked)))

"""Between rows of the ledger and the data they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dq.events.object_event import ObjectEvent

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import RowMapping


def event_of(row: RowMapping) -> ObjectEvent:
    """The event a row was made from."""
    return ObjectEvent(
        bucket=row["bucket"],
        key=row["key"],
        version_id=row["version_id"],
        etag=row["etag"],
        size=row["size"],
        sequencer=row["sequencer"],
        event_time=row["event_time"],
        source=row["source"],
    )


def starting_over(now: datetime) -> dict[str, Any]:
    """The values of a row that is due again as if it had never been tried."""
    return {
        "state": "pending",
        "reason": None,
        "attempts": 0,
        "lost_leases": 0,
        "finished_at": None,
        "lease_owner": None,
        "lease_until": None,
        "due_at": now,
        "updated_at": now,
    }

"""Which rows of the account of jobs and of operations are old."""

from __future__ import annotations

from etl_core.postgres.aging import Aging

#: Tables that are not there are passed over: not everybody has all of operations.
OLD_ROWS: tuple[Aging, ...] = (
    Aging("pipeline.arrival", "WHERE aged.due_at < :before AND aged.state <> 'pending'", ("due_at", "state")),
    Aging("pipeline.observation", "WHERE aged.observed_at < :before", ("observed_at",)),
    # One that is open is as old as its trouble, and one whose end is still to be told waits for that.
    Aging(
        "pipeline.alert",
        "WHERE aged.resolved_at < :before AND (aged.resolution_told OR aged.notified_at IS NULL)",
        ("resolved_at", "resolution_told", "notified_at"),
    ),
    Aging("pipeline.alert_delivery", "WHERE aged.ended_at < :before", ("ended_at",)),
    # Its trigger refuses every other deletion.
    Aging("pipeline.audit", "WHERE aged.at < :before", ("at",), trigger="audit_is_append_only"),
)

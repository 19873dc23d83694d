"""What people, programs and the ledger are told at the end of a run over documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from jobs.console.terminal import cell, stdout
from pipelines.agencies.copying.copy_result import STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from etl_core.objects.store import ObjectHead, ObjectStore
    from jobs.agencies.running import Ran
    from pipelines.agencies.run_agency import AgencyOutcome


def show(ran: Ran, *, dry_run: bool) -> None:
    """Print a line for each agency."""
    kinds = [status for status in STATUSES if status in ran.statuses]
    title = "What would become of the documents; nothing was written" if dry_run else None
    table = Table("agency", "attachments", *kinds, "employment history", "rows", header_style="bold", title=title)
    for one in ran.outcomes:
        counts = [one.statuses.get(kind, 0) for kind in kinds]
        export = ("", "") if one.export is None else (_export(one), one.export.rows)
        table.add_row(*map(cell, (f"{one.agency.id} {one.agency.slug}", one.attachments, *counts, *export)))
    stdout().print(table)
    for agency, error in ran.errors:
        stdout().print(cell(f"agency {agency.id}: {error}"))


def summary(ran: Ran, *, dry_run: bool) -> dict[str, Any]:
    """Give the same for programs; statuses add up to the attachments, of each agency and of all."""
    return {
        "dry_run": dry_run,
        "attachments": sum(one.attachments for one in ran.outcomes),
        "statuses": ran.statuses,
        "copied_bytes": sum(one.copied_bytes for one in ran.outcomes),
        "agencies": [_agency(one) for one in ran.outcomes],
        "errors": [{"agency_id": str(agency.id), "error": str(error)} for agency, error in ran.errors],
    }


def announce(database: Engine, store: ObjectStore, exports: Sequence[ObjectHead], now: datetime) -> None:
    """Announce exports to the ledger as a bucket does; a version that was announced so before stays as it is.

    Raises:
        DatabaseUnavailableError, StorageUnavailableError: nothing was announced; the same command does it.
    """
    from dq.events.object_event import ObjectEvent
    from dq.ledger.inbox import Inbox
    from etl_core.objects.heads import head_of

    # The moment it was written tells announcements of one key apart where a bucket keeps no versions.
    found = [head_of(store, str(one.bucket), one.key) for one in exports]
    events = [
        ObjectEvent(str(one.bucket), one.key, one.version_id, one.etag, one.size, event_time=one.last_modified)
        for one in found
        if one is not None
    ]
    Inbox(database).add(events, now=now, source="get_s3_files")


def _export(one: AgencyOutcome) -> str:
    export = one.export
    if export is None:
        return ""
    said = export.status.replace("_", " ")
    return f"{said}, without {', '.join(export.left_out)}" if export.left_out else said


def _agency(one: AgencyOutcome) -> dict[str, Any]:
    export = one.export
    return {
        "agency_id": str(one.agency.id),
        "agency_slug": one.agency.slug,
        "attachments": one.attachments,
        "statuses": dict(one.statuses),
        "manifest": one.manifest,
        "employment_history": None
        if export is None
        else {
            "status": export.status,
            "destination": export.destination,
            "rows": export.rows,
            "left_out": list(export.left_out),
        },
    }

"""Where every workbook stands, as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_core.log.redaction import one_line
from pipelines.citizens.publish import missing_snapshots, to_publish
from pipelines.citizens.warehouse.landings import Landing, landings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.citizens.doors import CitizensDoors


def status_lines(doors: CitizensDoors) -> Iterator[str]:
    """A line for each landed workbook in the order of months, then what lacks between them and what is to publish."""
    with doors.warehouse.connect() as connection:
        known, missing = landings(connection, doors.root), missing_snapshots(connection)
    yield f"{'month':8} {'workbook':32} {'state':12} {'version':>7} {'clean':>9} {'rejected':>9}  what"
    for one in known:
        version = "" if one.version_id is None else str(one.version_id)
        clean = "" if one.rows_clean is None else f"{one.rows_clean:,}"
        rejected = "" if one.rows_rejected is None else f"{one.rows_rejected:,}"
        line = (
            f"{one.snapshot:%Y-%m}  {one.file_name:32} {state_of(one):12} {version:>7} {clean:>9} {rejected:>9}  "
            f"{one.message or ''}"
        )
        yield one_line(line.rstrip())
    for kind, lacking in missing.items():
        yield f"missing: {kind} of {lacking}"
    months = to_publish(doors)
    yield f"to be published: {', '.join(f'{month:%Y-%m}' for month in months) or 'nothing'}"


def state_of(landing: Landing) -> str:
    """One word for how far a workbook has come."""
    if landing.version_id is not None:
        return "loaded" if landing.is_live else "rolled back"
    if landing.status is None:
        return "landed"
    return "validated" if landing.status == "passed" else landing.status

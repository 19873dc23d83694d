"""What a run of a day would do, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.etl.flow.window import Window, require_begun
from pipelines.etl.source.snapshot import open_snapshot

if TYPE_CHECKING:
    from datetime import date

    from pipelines.etl.doors import EtlDoors


def preview(day: date, doors: EtlDoors) -> tuple[str, ...]:
    """Ask the source for the day, and say what would come of it; nothing is written anywhere.

    Raises:
        UsageError: the day has not begun.
        SourceChangedError: the source does not take the query.
        DatabaseUnavailableError: it is away.
    """
    require_begun(day, doors.clock())
    flow, ledger = doors.flow, doors.ledger
    with open_snapshot(doors.address(flow.source.url), flow.source.url, Window(day)) as seen:
        rows = seen.rows(flow)
    said = [f"extract: {rows:,} rows of {day} would be read"]
    for step in ("extract", "transform", "load"):
        row = ledger.latest_good(day, step)
        if row is not None:
            said.append(f"{step}: went well before, at {row.finished_at:%Y-%m-%d %H:%M:%S} UTC: {row.message}")
    said.append(f"load: {flow.target.mode} into {flow.target.name}")
    return tuple(said)

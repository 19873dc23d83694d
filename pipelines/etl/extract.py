"""The first step: the rows of a day's changes, as they are in the source at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.etl.database_identity import database_identity
from pipelines.etl.flow.flow import digest_of
from pipelines.etl.ledger.steps import Counts, StepEnd, skipped
from pipelines.etl.source.copying import copy_rows, state
from pipelines.etl.source.snapshot import open_snapshot, state_of

if TYPE_CHECKING:
    from pipelines.etl.doors import EtlDoors
    from pipelines.etl.flow.window import Window
    from pipelines.etl.ledger.steps import StepRow


def extract(window: Window, doors: EtlDoors, before: StepRow | None, *, full: bool) -> StepRow:
    """Read the rows of a day unless those that were read before are still what the source says.

    Args:
        window: the day.
        doors: the outside world.
        before: the last extract of this day whose rows can be used.
        full: read them again whatever there is.

    Raises:
        SourceChangedError: the source does not take the flow's query.
        SettingsError: rows cannot lie where ETL_ROOT says.
        RetryableError: the source is away, or where rows lie is.
    """
    flow, ledger = doors.flow, doors.ledger
    dsn = doors.address(flow.source.url)
    told = digest_of(flow.digest("extract"), database_identity(dsn, flow.source.url), window.day)
    attempt = ledger.begin(window.day, "extract", told, doors.clock())
    with ledger.failing(attempt, doors.clock), open_snapshot(dsn, flow.source.url, window) as seen:
        is_there = before is not None and doors.folder(window.day).parts(before.place or "")
        if before is not None and is_there and not full and before.input == _input(told, state(seen, flow)):
            message = f"the source says the same as at {before.as_of:%Y-%m-%d %H:%M:%S} UTC"
            return ledger.end(attempt, skipped(before, message, seen.as_of), doors.clock(), of=before.input)
        doors.require_folder()
        place = doors.folder(window.day).place("extract", attempt)
        done = copy_rows(seen, flow, doors.folder(window.day), place)
        if done.rows != done.sent:
            raise AssertionError(f"rows were lost: the source sent {done.sent}, {done.rows} were written")
        end = StepEnd("done", f"{done.rows:,} rows were read", seen.as_of, place, Counts(done.sent, done.rows))
        row = ledger.end(attempt, end, doors.clock(), of=_input(told, state_of(done.rows, done.hashes)))
    doors.folder(window.day).remove_others("extract", place)
    return row


def _input(told: str, state: str) -> str:
    return digest_of(told, state)

"""The first step: the rows of a day's changes, as they are in the source at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.etl.flow.flow import digest_of
from pipelines.etl.ledger.steps import Counts, StepEnd, skipped
from pipelines.etl.source.address import jdbc_address
from pipelines.etl.source.snapshot import open_snapshot, state_of
from pipelines.etl.step_folder import for_spark

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
        RetryableError: it is away, or where rows lie is.
    """
    flow, ledger = doors.flow, doors.ledger
    dsn = doors.address(flow.source.url)
    address = jdbc_address(dsn, flow.source.url)
    told = digest_of(flow.digest("extract"), address.url, window.day)
    attempt = ledger.begin(window.day, "extract", told, doors.clock())
    with ledger.failing(attempt, doors.clock), open_snapshot(dsn, flow.source.url, window) as seen:
        is_there = before is not None and doors.folder(window.day).parts(before.place or "")
        if before is not None and is_there and not full and before.input == _input(told, seen.state(flow)):
            message = f"the source says the same as at {before.as_of:%Y-%m-%d %H:%M:%S} UTC"
            return ledger.end(attempt, skipped(before, message, seen.as_of), doors.clock(), of=before.input)
        extent = seen.extent(flow)
        place = doors.folder(window.day).place("extract", attempt)
        from pipelines.etl.spark.reading import extract_rows  # noqa: PLC0415 - loads Spark

        done = extract_rows(doors.spark(), flow, address, seen, extent, for_spark(place))
        if done.rows != extent.rows:
            raise AssertionError(f"rows were lost: the source has {extent.rows}, {done.rows} were read")
        end = StepEnd("done", f"{done.rows:,} rows were read", seen.as_of, place, Counts(extent.rows, done.rows))
        row = ledger.end(attempt, end, doors.clock(), of=_input(told, state_of(done.rows, done.hashes)))
    doors.folder(window.day).remove_others("extract", place)
    return row


def _input(told: str, state: str) -> str:
    return digest_of(told, state)

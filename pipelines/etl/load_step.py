"""The third step: rows go to their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.etl.database_identity import database_identity
from pipelines.etl.errors import StaleExtractError
from pipelines.etl.flow.flow import digest_of
from pipelines.etl.ledger.steps import StepEnd, skipped
from pipelines.etl.load.copying import ROWS_AT_ONCE
from pipelines.etl.load.load_rows import RowsToLoad, load_rows, open_warehouse

if TYPE_CHECKING:
    from pipelines.etl.doors import EtlDoors
    from pipelines.etl.flow.window import Window
    from pipelines.etl.ledger.steps import StepRow


def load(window: Window, doors: EtlDoors, shaped: StepRow, before: StepRow | None, *, full: bool) -> StepRow:
    """Load the rows of a day unless that was done.

    Args:
        window: the day.
        doors: the outside world.
        shaped: the rows.
        before: the last time that this went well for the day.
        full: do it again whatever there is.

    Raises:
        TargetError: the table is not there, or of another form.
        StaleExtractError: the table has rows of a later moment.
        LoadRefusedError: the rows contradict the mode of the load.
        RetryableError: the table stays locked, or something is away.
    """
    flow, ledger, day = doors.flow, doors.ledger, window.day
    dsn = doors.address(flow.target.url)
    of = _rows_of(shaped, doors)
    told = digest_of(of, database_identity(dsn, flow.target.url))
    attempt = ledger.begin(day, "load", told, doors.clock())
    with ledger.failing(attempt, doors.clock):
        if before is not None and not full and before.input == told:
            end = skipped(before, "these rows were loaded already", shaped.as_of)
            return ledger.end(attempt, end, doors.clock())
        _require_newest(window, doors, shaped)
        schema, batches = doors.folder(day).rows(shaped.place or "", ROWS_AT_ONCE)
        rows = RowsToLoad(schema, batches, shaped.counts.rows_out if shaped.counts is not None else 0, of)
        with open_warehouse(dsn, flow.target.url, doors.lock_seconds) as warehouse:
            counts = load_rows(warehouse, flow.name, flow.target, window, rows)
        said = (
            f"{counts.rows_inserted:,} inserted, {counts.rows_updated:,} updated, {counts.rows_unchanged:,} unchanged"
        )
        said += f", {counts.rows_deleted:,} deleted" if counts.rows_deleted is not None else ""
        end = StepEnd("done", said, shaped.as_of, flow.target.name, counts)
        return ledger.end(attempt, end, doors.clock())


def is_loaded(window: Window, doors: EtlDoors) -> bool:
    """Tell whether the rows of a day, read when it was over, are in the table that the flow names now."""
    loaded, shaped = (doors.ledger.latest_good(window.day, step) for step in ("load", "transform"))
    if loaded is None or shaped is None or (loaded.as_of is not None and loaded.as_of < window.until):
        return False
    setting = doors.flow.target.url
    return loaded.input == digest_of(_rows_of(shaped, doors), database_identity(doors.address(setting), setting))


def _rows_of(shaped: StepRow, doors: EtlDoors) -> str:
    """Give a digest of all that the rows to load come from."""
    return digest_of(shaped.input, doors.flow.digest("load"))


def _require_newest(window: Window, doors: EtlDoors, shaped: StepRow) -> None:
    """Refuse rows of an earlier moment than what another day has brought: totals of a user would go back."""
    if doors.flow.target.mode != "upsert":  # rows of a day are nobody else's
        return
    newest = doors.ledger.newest_loaded(window.day)
    if newest is None or newest.as_of is None or shaped.as_of is None or newest.as_of <= shaped.as_of:
        return
    ours, theirs = (f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in (shaped.as_of, newest.as_of))
    found = f"the rows of {window.day} were read at {ours}, and {newest.date} was loaded with rows read at {theirs}"
    raise StaleExtractError(f"{found}; run {doors.flow.name} --date {window.day} from its first step again")

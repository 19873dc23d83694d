"""Loads come, are taken back and come back: each in the caller's transaction, under the lock of its dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from pipelines.citizens.history.chain import chain_of
from pipelines.citizens.history.errors import NoSuchLoadError
from pipelines.citizens.history.recompute import recompute, recompute_turned
from pipelines.citizens.history.saying import say
from pipelines.citizens.history.statements import versions
from pipelines.citizens.history.work import loads_of, lock_dataset, open_work

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy.engine import Connection

    from pipelines.citizens.history.dataset import Dataset


@dataclass(frozen=True, slots=True)
class NewLoad:
    """A snapshot that is to come in: the month it speaks of, and when it landed (aware)."""

    snapshot: date
    landed_at: datetime
    ingestion_id: int | None = None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load brought: keys it has, of which new, changed and unchanged to the load before it; and those gone.

    Before `changed_until` rows of the history may be others than before; None where none is.
    """

    version_id: int
    rows: int
    new: int
    changed: int
    gone: int
    changed_until: date | None = None

    @property
    def unchanged(self) -> int:
        """Keys that are as they were."""
        return self.rows - self.new - self.changed


def bring_in(connection: Connection, dataset: Dataset, rows: pa.Table, load: NewLoad, *, now: datetime) -> LoadReport:
    """Take a snapshot into the history.

    Args:
        connection: in a transaction; nothing of it is visible to others before it commits.
        dataset: of `rows`.
        rows: the snapshot, one row a key, no key null.
        load: what it speaks of.
        now: when it is loaded, aware.

    Raises:
        BrokenHistoryError: the history would not hold what it must.
    """
    lock_dataset(connection, dataset)
    version_id = _note_load(connection, dataset, load, now)
    work = open_work(connection, dataset, chain_of(loads_of(connection, dataset)))
    found = say(work, rows, version_id)
    report = LoadReport(version_id, rows.num_rows, found.new, found.changed, found.gone)
    counts = {"row": report.rows, "new": report.new, "changed": report.changed, "gone": report.gone}
    counts["unchanged"] = report.unchanged
    connection.execute(versions.change_load(version_id, **{f"{name}_count": count for name, count in counts.items()}))
    return replace(report, changed_until=recompute(work, version_id))


def take_back(connection: Connection, dataset: Dataset, version_id: int, *, now: datetime) -> date | None:
    """Make the history what it is without a load, the newest or any other.

    Returns:
        Before which day rows of the history are others than before; None where none is.

    Raises:
        NoSuchLoadError: there is none of that number, or it was taken back before.
        BrokenHistoryError: the history would not hold what it must.
    """
    return _turn(connection, dataset, version_id, is_live=False, now=now)


def bring_back(connection: Connection, dataset: Dataset, version_id: int) -> date | None:
    """Make the history what it was before a load was taken back; returns what `take_back` does.

    Raises:
        NoSuchLoadError: there is none of that number, or it is live.
        BrokenHistoryError: the history would not hold what it must.
    """
    return _turn(connection, dataset, version_id, is_live=True, now=None)


def _turn(
    connection: Connection, dataset: Dataset, version_id: int, *, is_live: bool, now: datetime | None
) -> date | None:
    lock_dataset(connection, dataset)
    loads = {load.version_id: load for load in loads_of(connection, dataset)}
    found = loads.get(version_id)
    if found is None:
        known = ", ".join(map(str, sorted(loads))) or "none"
        raise NoSuchLoadError(f"{dataset.name} has no version {version_id}; there are {known}")
    if found.live == is_live:
        state = "is live" if is_live else "was taken back before"
        raise NoSuchLoadError(f"version {version_id} of {dataset.name} {state}")
    before = chain_of(loads.values())
    loads[version_id] = replace(found, live=is_live)
    connection.execute(versions.change_load(version_id, is_live=is_live, rolled_back_at=now))
    return recompute_turned(open_work(connection, dataset, chain_of(loads.values())), before, version_id)


def _note_load(connection: Connection, dataset: Dataset, load: NewLoad, now: datetime) -> int:
    """Number a load."""
    counts = dict.fromkeys(("row_count", "new_count", "changed_count", "unchanged_count", "gone_count"), 0)
    noted = versions.note_load(
        dataset=dataset.name,
        snapshot_month=load.snapshot,
        landed_at=load.landed_at,
        ingestion_id=load.ingestion_id,
        is_live=True,
        loaded_at=now,
        **counts,
    )
    number: int = connection.execute(noted).scalar_one()
    return number

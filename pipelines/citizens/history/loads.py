"""Loads come, are taken back and come back: each in the caller's transaction, under the lock of its dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, insert, select, text, update

from etl_core.errors import TerminalError
from pipelines.citizens.history import claims, intervals
from pipelines.citizens.history.bulk import insert_rows
from pipelines.citizens.history.chain import Link, Load, chain_of, link_of, neighbours, touching
from pipelines.citizens.history.invariants import current_rows, violations
from pipelines.citizens.history.row_hashes import with_hashes
from pipelines.citizens.history.tables import (
    HistoryTables,
    Workspace,
    dataset_table,
    history_tables,
    make,
    version_table,
    workspace,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from sqlalchemy.engine import Connection

    from pipelines.citizens.history.dataset import Dataset


class BrokenHistoryError(TerminalError):
    """A core table is not what its loads say; the transaction that found it changed nothing."""


class NoSuchLoadError(TerminalError):
    """There is no such load, or it is not in the state that was asked to be changed."""


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


@dataclass(frozen=True, slots=True)
class _Work:
    """What the steps of one transaction share."""

    connection: Connection
    tables: HistoryTables
    rooms: Workspace
    chain: Sequence[Link]


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
    work = _work(connection, dataset, chain_of(_loads(connection, dataset)))
    tables, rooms = work.tables, work.rooms
    hashed = with_hashes(rows.select([column.name for column in dataset.columns]), dataset)
    insert_rows(connection, rooms.incoming, hashed)
    _know_sizes(work, rooms.incoming)
    highest = connection.scalar(select(func.max(tables.key.c.key_id))) or 0
    connection.execute(claims.add_keys(tables, rooms, highest))
    if twins := connection.scalar(claims.keys_with_one_hash(tables, rooms)):
        raise BrokenHistoryError(f"{dataset.name}: {twins} keys have the hash of another key; nothing was loaded")
    connection.execute(claims.say(tables, rooms))
    before, after = neighbours(work.chain, version_id)
    if before is not None:
        connection.execute(claims.remember_before(tables, rooms, before.ordinal))
    _know_sizes(work, rooms.said, rooms.before)
    connection.execute(claims.claim_differences(tables, rooms, version_id))
    connection.execute(claims.keep_values(tables, rooms, version_id))
    if after is not None:
        connection.execute(claims.rebase_added(tables, rooms, version_id, after.load.version_id))
        connection.execute(claims.rebase_dropped(tables, version_id, after.load.version_id))
    report = _report(work, version_id)
    counts = {"row": report.rows, "new": report.new, "changed": report.changed, "gone": report.gone}
    counts["unchanged"] = report.unchanged
    counted = update(version_table).where(version_table.c.version_id == version_id)
    connection.execute(counted.values({f"{name}_count": count for name, count in counts.items()}))
    return replace(report, changed_until=_recompute(work, version_id))


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
    loads = {load.version_id: load for load in _loads(connection, dataset)}
    found = loads.get(version_id)
    if found is None:
        known = ", ".join(map(str, sorted(loads))) or "none"
        raise NoSuchLoadError(f"{dataset.name} has no version {version_id}; there are {known}")
    if found.live == is_live:
        state = "is live" if is_live else "was taken back before"
        raise NoSuchLoadError(f"version {version_id} of {dataset.name} {state}")
    loads[version_id] = replace(found, live=is_live)
    change = update(version_table).where(version_table.c.version_id == version_id)
    connection.execute(change.values(is_live=is_live, rolled_back_at=now))
    return _recompute(_work(connection, dataset, chain_of(loads.values())), version_id)


def _note_load(connection: Connection, dataset: Dataset, load: NewLoad, now: datetime) -> int:
    """Number a load."""
    counts = dict.fromkeys(("row_count", "new_count", "changed_count", "unchanged_count", "gone_count"), 0)
    noted = insert(version_table).values(
        dataset=dataset.name,
        snapshot_month=load.snapshot,
        landed_at=load.landed_at,
        ingestion_id=load.ingestion_id,
        is_live=True,
        loaded_at=now,
        **counts,
    )
    number: int = connection.execute(noted.returning(version_table.c.version_id)).scalar_one()
    return number


def lock_dataset(connection: Connection, dataset: Dataset) -> None:
    """Wait for other writers of the dataset, and keep them waiting until this transaction ends.

    It is the same statement in every dialect, and needs no more than read committed.
    """
    turn = (
        update(dataset_table)
        .where(dataset_table.c.name == dataset.name)
        .values(generation=dataset_table.c.generation + 1)
    )
    if connection.execute(turn).rowcount == 0:
        raise BrokenHistoryError(f"meta.dataset has no row for {dataset.name!r}; apply the warehouse's DDL")


def _loads(connection: Connection, dataset: Dataset) -> list[Load]:
    columns = [version_table.c[name] for name in ("version_id", "snapshot_month", "landed_at", "is_live")]
    found = connection.execute(select(*columns).where(version_table.c.dataset == dataset.name))
    return [Load(row.version_id, row.snapshot_month, _aware(row.landed_at), row.is_live) for row in found]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _work(connection: Connection, dataset: Dataset, chain: Sequence[Link]) -> _Work:
    rooms = workspace(dataset, connection.dialect.name)
    make(connection, rooms)
    links = [
        {
            "version_id": link.load.version_id,
            "ordinal": link.ordinal,
            "effective_version_id": link.effective.version_id if link.effective else None,
            "effective_on": link.effective.snapshot if link.effective else None,
            "effective_day": link.effective_day,
        }
        for link in chain
    ]
    connection.execute(insert(rooms.chain), links)
    return _Work(connection, history_tables(dataset), rooms, chain)


def _recompute(work: _Work, version_id: int) -> date | None:
    """Bring the core table to what the loads that are live say, and look whether it holds what it must.

    Gives the end of the last row that is another one now.
    """
    connection, tables, rooms = work.connection, work.tables, work.rooms
    touched_by = [link.load.version_id for link in touching(work.chain, version_id)]
    connection.execute(intervals.touch(tables, rooms, touched_by))
    _know_sizes(work, rooms.touched)
    connection.execute(intervals.compute(tables, rooms))
    _know_sizes(work, rooms.wanted)
    ends = [connection.scalar(statement) for statement in intervals.ends_of_changes(tables, rooms)]
    connection.execute(intervals.drop_rows(tables, rooms))
    connection.execute(intervals.change_rows(tables, rooms))
    connection.execute(intervals.add_rows(tables, rooms))
    problems = [
        f"{count} times: {what}"
        for what, statement in violations(tables, rooms).items()
        if (count := connection.scalar(statement))
    ]
    problems += _miscounted(work)
    if problems:
        load = link_of(work.chain, version_id).load
        raise BrokenHistoryError(
            f"core.{tables.dataset.name} does not hold what it must after version {version_id} "
            f"({load.snapshot:%Y-%m}): {'; '.join(problems)}; nothing was changed"
        )
    return max((end for end in ends if end is not None), default=None)


def _miscounted(work: _Work) -> list[str]:
    """Whether the current rows are as many as the newest effective snapshot has keys."""
    if work.tables.dataset.deletes == "ignore":
        return []
    effective = [link.effective for link in work.chain if link.effective is not None]
    expected = 0
    if effective:
        newest = select(version_table.c.row_count).where(version_table.c.version_id == effective[-1].version_id)
        expected = work.connection.scalar(newest) or 0
    found = work.connection.scalar(current_rows(work.tables)) or 0
    return [] if found == expected else [f"{found} rows are current, and the newest snapshot has {expected} keys"]


def _report(work: _Work, version_id: int) -> LoadReport:
    said, before, claim = work.rooms.said, work.rooms.before, work.tables.claim
    rows = work.connection.scalar(select(func.count()).select_from(said)) or 0
    mine = claim.c.version_id == version_id
    gone = work.connection.scalar(select(func.count()).select_from(claim).where(mine, claim.c.row_hash.is_(None))) or 0
    changed = select(func.count()).select_from(claim.join(before, before.c.key_id == claim.c.key_id))
    told = work.connection.scalar(select(func.count()).select_from(claim).where(mine)) or 0
    differing = work.connection.scalar(changed.where(and_(mine, claim.c.row_hash.is_not(None)))) or 0
    return LoadReport(version_id, rows, told - gone - differing, differing, gone)


def _know_sizes(work: _Work, *tables: object) -> None:
    """Let the planner know how many rows tables have that were filled just now: it takes them for nearly empty."""
    if work.connection.dialect.name == "postgresql":
        for table in tables:
            work.connection.execute(text(f"ANALYZE {table}"))

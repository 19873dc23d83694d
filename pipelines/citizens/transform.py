"""Clean rows become history; any load of it is taken back, and brought back, by its version."""

from __future__ import annotations

import sys
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import insert, select

from etl_core.errors import TerminalError
from pipelines.citizens.contracts import CITIZEN, CONTRACTS, contract_of_dataset
from pipelines.citizens.errors import ReplacedLoadError
from pipelines.citizens.files.workbook_rows import LINE
from pipelines.citizens.history.chain import chain_of
from pipelines.citizens.history.errors import NoSuchLoadError
from pipelines.citizens.history.loads import (
    LoadReport,
    NewLoad,
    bring_back,
    bring_in,
    take_back,
)
from pipelines.citizens.history.rebuild import rebuild
from pipelines.citizens.history.tables import version_table
from pipelines.citizens.history.work import loads_of, lock_dataset
from pipelines.citizens.warehouse.landings import Landing, is_called_off, landings, landings_of
from pipelines.citizens.warehouse.meta_tables import ingestion_log, unpublished_month

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa
    from sqlalchemy.engine import Connection

    from pipelines.citizens.doors import CitizensDoors
    from pipelines.citizens.history.dataset import Dataset


class LostStageError(TerminalError):
    """The clean rows of a workbook that was validated are not where they were written."""


def lock_histories(connection: Connection) -> None:
    """Wait for others who change a history or publish, and keep them waiting until this transaction ends.

    All of them, whichever is to change: citizens and phones name months to be published in one table. Always in this
    order, so that no two processes wait for each other.
    """
    for contract in CONTRACTS:
        lock_dataset(connection, contract.dataset)


def to_transform(doors: CitizensDoors) -> list[Landing]:
    """Workbooks with clean rows that are in no load yet, in the order of what they speak of."""
    with doors.warehouse.connect() as connection:
        return [one for one in landings(connection, doors.root) if one.status == "passed" and one.version_id is None]


def transform(landing: Landing, doors: CitizensDoors) -> LoadReport | None:
    """Bring the clean rows of a workbook into the history, in one transaction; None where another process was quicker.

    Raises:
        LostStageError: the clean rows are gone.
        BrokenHistoryError: the history would not hold what it must.
    """
    dataset = contract_of_dataset(landing.dataset).dataset
    with doors.trail.step("transform", landing.file_name) as step:
        rows = _one_row_a_key(_clean_rows(landing), dataset)
        with doors.warehouse.begin() as connection:
            load = NewLoad(landing.snapshot, landing.landed_at, landing.ingestion_id)
            lock_histories(connection)
            if _is_loaded(connection, landing) or is_called_off(connection, landing):
                step.message = "another process was quicker"
                return None
            report = bring_in(connection, dataset, rows, load, now=doors.clock())
            _unpublish(connection, dataset, landing.snapshot, report.changed_until)
        step.rows = report.rows
        step.message = (
            f"version {report.version_id}: {report.new:,} new, {report.changed:,} changed, "
            f"{report.unchanged:,} unchanged, {report.gone:,} gone"
        )
        return report


def roll_back(version_id: int, doors: CitizensDoors) -> None:
    """Take a load back, the newest or any other.

    Raises:
        NoSuchLoadError: there is none, or it was taken back before.
    """
    with doors.trail.step("rollback", f"version {version_id}") as step, doors.warehouse.begin() as connection:
        lock_histories(connection)
        dataset, snapshot = _version(connection, version_id)
        until = take_back(connection, dataset, version_id, now=doors.clock())
        _unpublish(connection, dataset, snapshot, until)
        step.message = f"{dataset.name} of {snapshot:%Y-%m} was taken back"


def roll_forward(version_id: int, doors: CitizensDoors) -> None:
    """Bring back a load that was taken back.

    Raises:
        NoSuchLoadError: there is none, or it is live.
        ReplacedLoadError: its workbook landed anew and counts as that alone.
    """
    with doors.trail.step("reload", f"version {version_id}") as step, doors.warehouse.begin() as connection:
        lock_histories(connection)
        dataset, snapshot = _version(connection, version_id)
        _refuse_replaced(connection, version_id, doors)
        until = bring_back(connection, dataset, version_id)
        _unpublish(connection, dataset, snapshot, until)
        step.message = f"{dataset.name} of {snapshot:%Y-%m} is back"


def rebuild_all(doors: CitizensDoors) -> int:
    """Compute the histories anew from the stage; how many of their rows are others than before.

    Raises:
        LostStageError: clean rows of a load are gone.
    """
    changed = 0
    with doors.warehouse.connect() as connection:
        by_version = {one.version_id: one for one in landings(connection, doors.root) if one.version_id is not None}
    for contract in CONTRACTS:
        dataset = contract.dataset
        with doors.trail.step("rebuild", dataset.name) as step, doors.warehouse.begin() as connection:
            lock_histories(connection)
            found = rebuild(connection, dataset, partial(_rows_of, by_version, dataset))
            if found:
                _note_months(connection, effective_months(connection, CITIZEN))
            step.rows = found
            step.message = f"{found:,} rows were others" if found else "the history is what its loads say"
            changed += found
    return changed


def _rows_of(by_version: Mapping[int, Landing], dataset: Dataset, version_id: int) -> pa.Table:
    landing = by_version.get(version_id)
    if landing is None:
        raise LostStageError(f"version {version_id} of {dataset.name} came from no workbook that is known")
    return _one_row_a_key(_clean_rows(landing), dataset)


def effective_months(connection: Connection, dataset: Dataset) -> list[date]:
    """The months that a dataset has a snapshot of, in order."""
    chain = chain_of(loads_of(connection, dataset))
    return sorted({link.effective.snapshot for link in chain if link.effective is not None})


def missing_months(connection: Connection, dataset: Dataset) -> list[date]:
    """The months between a dataset's first snapshot and its last one that it has none of, in order."""
    there = effective_months(connection, dataset)
    numbers = [month.year * 12 + month.month - 1 for month in there]
    between = set(range(numbers[0], numbers[-1])) - set(numbers) if numbers else set()
    return [date(number // 12, number % 12 + 1, 1) for number in sorted(between)]


def _unpublish(connection: Connection, dataset: Dataset, snapshot: date, until: date | None) -> None:
    """Note the months whose facts a change of a snapshot may change.

    Up to the next snapshot, which says what is new and changed by it; of citizens also those that name a row that is
    another one now, which begins at another month although it says the same.
    """
    following = next((month for month in effective_months(connection, dataset) if month > snapshot), None)
    months: set[date] = {snapshot} if dataset == CITIZEN else set()
    for month in effective_months(connection, CITIZEN):
        is_near = following is None or month <= following
        is_named = dataset == CITIZEN and until is not None and month < until
        if month >= snapshot and (is_near or is_named):
            months.add(month)
    _note_months(connection, months)


def _note_months(connection: Connection, months: Iterable[date]) -> None:
    known = set(connection.scalars(select(unpublished_month.c.snapshot_month)))
    new = [{"snapshot_month": month} for month in sorted(set(months) - known)]
    if new:
        connection.execute(insert(unpublished_month), new)


def _version(connection: Connection, version_id: int) -> tuple[Dataset, date]:
    query = select(version_table.c.dataset, version_table.c.snapshot_month)
    found = connection.execute(query.where(version_table.c.version_id == version_id)).one_or_none()
    if found is None:
        known = connection.scalars(select(version_table.c.version_id).order_by(version_table.c.version_id)).all()
        names = ", ".join(map(str, known)) or "none"
        raise NoSuchLoadError(f"there is no version {version_id}; there are {names}")
    return contract_of_dataset(found.dataset).dataset, found.snapshot_month


def _refuse_replaced(connection: Connection, version_id: int, doors: CitizensDoors) -> None:
    """One content is one month of one kind: what its newest landing says."""
    version = version_table.c
    query = select(ingestion_log.c.sha256).join(version_table, version.ingestion_id == ingestion_log.c.ingestion_id)
    sha256 = connection.scalar(query.where(version.version_id == version_id))
    same = [] if sha256 is None else landings_of(connection, doors.root, sha256)
    now = next((one for one in same if one.is_live), same[-1] if same else None)
    if now is None or now.version_id == version_id:
        return
    one = next(one for one in same if one.version_id == version_id)
    if (one.dataset, one.snapshot) != (now.dataset, now.snapshot):
        first = f"take version {now.version_id} back with --rollback {now.version_id} and " if now.is_live else ""
        hint = f"if that is wrong, {first}land it again with --kind {one.kind} --snapshot {one.snapshot:%Y-%m}"
    elif now.version_id is None:
        hint = "`citizens run` loads that one"
    else:
        hint = f"that one is version {now.version_id}" + (
            "" if now.is_live else f", and --reload {now.version_id} brings it back"
        )
    landed = f"landed anew as {now.file_name} on {now.landed_at:%Y-%m-%d %H:%M}"
    raise ReplacedLoadError(
        f"version {version_id}, {one.meaning}, cannot come back: its workbook {landed} and counts "
        f"as {now.meaning} alone; {hint}"
    )


def _is_loaded(connection: Connection, landing: Landing) -> bool:
    query = select(version_table.c.version_id).where(version_table.c.ingestion_id == landing.ingestion_id)
    return connection.execute(query).first() is not None


def _clean_rows(landing: Landing) -> pa.Table:
    path = landing.clean_path
    if path is None or not path.exists():
        raise LostStageError(f"{path} is gone, where the clean rows of {landing.file_name} were; validate it again")
    return pq.read_table(path)


def _one_row_a_key(rows: pa.Table, dataset: Dataset) -> pa.Table:
    """Rows that say the same of one key are one: validation let no others through."""
    keys = [column.name for column in dataset.keys]
    first = rows.group_by(keys, use_threads=False).aggregate([(LINE, "min")])
    if first.num_rows == rows.num_rows:
        return rows
    lines = first.column(f"{LINE}_min").combine_chunks()
    return rows.filter(pc.is_in(rows.column(LINE), value_set=lines))


if __name__ == "__main__":
    from pipelines.citizens.run_pipeline import main

    sys.exit(main(["transform", *sys.argv[1:]]))

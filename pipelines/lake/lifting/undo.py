"""One object's rows taken out of the lake again; those of the object that its run had before come back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dq import SilverLoad, hold_load, load_of_object, loads_of_run, restore_load, start_load
from etl_core.errors import UsageError
from pipelines.lake.files.table_folder import TableFolder, lake_table
from pipelines.lake.lifting.lake_tables import RUNS, MergedTable, key_of, merge_rows
from pipelines.lake.lifting.load_objects import LakeDoors
from pipelines.lake.run_part import RunPart, RunRows, WrittenFile
from pipelines.lake.tables.delta_log import read_snapshot
from pipelines.lake.tables.recall import commit_of, recall_files
from pipelines.lake.tables.replace_runs import CommitIdentity, replace_runs


@dataclass(frozen=True, slots=True)
class Undone:
    """The load that was taken back, and the one whose rows are there again; None where the run has no rows now."""

    taken_back: SilverLoad
    restored: SilverLoad | None


def undo_object(object_id: int, doors: LakeDoors) -> Undone:
    """Take an object's rows out again. It is lifted again when somebody releases it.

    Raises:
        UsageError: no rows of the object are in the lake.
        HistoryGoneError: the rows before are not there any more; load their object again.
        PipelineError: the database, or a table, cannot be reached or written.
    """
    load = load_of_object(doors.database, object_id)
    if load is None:
        raise UsageError(f"no rows of object {object_id} are in the lake; `inbox show` names objects by their ids")
    earlier = [one for one in loads_of_run(doors.database, load.subject) if one.id < load.id and one.counts is not None]
    latest = next((one for one in earlier if one.subject.object_id != object_id), None)
    before = None if latest is None else _that_brought_the_rows(latest, earlier)
    subject = (before or load).subject
    run = RunPart(subject.agency_slug, subject.file_name, subject.run_date, subject.run_hour, subject.object_id)
    quarantine, silver, runs = (
        lake_table(doors.root, layer, subject.table, doors.access) for layer in ("quarantine", "silver", RUNS)
    )
    key = key_of(runs)
    put_back = _rows_before(quarantine, run, before, before.quarantine_version if before else None)
    if key is None:
        rows = _rows_before(silver, run, before, before.delta_version if before else None)
    else:
        rows = _rows_before(runs, run, before, commit_of(runs, run.key, before.id) if before else None)
    generation = start_load(doors.database, subject, doors.clock())
    _replace(quarantine, RunRows(run, generation, put_back), doors)
    if key is None:
        _replace(silver, RunRows(run, generation, rows), doors)
    else:
        merge_rows(MergedTable(silver, key), runs, None, [RunRows(run, generation, rows)], doors)
    if before is not None:
        restore_load(doors.database, generation, before.id, doors.clock(), doors.account)
    else:
        reason = f"its rows were taken out again; to_silver --release {object_id} lifts it anew"
        hold_load(doors.database, generation, reason, doors.clock(), doors.account)
        hold_load(doors.database, load.id, reason, doors.clock(), doors.account)
    return Undone(load, before)


def _that_brought_the_rows(load: SilverLoad, of_run: Iterable[SilverLoad]) -> SilverLoad:
    """The load itself, or, where it restored the rows of an earlier one, that one: both name the same commits."""

    def rows_of(one: SilverLoad) -> tuple[int, int | None, int | None]:
        return one.subject.object_id, one.delta_version, one.quarantine_version

    return min((one for one in of_run if rows_of(one) == rows_of(load)), key=lambda one: one.id)


def _rows_before(
    folder: TableFolder, run: RunPart, before: SilverLoad | None, version: int | None
) -> tuple[WrittenFile, ...]:
    """The files that a load brought, as long as they are there."""
    snapshot = None if before is None or version is None else read_snapshot(folder)
    if snapshot is None or before is None or version is None:
        return ()
    return recall_files(snapshot, run.key, before.id, version)


def _replace(folder: TableFolder, rows: RunRows, doors: LakeDoors) -> None:
    snapshot = read_snapshot(folder)
    if snapshot is not None:
        replace_runs(folder, snapshot.schema, [rows], CommitIdentity(doors.clock(), doors.new_id()))

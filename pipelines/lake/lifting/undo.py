"""One object's rows taken out of the lake again; those of the object that its run had before come back.

What is to be done is in the ledger before a table is touched. Where a process dies in between, the next one that lifts
or takes out finishes it (`finish_undos`): the same rows, with the same generation, so that what is done already stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from dq import (
    SilverLoad,
    end_undo,
    load_of_object,
    loads_of_run,
    open_undos,
    replace_load,
    start_undo,
)
from etl_core.errors import PipelineError, UsageError
from pipelines.lake.files.table_folder import TableFolder, lake_table
from pipelines.lake.lifting.lake_tables import RUNS, MergedTable, commits_alone, key_of, merge_rows
from pipelines.lake.lifting.load_objects import LakeDoors
from pipelines.lake.run_part import Committed, RunPart, RunRows, WrittenFile
from pipelines.lake.tables.delta_log import read_snapshot
from pipelines.lake.tables.recall import commit_of, recall_files
from pipelines.lake.tables.replace_runs import CommitIdentity, replace_runs

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Undone:
    """The load that was taken back, and the one whose rows are there again; None where the run has no rows now."""

    taken_back: SilverLoad
    restored: SilverLoad | None


@dataclass(frozen=True, slots=True)
class _Recalled:
    """The rows that a run is to have: those of a load before, in the files that it brought, or none.

    `key`: of the table where rows are merged by it; `rows` are those of the table of all runs then.
    """

    run: RunPart
    before: SilverLoad | None
    key: tuple[str, ...] | None
    quarantine: tuple[WrittenFile, ...]
    rows: tuple[WrittenFile, ...]


def undo_object(object_id: int, doors: LakeDoors, *, alone: bool = False) -> Undone:
    """Take an object's rows out again. It is lifted again when somebody releases it.

    Args:
        object_id: in the inbox.
        doors: to the ledger and the lake.
        alone: no rows come back: its run has none then.

    Raises:
        UsageError: no rows of the object are in the lake.
        HistoryGoneError: the rows before are not there any more.
        PipelineError: the database, or a table, cannot be reached or written.
    """
    for done in finish_undos(doors):
        if done.taken_back.subject.object_id == object_id:
            return done
    with commits_alone(_loaded(object_id, doors).subject.table, doors):
        load = _loaded(object_id, doors)
        for one in open_undos(doors.database) if alone else ():
            if one.undoes == load.id:
                replace_load(
                    doors.database, one.id, "its run is left without rows instead", doors.clock(), doors.account
                )
        recalled = _recalled(load, doors, alone=alone)
        subject = (recalled.before or load).subject
        undo = start_undo(doors.database, subject, load.id, doors.clock())
        _give_rows(undo, load, recalled, doors)
    return Undone(load, recalled.before)


def finish_undos(doors: LakeDoors) -> list[Undone]:
    """Finish what processes that died have begun; one that cannot be finished now is told, and waits.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    return [done for one in open_undos(doors.database) for done in _tried(one, doors)]


def _tried(undo: SilverLoad, doors: LakeDoors) -> list[Undone]:
    try:
        with commits_alone(undo.subject.table, doors):
            return _finished(undo, doors)
    except PipelineError as error:
        log.warning("rows are not taken out yet", object_id=undo.subject.object_id, load=undo.undoes, error=str(error))
        return []


def _finished(undo: SilverLoad, doors: LakeDoors) -> list[Undone]:
    """Finish one, unless somebody did meanwhile, or the rows were replaced before it began."""
    if undo.id not in {one.id for one in open_undos(doors.database)}:
        return []
    loads = loads_of_run(doors.database, undo.subject)
    load = next((one for one in loads if one.id == undo.undoes and one.state == "loaded"), None)
    if load is None:
        reason = f"load {undo.undoes} was replaced before its rows were taken out"
        replace_load(doors.database, undo.id, reason, doors.clock(), doors.account)
        return []
    # One that brings no rows back is told by the object whose rows it takes.
    recalled = _recalled(load, doors, alone=undo.subject.object_id == load.subject.object_id)
    return [Undone(load, recalled.before)] if _give_rows(undo, load, recalled, doors) else []


def _loaded(object_id: int, doors: LakeDoors) -> SilverLoad:
    load = load_of_object(doors.database, object_id)
    if load is None:
        raise UsageError(f"no rows of object {object_id} are in the lake; `inbox show` names objects by their ids")
    return load


def _recalled(load: SilverLoad, doors: LakeDoors, *, alone: bool) -> _Recalled:
    """What a run had before a load, or nothing: the same whenever it is asked, as long as the load is loaded."""
    loads = loads_of_run(doors.database, load.subject)
    earlier = [one for one in loads if one.id < load.id and one.counts is not None]
    latest = next((one for one in earlier if not alone and _may_come_back(one, load, loads)), None)
    before = None if latest is None else _that_brought_the_rows(latest, earlier)
    subject = (before or load).subject
    run = RunPart(subject.agency_slug, subject.file_name, subject.run_date, subject.run_hour, subject.object_id)
    quarantine, silver, runs = _folders(subject.table, doors)
    key = key_of(runs)
    if key is None:
        rows = _rows_before(silver, run, before, before.delta_version if before else None)
    else:
        rows = _rows_before(runs, run, before, commit_of(runs, run.key, before.id) if before else None)
    put_aside = _rows_before(quarantine, run, before, before.quarantine_version if before else None)
    return _Recalled(run, before, key, put_aside, rows)


def _give_rows(undo: SilverLoad, load: SilverLoad, recalled: _Recalled, doors: LakeDoors) -> bool:
    """Give the run its rows in both tables, then tell the ledger; False where a later load was there first."""
    run, before = recalled.run, recalled.before
    quarantine, silver, runs = _folders(undo.subject.table, doors)
    put_aside = _replace(quarantine, RunRows(run, undo.id, recalled.quarantine), doors)
    late = put_aside is not None and put_aside.outcomes[run.key] == "superseded"
    if not late:
        rows = RunRows(run, undo.id, recalled.rows)
        if recalled.key is None:
            done = _replace(silver, rows, doors)
        else:
            done = merge_rows(MergedTable(silver, recalled.key), runs, None, [rows], doors)
        late = done is not None and done.outcomes[run.key] == "superseded"
    if late:
        replace_load(doors.database, undo.id, "a later load of the run was quicker", doors.clock(), doors.account)
        return False
    object_id = load.subject.object_id
    reason = f"its rows were taken out again; to_silver --release {object_id} lifts it anew"
    end_undo(doors.database, undo, before.id if before else None, reason, doors.clock(), doors.account)
    return True


def _folders(table: str, doors: LakeDoors) -> tuple[TableFolder, TableFolder, TableFolder]:
    quarantine, silver, runs = (
        lake_table(doors.root, layer, table, doors.access) for layer in ("quarantine", "silver", RUNS)
    )
    return quarantine, silver, runs


def _may_come_back(one: SilverLoad, taken: SilverLoad, of_run: Iterable[SilverLoad]) -> bool:
    """Tell whether a load has the rows of another object, and nobody took these out before."""
    loads = list(of_run)
    done = {undo.undoes for undo in loads if undo.counts is not None or undo.state == "held"}
    taken_before = {_rows_of(load) for load in loads if load.id in done}
    return one.subject.object_id != taken.subject.object_id and _rows_of(one) not in taken_before


def _that_brought_the_rows(load: SilverLoad, of_run: Iterable[SilverLoad]) -> SilverLoad:
    """The load itself, or, where it restored the rows of an earlier one, that one: both name the same commits."""
    return min((one for one in of_run if _rows_of(one) == _rows_of(load)), key=lambda one: one.id)


def _rows_of(load: SilverLoad) -> tuple[int, int | None, int | None]:
    """What names the rows of a load: their object, and the commits that brought them."""
    return load.subject.object_id, load.delta_version, load.quarantine_version


def _rows_before(
    folder: TableFolder, run: RunPart, before: SilverLoad | None, version: int | None
) -> tuple[WrittenFile, ...]:
    """The files that a load brought, as long as they are there."""
    snapshot = None if before is None or version is None else read_snapshot(folder)
    if snapshot is None or before is None or version is None:
        return ()
    return recall_files(snapshot, run.key, before.id, version)


def _replace(folder: TableFolder, rows: RunRows, doors: LakeDoors) -> Committed | None:
    snapshot = read_snapshot(folder)
    if snapshot is None:
        return None
    return replace_runs(folder, snapshot.schema, [rows], CommitIdentity(doors.clock(), doors.new_id()))

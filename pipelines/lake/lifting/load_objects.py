"""Objects loaded into the lake: each read once, all of a table's in one commit, and the ledger told of each.

A process may die anywhere: files that no commit names are nobody's, a load that never ended is begun again with a new
generation, and a run gets the rows of one attempt in place of another's. Quarantine is committed first: rows that have
left their file are never in neither table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from dq import (
    BroughtDownError,
    DueObject,
    Limits,
    LoadCounts,
    LoadSubject,
    ObjectStore,
    PipelineError,
    ReferenceReader,
    SchemaDefinition,
    fail_load,
    finish_loads,
    hold_load,
    loads_of_object,
    loads_of_run,
    replace_load,
    start_load,
    start_loads,
)
from etl_core.errors import RetryableError, TerminalError
from etl_core.objects.store import S3Access
from pipelines.lake.errors import HeldError, ReferenceGoneError
from pipelines.lake.lifting.lake_tables import LakeTables, commits_alone, lake_tables, merge_rows
from pipelines.lake.lifting.lift_objects import lift_objects
from pipelines.lake.lifting.lift_part import Lifted, Lifting
from pipelines.lake.lifting.plan_objects import PlannedObject, plan_objects
from pipelines.lake.lifting.references import ReferencesOfObjects, Referred
from pipelines.lake.lifting.silver_plan import SilverPlan, usable_plan
from pipelines.lake.run_part import Committed, RunKey, RunRows
from pipelines.lake.schema.drift import Drift, drift, told_drift
from pipelines.lake.schema.table_schema import TableSchema
from pipelines.lake.tables.delta_log import read_snapshot
from pipelines.lake.tables.replace_runs import CommitIdentity, replace_runs
from pipelines.transforms.normalized_definition import normalized_definition

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from sqlalchemy.engine import Engine

    from etl_core.audit.account import Account

log = structlog.get_logger()

#: How often an object may bring down the workers that lift it.
_MOST_FALLS = 3
#: Whoever has it and failed did so by a critical rule.
_BEST_SCORE = 100


@dataclass(frozen=True, slots=True)
class LakeDoors:
    """What loading is put together from.

    Attributes:
        database: of the ledger.
        store: where objects are.
        root: LAKE_ROOT.
        access: how to sign in to S3.
        limits: bounds on memory.
        gate: SILVER_GATE.
        clock: gives the aware present.
        new_id: gives an identifier that nobody has.
        account: writes lines of the audit, None where no job is under way.
        references: reads what rows refer to, and get columns from.
        session: gives Spark's session, started when it is first asked for.
    """

    database: Engine
    store: ObjectStore
    root: str
    access: S3Access
    limits: Limits
    gate: str
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    references: ReferenceReader
    session: Callable[[], SparkSession]
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object: its state in `pipeline.silver_load`, and why where it is not loaded.

    `pending`: something was away; it is begun again next time.
    """

    due: DueObject
    state: str
    reason: str | None = None
    counts: LoadCounts | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class _Begun:
    """An object that is being loaded."""

    due: DueObject
    definition: SchemaDefinition
    plan: SilverPlan
    referred: Referred
    generation: int = 0


def load_objects(
    due: Sequence[DueObject],
    definitions: Mapping[int, SchemaDefinition | PipelineError | None],
    released: Iterable[int],
    began: datetime,
    doors: LakeDoors,
) -> list[Outcome]:
    """Load objects that are due.

    Args:
        due: in the order of their runs; of two of one run the later one counts.
        definitions: by object; None where there is none.
        released: objects that somebody let pass whatever their verdict says.
        began: the aware present before the definitions were read: verdicts from then on may be by others.
        doors: the outside world.

    Returns:
        What became of each.

    Raises:
        RetryableError: the database is away.
    """
    outcomes: list[Outcome] = []
    ready: list[_Begun] = []
    references = ReferencesOfObjects(doors.references)
    for newest in _newest_of_runs(due, definitions, outcomes, began, doors):
        begun = _ready(newest, definitions.get(newest.object_id), frozenset(released), references, began, doors)
        if isinstance(begun, Outcome):
            outcomes.append(begun)
        else:
            ready.append(begun)
    generations = start_loads(
        doors.database, [_subject(one.due, one.definition, one.plan.table) for one in ready], began
    )
    by_table: dict[tuple[str, tuple[str, ...]], list[_Begun]] = {}
    for one, generation in zip(ready, generations, strict=True):
        by_table.setdefault((one.plan.table, one.plan.key), []).append(replace(one, generation=generation))
    for (table, key), objects in by_table.items():
        outcomes += _load_table(table, key, objects, doors)
    return outcomes


def _newest_of_runs(
    due: Sequence[DueObject],
    definitions: Mapping[int, SchemaDefinition | PipelineError | None],
    outcomes: list[Outcome],
    began: datetime,
    doors: LakeDoors,
) -> list[DueObject]:
    newest = {(one.agency_slug, one.file_name, one.run_date, one.run_hour): one for one in due}
    kept = {one.object_id for one in newest.values()}
    for one in due:
        if one.object_id not in kept:
            generation = start_load(doors.database, _subject(one, definitions.get(one.object_id), one.file_name), began)
            reason = "a later object of the same run is loaded instead"
            replace_load(doors.database, generation, reason, doors.clock(), doors.account)
            outcomes.append(Outcome(one, "replaced", reason))
    return list(newest.values())


def _subject(due: DueObject, definition: SchemaDefinition | PipelineError | None, table: str) -> LoadSubject:
    decided_by = definition.fingerprint if isinstance(definition, SchemaDefinition) else None
    return LoadSubject(due.object_id, table, due.agency_slug, due.file_name, due.run_date, due.run_hour, decided_by)


def kept_out(due: DueObject, released: Collection[int], gate: str) -> str | None:
    """Why the gate does not let an object pass; None where it does."""
    if gate != "passed" or due.passed or due.object_id in released:
        return None
    why = ", and a critical rule was broken or could not be looked at" if due.score == _BEST_SCORE else ""
    return f"its verdict failed (score {due.score}{why}); release it by to_silver --release {due.object_id}"


def _ready(
    due: DueObject,
    definition: SchemaDefinition | PipelineError | None,
    released: frozenset[int],
    references: ReferencesOfObjects,
    began: datetime,
    doors: LakeDoors,
) -> _Begun | Outcome:
    """What an object's load begins with, unless it has to wait or nothing says what it should look like."""

    def held(reason: str, table: str = due.file_name) -> Outcome:
        generation = start_load(doors.database, _subject(due, definition, table), began)
        hold_load(doors.database, generation, reason, doors.clock(), doors.account)
        return Outcome(due, "held", reason)

    try:
        known, plan = usable_plan(definition, due.file_name)
    except PipelineError as error:
        return held(f"{error}; when that is mended, release the object by to_silver --release {due.object_id}")
    if stays := kept_out(due, released, doors.gate):
        return held(stays, plan.table)
    try:
        referred = references.of(known, plan.enrich)
    except ReferenceGoneError as error:
        return held(
            f"{error}; when that is mended, release the object by to_silver --release {due.object_id}", plan.table
        )
    except RetryableError as error:
        return Outcome(due, "pending", str(error))
    meant = normalized_definition(known, plan.columns)
    return _Begun(due, meant, plan, referred)


def _load_table(table: str, key: tuple[str, ...], objects: Sequence[_Begun], doors: LakeDoors) -> list[Outcome]:
    """Load the objects of one table: their files first, then one commit for each of the tables they go to."""
    outcomes: list[Outcome] = []
    try:
        tables = lake_tables(table, key, doors.root, doors.access)
        planned, schema = _planned(objects, tables.silver_schema, outcomes, doors)
        tables = replace(tables, silver_schema=schema)
        begun = {one.due.object_id: one for one in objects}
        liftings = {
            id_: Lifting(one.wanted, one.how, tables, f"{begun[id_].generation}-{doors.new_id()}")
            for id_, one in planned.items()
        }
        lifted: list[tuple[_Begun, Lifted]] = []
        for id_, done in lift_objects(liftings, doors.session, doors.limits).items():
            if isinstance(done, PipelineError):
                outcomes.append(_came_to_nothing(begun[id_], done, doors))
            else:
                lifted.append((begun[id_], replace(done, note=planned[id_].note)))
        if lifted:
            with commits_alone(table, doors):
                outcomes += _commit(lifted, tables, doors)
    except PipelineError as error:
        ended = {outcome.due.object_id for outcome in outcomes}
        outcomes += [_came_to_nothing(one, error, doors) for one in objects if one.due.object_id not in ended]
    return outcomes


def _planned(
    objects: Sequence[_Begun], schema: TableSchema, outcomes: list[Outcome], doors: LakeDoors
) -> tuple[dict[int, PlannedObject], TableSchema]:
    """How the rows of objects are read, and the table's schema with the columns they bring."""
    wanted = [(one.due, one.definition, one.plan, one.referred) for one in objects]
    planned: dict[int, PlannedObject] = {}
    for one, found in zip(objects, plan_objects(wanted, doors.store, doors.limits), strict=True):
        brought = found if isinstance(found, PipelineError) else _drifted(schema, found, one)
        if isinstance(brought, PipelineError):
            outcomes.append(_came_to_nothing(one, brought, doors))
        elif not isinstance(found, PipelineError):
            schema = brought.schema
            planned[one.due.object_id] = replace(found, note=told_drift(brought, found.how.lacking))
    return planned, schema


def _drifted(schema: TableSchema, planned: PlannedObject, one: _Begun) -> Drift | PipelineError:
    how = planned.how
    try:
        return drift(schema, how.column_types(), one.plan.new_columns, how.expected)
    except PipelineError as error:
        return error


def _came_to_nothing(one: _Begun, error: PipelineError, doors: LakeDoors) -> Outcome:
    """Leave a load open that may go well later; end one that will not, or brings its workers down each time."""
    if isinstance(error, BroughtDownError):
        loads = loads_of_object(doors.database, one.due.object_id)
        if sum(load.state == "loading" for load in loads) >= _MOST_FALLS:
            error = TerminalError(f"{error}; given up after {_MOST_FALLS} attempts")
    if isinstance(error, RetryableError):
        log.warning("not lifted yet", bucket=one.due.bucket, key=one.due.key, error=str(error))
        return Outcome(one.due, "pending", str(error))
    if isinstance(error, HeldError):
        hold_load(doors.database, one.generation, str(error), doors.clock(), doors.account)
        return Outcome(one.due, "held", str(error))
    fail_load(doors.database, one.generation, str(error), doors.clock(), doors.account)
    return Outcome(one.due, "failed", str(error))


def _commit(lifted: Sequence[tuple[_Begun, Lifted]], tables: LakeTables, doors: LakeDoors) -> list[Outcome]:
    def identity() -> CommitIdentity:
        return CommitIdentity(doors.clock(), doors.new_id())

    put_aside = None
    runs = [RunRows(done.run, one.generation, done.quarantine) for one, done in lifted]
    if any(run.files for run in runs) or read_snapshot(tables.quarantine) is not None:
        put_aside = replace_runs(tables.quarantine, tables.quarantine_schema, runs, identity())
    late = set() if put_aside is None else _superseded(put_aside)
    rows = [RunRows(done.run, one.generation, done.silver) for one, done in lifted if done.run.key not in late]
    if not rows:
        return [_too_late(one, doors) for one, _ in lifted]
    if tables.merged is None:
        loaded = replace_runs(tables.silver, tables.silver_schema, rows, identity())
    else:
        loaded = merge_rows(tables.merged, tables.silver, tables.silver_schema, rows, doors)
    late |= _superseded(loaded)
    outcomes = [_too_late(one, doors) for one, done in lifted if done.run.key in late]
    results = {
        one.generation: done.result(loaded.version, put_aside.version if put_aside else None)
        for one, done in lifted
        if done.run.key not in late
    }
    states = finish_loads(doors.database, results, doors.clock(), doors.account)
    return outcomes + [
        Outcome(one.due, states[one.generation], done.note, results[one.generation].counts, loaded.version)
        for one, done in lifted
        if one.generation in states
    ]


def _superseded(done: Committed) -> set[RunKey]:
    return {run for run, outcome in done.outcomes.items() if outcome == "superseded"}


def _too_late(one: _Begun, doors: LakeDoors) -> Outcome:
    """End a load that a later one of its run kept from the tables, or leave it open.

    Its object is done when the ledger has that load, of this object or a newer one. Else it is to be lifted anew: what
    was quicker took an older object out, or its process died.
    """
    loads = loads_of_run(doors.database, _subject(one.due, one.definition, one.plan.table))
    if any(load.state == "loaded" and load.subject.object_id >= one.due.object_id for load in loads):
        reason = "a later load of the same run was quicker"
        replace_load(doors.database, one.generation, reason, doors.clock(), doors.account)
        return Outcome(one.due, "replaced", reason)
    reason = "another process changed the rows of the run meanwhile; it is lifted again"
    log.warning("not lifted yet", bucket=one.due.bucket, key=one.due.key, error=reason)
    return Outcome(one.due, "pending", reason)

"""Objects looked at before any is read: how their rows are read, and become rows of the lake."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dq import (
    DueObject,
    Limits,
    ObjectStore,
    Peek,
    PipelineError,
    RowsOfFile,
    RowsWanted,
    SchemaDefinition,
    SourceObject,
)
from etl_core.errors import ObjectReplacedError
from pipelines.lake.lifting.lifted_rows import LiftedRows
from pipelines.lake.lifting.references import Referred
from pipelines.lake.lifting.silver_plan import SilverPlan
from pipelines.lake.run_part import RunPart

_PLANNERS = 8


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """An object that can be lifted: its rows, and how they become rows of the lake.

    `note`: which columns it brings too many or too few.
    """

    wanted: RowsWanted
    how: LiftedRows
    note: str | None = None


def run_of(due: DueObject) -> RunPart:
    """The run whose rows an object has."""
    return RunPart(due.agency_slug, due.file_name, due.run_date, due.run_hour, due.object_id)


def plan_objects(
    objects: Sequence[tuple[DueObject, SchemaDefinition, SilverPlan, Referred]], store: ObjectStore, limits: Limits
) -> list[PlannedObject | PipelineError]:
    """Look at objects, a few at a time; one that cannot be read gives its error.

    Args:
        objects: each with what its rows are held against, what becomes of them, and what they refer to.
        store: where they are.
        limits: bounds on memory and time.
    """
    peeks = store.peek_all({due.object_id: (due.bucket, due.key, due.version_id) for due, *_ in objects})

    def one(wanted: tuple[DueObject, SchemaDefinition, SilverPlan, Referred]) -> PlannedObject | PipelineError:
        peek = peeks[wanted[0].object_id]
        try:
            return peek if isinstance(peek, PipelineError) else _planned(*wanted, peek, store, limits)
        except PipelineError as error:
            return error

    with ThreadPoolExecutor(_PLANNERS) as pool:
        return list(pool.map(one, objects))


def _planned(
    due: DueObject,
    definition: SchemaDefinition,
    plan: SilverPlan,
    referred: Referred,
    peek: Peek,
    store: ObjectStore,
    limits: Limits,
) -> PlannedObject:
    if None not in (due.etag, peek.head.etag) and due.etag != peek.head.etag:
        raise ObjectReplacedError(
            f"{peek.head.uri} was overwritten since its verdict; what is there now is lifted once it has its own"
        )
    rows = RowsOfFile(SourceObject(due.object_id, peek, definition), store, limits, referred.keys)
    how = LiftedRows(
        rows.checks(definition), plan.columns, run_of(due), referred.partners, plan.new_columns, plan.types
    )
    unique = _is_unique(due, definition, how)
    return PlannedObject(RowsWanted(rows, definition, how.prepared, unique=unique), how)


def _is_unique(due: DueObject, definition: SchemaDefinition, how: LiftedRows) -> bool:
    """Tell whether the verdict says that no row repeats a key: by the same definition, and of the same texts."""
    keys = {name for key in definition.keys for name in key.columns}
    tolerant = any(key.threshold for key in definition.keys)
    normalised = any(how.columns.steps(name) for name in keys)
    return due.keys_unique and due.fingerprint == definition.fingerprint and not tolerant and not normalised

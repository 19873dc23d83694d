"""What lifting an object by its definition of today would change, found by lifting it without writing anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dq import DueObject, PipelineError, SchemaDefinition
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.lifting.lifted_rows import LINE
from pipelines.lake.lifting.load_objects import LakeDoors
from pipelines.lake.lifting.plan_objects import plan_objects
from pipelines.lake.lifting.references import ReferencesOfObjects
from pipelines.lake.lifting.silver_plan import usable_plan
from pipelines.lake.schema.drift import drift
from pipelines.lake.schema.system_columns import OBJECT_ID
from pipelines.lake.schema.table_schema import new_schema
from pipelines.lake.tables.delta_log import read_snapshot
from pipelines.lake.tables.reading import NoSuchTableError, columns_of
from pipelines.transforms.normalized_definition import normalized_definition


@dataclass(frozen=True, slots=True)
class Preview:
    """Rows of an object that silver has now, and how many more and fewer of them it would have.

    A row is known by its line: one whose values alone would be others counts as neither.
    """

    now: int
    entering: int
    leaving: int


def preview_object(
    due: DueObject,
    definition: SchemaDefinition | PipelineError | None,
    references: ReferencesOfObjects,
    doors: LakeDoors,
) -> Preview:
    """Lift an object without writing.

    Raises:
        HeldError, SilverBlockError: it would be held, with this reason.
        PipelineError: it cannot be read, or its table cannot be.
    """
    known, plan = usable_plan(definition, due.file_name)
    referred = references.of(known, plan.enrich)
    meant = normalized_definition(known, plan.columns)
    (planned,) = plan_objects([(due, meant, plan, referred)], doors.store, doors.limits)
    if isinstance(planned, PipelineError):
        raise planned
    wanted, how = planned.wanted, planned.how
    folder = lake_table(doors.root, "silver", plan.table, doors.access)
    snapshot = read_snapshot(folder)
    drift(new_schema({}) if snapshot is None else snapshot.schema, how.column_types(), plan.new_columns, how.expected)
    passing = [how.lifted(some).silver.column(LINE) for some in wanted.rows.found(meant, how.prepared, typed=True)]
    try:
        there = columns_of(folder, [LINE], f"{OBJECT_ID} = {due.object_id}").read_all()
    except NoSuchTableError:
        before = np.empty(0, np.int64)
    else:
        before = there[LINE].to_numpy()
    after = np.concatenate([np.empty(0, np.int64), *(column.to_numpy() for column in passing)])
    return Preview(len(before), _beyond(after, before), _beyond(before, after))


def _beyond(some: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> int:
    return int(np.count_nonzero(~np.isin(some, others)))

"""Rows of a file, in any format that files are judged in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dq.engine.assignment import Assignment
from dq.engine.parts import opened, proven_splits
from dq.engine.planning import plan_file
from dq.engine.source_file import SourceObject
from dq.schema.definition import SchemaDefinition
from etl_core.errors import PipelineError, TerminalError

if TYPE_CHECKING:
    from dq.formats.limits import Limits
    from dq.profiling.tally.recipe import Recipe
    from dq.profiling.tally.row_batch import RowBatch
    from etl_core.objects.store import ObjectStore


class UnfitReferenceError(TerminalError):
    """What is referred to was found, and does not hold what it should."""


def rows_of_file(
    store: ObjectStore, bucket: str | None, key: str, definition: SchemaDefinition, limits: Limits
) -> Iterator[tuple[Recipe, RowBatch]]:
    """Read one file, which holds nothing but rows that can be parsed; `bucket` None is a local file.

    Args:
        store: where it is.
        bucket: see above.
        key: its name there.
        definition: the fields that it has to have, in their types; its other columns come along.
        limits: within which it is read.

    Raises:
        PipelineError: it cannot be read, has not these columns, or has broken rows.
    """
    planned = plan_file(SourceObject(0, store.peek(bucket, key), definition), Assignment(store, limits))
    if isinstance(planned, PipelineError):
        raise planned
    names, lacking = [field.name for field in definition.fields], None
    for split in proven_splits(planned):
        task, reading = opened(store, planned, split, limits)
        if lacking is None:
            there = {column.name for column in task.recipe.columns}
            lacking = [name for name in names if name not in there]
            if lacking:
                raise UnfitReferenceError(f"it has no column {', '.join(lacking)}")
        for batch in reading.batches():
            if batch.malformed:
                raise UnfitReferenceError(f"it has rows that cannot be parsed ({batch.malformed:,} or more)")
            yield task.recipe, batch
    if lacking is None:
        raise UnfitReferenceError("it has no part that could be read")

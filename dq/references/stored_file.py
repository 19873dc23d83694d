"""Keys of a file, in any format that files are judged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.engine.assignment import Assignment
from dq.engine.parts import opened, proven_splits
from dq.engine.planning import plan_file
from dq.engine.source_file import SourceObject
from dq.references.key_collector import MOST_BYTES, KeyCollector
from dq.schema.definition import KeyDefinition, SchemaDefinition
from etl_core.errors import PipelineError, TerminalError

if TYPE_CHECKING:
    from dq.formats.limits import Limits
    from dq.profiling.row_rules.reference_keys import ReferenceKeys
    from dq.schema.definition import WantedKeys
    from etl_core.objects.store import ObjectStore


class UnfitReferenceError(TerminalError):
    """What should hold keys was found, and does not."""


def keys_of_file(
    store: ObjectStore, bucket: str | None, key: str, wanted: WantedKeys, limits: Limits, most_bytes: int = MOST_BYTES
) -> ReferenceKeys:
    """Read the keys of one file, which holds nothing but rows that can be parsed; `bucket` None is a local file.

    Raises:
        PipelineError: it cannot be read, has not these columns, has broken rows, or too many keys.
    """
    names = tuple(column.name for column in wanted.columns)
    definition = SchemaDefinition(fields=wanted.columns, keys=(KeyDefinition(names),))
    planned = plan_file(SourceObject(0, store.peek(bucket, key), definition), Assignment(store, limits))
    if isinstance(planned, PipelineError):
        raise planned
    collector: KeyCollector | None = None
    for split in proven_splits(planned):
        task, reading = opened(store, planned, split, limits)
        if collector is None:
            lacking = set(names) - {column.name for column in task.recipe.columns}
            if lacking or not task.recipe.keys:
                raise UnfitReferenceError(f"it has no column {', '.join(sorted(lacking) or names)}")
            collector = KeyCollector(task.recipe, most_bytes)
        for batch in reading.batches():
            if batch.malformed:
                raise UnfitReferenceError(f"it has rows that cannot be parsed ({batch.malformed:,} or more)")
            collector.add(batch)
    if collector is None:
        raise UnfitReferenceError("it has no part that could be read")
    return collector.keys()

"""Before anything is read: what a file is, how it is cut into parts, and which reader gets it."""

from __future__ import annotations

from dataclasses import dataclass

from dq.engine.assignment import Assignment
from dq.engine.parts import FileTask, fault, recipe_of
from dq.engine.source_file import SourceObject, StoredSource
from dq.formats.layout import FileLayout
from dq.formats.reading import find_layout, plan_parts
from etl_core.errors import PipelineError

#: Keys counted by one task at most.
BYTES_PER_RANGE = 128 * 1024 * 1024
_BYTES_OF_A_KEY = 16


@dataclass(frozen=True, slots=True)
class ReaderChoice:
    """Which reader a file gets, `spark` or `direct`, and why, for the log."""

    reader: str
    reason: str


def plan_file(source: SourceObject, assignment: Assignment) -> FileTask | PipelineError:
    """Find a file's layout from its first bytes (of Parquet and ORC: its footer) and cut it into parts."""
    head, limits = source.peek.head, assignment.limits
    try:
        bytes_at_hand = StoredSource(assignment.store, head, source.peek.data)
        layout = find_layout(bytes_at_hand, head.key, source.definition, limits, source.peek.data, assignment.formats)
        recipe = recipe_of(layout, source.definition)
        splits = tuple(plan_parts(layout, head.size, limits))
    except PipelineError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a fault in a library must not take the neighbours down
        return fault(head.uri, error)
    whole = source.peek.data if len(source.peek.data) >= head.size else b""
    ranges = max(bytes_of_keys(layout, head.size) // BYTES_PER_RANGE, 1) if recipe.keys else 1
    return FileTask(
        source.id,
        head,
        layout,
        recipe,
        source.definition,
        splits,
        ranges,
        whole,
        assignment.keep_states,
        assignment.judged,
        source.window,
        source.isolated,
    )


def bytes_of_keys(layout: FileLayout, size: int) -> int:
    """Say how many bytes one key of all rows of a file of `size` bytes has at most.

    The shortest row of a text that is no repeat is about as long as its key. Typed formats may hold many rows in few
    bytes, and say how many.
    """
    return max(size, sum(layout.row_groups) * _BYTES_OF_A_KEY)


def choose_reader(task: FileTask, wanted: str, *, has_spark: bool) -> ReaderChoice:
    """Choose between Spark's readers and byte ranges; `wanted` is auto, spark or direct."""
    if wanted == "direct":
        return ReaderChoice("direct", "READER=direct")
    if wanted == "spark" and has_spark:
        from dq.engine.spark_readers.paths import refusal  # noqa: PLC0415 - loads Spark

        reason = refusal(task)
        if reason is None:
            return ReaderChoice("spark", "READER=spark")
        return ReaderChoice("direct", f"READER=spark, but {reason}")
    if wanted == "spark":
        return ReaderChoice("direct", "READER=spark, but there is no Spark session")
    return ReaderChoice("direct", f"parity is shown for {task.layout.format.name}")

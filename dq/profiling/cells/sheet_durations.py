"""Durations of sheets, `[h]:mm:ss`: what they are depends on what their field asks for, as with any cell of a sheet."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.moments import read_durations, read_times
from dq.profiling.cells.parsing import Parsed
from dq.profiling.cells.texts import as_text
from dq.schema.definition import FieldType


def durations_for(present: pa.Array, kind: FieldType) -> tuple[pa.Array, Parsed | None]:
    """Read durations as a field of type `kind` wants them: as they are shown, and parsed, None where it wants none.

    A time field takes those of less than a day, however many digits their hours have.
    """
    if kind is FieldType.DURATION:
        return present, read_durations(present)
    if kind is not FieldType.TIME:
        text = as_text(present)
        return text, Parsed(None, text, None) if kind is FieldType.ANY else None
    clocks = pc.cast(present, pa.int64()).cast(pa.time64("us"), safe=False)
    times = read_times(clocks)
    if times.ok is None:
        return clocks, times
    return pc.if_else(
        pa.array(times.ok), as_text(pc.if_else(pa.array(times.ok), clocks, None)), as_text(present)
    ), times


def as_durations(times: pa.Array) -> pa.Array:
    """Take times of day for durations since midnight."""
    return pc.cast(pc.cast(times, pa.time64("us")), pa.int64()).cast(pa.duration("us"))

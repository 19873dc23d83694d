"""Arrow's datetimes, times and durations as numbers of microseconds, and the nanoseconds beyond."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import MICROSECONDS, Numbers
from dq.profiling.cells.parsing import Parsed, some_rests, within
from dq.profiling.cells.written_moments import EXACT_MOMENTS, PER_SECOND

_DAY = 86_400 * 1_000_000
_MOST = 2**63 - 1


def read_datetimes(present: pa.Array) -> Parsed:
    """Read datetimes; years before 1 or after 9999 are no values."""
    if present.type == EXACT_MOMENTS:
        numbers, rests = _numbers(present.field(0), *MICROSECONDS)[0], present.field(1).to_numpy(zero_copy_only=False)
        real = (numbers >= MICROSECONDS[0]) & (numbers <= MICROSECONDS[1])
        return within(present, numbers, real, some_rests(rests.astype(np.int64)))
    read = _read(present, *MICROSECONDS)
    return replace(read, with_offset=np.ones(len(read.cells), np.bool_)) if present.type.tz else read


def read_times(present: pa.Array) -> Parsed:
    """Read times of day; what is no time of a day is no value."""
    return _read(present, 0, _DAY - 1)


def read_durations(present: pa.Array) -> Parsed:
    """Read durations; what is too long to be counted is no value."""
    return _read(present, -_MOST, _MOST)


def _read(present: pa.Array, least: int, most: int) -> Parsed:
    numbers, rests, real = _numbers(present, least, most)
    return within(present, numbers, real, rests)


def _numbers(present: pa.Array, least: int, most: int) -> tuple[Numbers, Numbers | None, Numbers]:
    """Give microseconds and the nanoseconds beyond, and which of them lie between `least` and `most`."""
    kind = present.type
    width = pa.int32() if pa.types.is_time32(kind) else pa.int64()
    raw = pc.cast(present, width).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    per_second = PER_SECOND[kind.unit]
    if per_second > PER_SECOND["us"]:
        numbers = raw // (per_second // PER_SECOND["us"])
        return numbers, some_rests(raw - numbers * 1000), (numbers >= least) & (numbers <= most)
    factor = PER_SECOND["us"] // per_second
    return raw * factor, None, (raw >= -(-least // factor)) & (raw <= most // factor)

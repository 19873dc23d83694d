"""Arrow's dates, datetimes, times and durations written as text, all that they can hold: any year, any fraction.

Equal values have one text, whatever the unit of their column: a fraction of six digits where there is one, of nine
where there are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.schema.durations import Duration

#: Moments of any year, exact to the nanosecond, as Parquet and ORC have them: none of Arrow's units holds all of them.
EXACT_MOMENTS = pa.struct([("exact moment", pa.timestamp("us")), ("rest", pa.int16())])

#: Units of Arrow in a second.
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_SECONDS_OF_DAY = 86_400
_DATE_LENGTH = 10
#: The first day of the year 1 and the last one of 9999, as days since 1970.
_FOUR_DIGITS = (-719_162, 2_932_896)
#: Beyond so many days from 1970, years of five digits and more, Arrow's calendar goes round.
_FAR = 10_000_000
#: The calendar repeats itself: 400 years, and their days.
_CYCLE, _CYCLE_DAYS = 400, 146_097
_EPOCH = date(1970, 1, 1)
Whole = npt.NDArray[np.int64]


def name_of(kind: pa.DataType) -> str:
    """Name an Arrow type for people, as the file's footer does."""
    return "timestamp[ns]" if kind == EXACT_MOMENTS else str(kind)


def is_moment(kind: pa.DataType) -> bool:
    """Tell whether values of an Arrow type are datetimes."""
    return bool(pa.types.is_timestamp(kind) or kind == EXACT_MOMENTS)


def temporal_text(cells: pa.Array) -> pa.StringArray | None:
    """Write what is measured in time, moments in UTC; None of other types."""
    kind = cells.type
    if kind == EXACT_MOMENTS:
        return _exact_text(cells)
    if pa.types.is_timestamp(kind):
        return _moment_text(cells)
    if pa.types.is_date(kind):
        return _day_text(cells)
    if pa.types.is_time(kind):
        return _clock_text(cells)
    if pa.types.is_duration(kind):
        encoded = cells.dictionary_encode()
        scale = PER_SECOND["ns"] // PER_SECOND[kind.unit]
        counts = pc.cast(encoded.dictionary, pa.int64()).to_pylist()
        return pa.array([str(Duration(count * scale)) for count in counts], pa.string()).take(encoded.indices)
    return None


def _moment_text(cells: pa.Array) -> pa.StringArray:
    unit = cells.type.unit
    days = pc.fill_null(pc.cast(cells, pa.int64()), 0).to_numpy(zero_copy_only=False) // PER_SECOND[unit]
    days //= _SECONDS_OF_DAY
    far = np.abs(days) > _FAR
    near = cells if not far.any() else pc.if_else(pa.array(far), pa.scalar(None, cells.type), cells)
    near = near.cast(pa.timestamp(unit), safe=False)  # in UTC
    whole = _whole_seconds(near, pa.timestamp("s"))
    if whole is not None:
        text = _iso(whole, days)
    else:
        text = _shortest(_iso(near if unit == "ns" else near.cast(pa.timestamp("us")), days))
    return _with_far(text, cells, far, lambda raw: _far_moment(raw, PER_SECOND[unit]))


def _iso(moments: pa.Array, days: npt.NDArray[np.int64]) -> pa.StringArray:
    """Write moments. Those of years of four digits by Arrow's own text; `strftime` takes thirty times as long."""
    if days.min(initial=0) < _FOUR_DIGITS[0] or days.max(initial=0) > _FOUR_DIGITS[1]:
        return pc.strftime(moments, "%Y-%m-%dT%H:%M:%S")
    return pc.binary_replace_slice(pc.cast(moments, pa.string()), _DATE_LENGTH, _DATE_LENGTH + 1, "T")


def _clock_text(cells: pa.Array) -> pa.StringArray:
    whole = _whole_seconds(cells, pa.time32("s"))
    if whole is not None:
        return pc.cast(whole, pa.string())
    return _shortest(pc.cast(cells if pa.types.is_time64(cells.type) else cells.cast(pa.time64("us")), pa.string()))


def _exact_text(cells: pa.StructArray) -> pa.StringArray:
    text, rests = _moment_text(cells.field(0)), cells.field(1)
    if cells.null_count:
        text = pc.if_else(cells.is_valid(), text, pa.scalar(None, pa.string()))
    finer = pc.fill_null(pc.greater(rests, 0), fill_value=False)
    if not pc.any(finer).as_py():
        return text
    micros = pc.if_else(pc.match_substring(text, "."), text, pc.binary_join_element_wise(text, ".000000", ""))
    digits = pc.utf8_lpad(pc.cast(rests, pa.string()), 3, "0")
    return pc.if_else(finer, pc.binary_join_element_wise(micros, digits, ""), text)


def _day_text(cells: pa.Array) -> pa.StringArray:
    cells = pc.cast(cells, pa.date32(), safe=False)
    days = pc.fill_null(pc.cast(cells, pa.int32()), 0).to_numpy(zero_copy_only=False)
    return _with_far(pc.cast(cells, pa.string()), cells, np.abs(days.astype(np.int64)) > _FAR, _far_day)


def _whole_seconds(cells: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Give times or moments in seconds, None where one has a fraction."""
    try:
        return cells.cast(kind)
    except pa.ArrowInvalid:
        return None


def _shortest(text: pa.StringArray) -> pa.StringArray:
    """Leave out a fraction of zeros, and nanoseconds that are none."""
    text = pc.replace_substring_regex(text, r"\.0+$", "")
    return pc.replace_substring_regex(text, r"(\.[0-9]{6})000$", r"\1")


def _with_far(
    text: pa.StringArray, cells: pa.Array, far: npt.NDArray[np.bool_], write: Callable[[int], str]
) -> pa.StringArray:
    """Put in the texts of cells that are far away, one by one."""
    if not far.any():
        return text
    integer: Any = pa.int32() if pa.types.is_date32(cells.type) else pa.int64()
    written = [write(raw) for raw in pc.cast(cells.filter(pa.array(far)), integer).to_pylist()]
    return pc.replace_with_mask(text, pa.array(far), pa.array(written, pa.string()))


def _far_day(days: int) -> str:
    cycles, within = divmod(days, _CYCLE_DAYS)
    same = _EPOCH + timedelta(days=within)
    year = same.year + cycles * _CYCLE
    return f"{'-' if year < 0 else ''}{abs(year):04}-{same:%m-%d}"


def _far_moment(raw: int, per_second: int) -> str:
    seconds, fraction = divmod(raw, per_second)
    days, clock = divmod(seconds, _SECONDS_OF_DAY)
    text = f"{_far_day(days)}T{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}"
    return f"{text}.{fraction * (1_000_000 // per_second):06}" if fraction else text

"""Typed values as numbers and back: dates, times and booleans lie on a line, so that numpy can compare them.

What is measured in time is a whole number of microseconds and a rest of 0 to 999 nanoseconds: nanoseconds alone would
reach from 1677 to 2262 only in 64 bits, and hardly any column has a rest. Of a negative number the rest counts upwards,
too: one nanosecond before 1970 is -1 and 999.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from dq.profiling.summary.summary import Scalar
from dq.schema.definition import FieldType
from dq.schema.durations import Duration
from dq.schema.fine_moments import FineMoment, fine

Numbers = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
_EPOCH_DAY = date(1970, 1, 1).toordinal()

#: In a microsecond.
_NANOSECONDS = 1000

#: The days and the microseconds, counted from 1970, that Python's calendar has: years 1 to 9999.
DAYS = (date.min.toordinal() - _EPOCH_DAY, date.max.toordinal() - _EPOCH_DAY)
MICROSECONDS = (
    (datetime.min.replace(tzinfo=timezone.utc) - _EPOCH) // datetime.resolution,
    (datetime.max.replace(tzinfo=timezone.utc) - _EPOCH) // datetime.resolution,
)


def as_number(value: object) -> int | float:
    """Give a typed value as a number: dates as days, datetimes, times and durations as microseconds, rounded down.

    Datetimes without a zone count as UTC, so all of them lie on one line.
    """
    match value:
        case bool():
            return int(value)
        case datetime() | time() | FineMoment() | Duration():
            return _microseconds(value)
        case date():
            return value.toordinal() - _EPOCH_DAY
        case Decimal():
            return float(value)
        case int() | float():
            return value
    message = f"no number stands for {type(value).__name__}"
    raise TypeError(message)


def _microseconds(value: datetime | time | FineMoment | Duration) -> int:
    match value:
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
            return (aware - _EPOCH) // datetime.resolution
        case time():
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return seconds * 1_000_000 + value.microsecond
        case FineMoment():
            return _microseconds(value.moment)
        case Duration():
            return value.nanoseconds // _NANOSECONDS


def rest_of(value: object) -> int:
    """Give the nanoseconds of a value beyond its number: 0 to 999."""
    match value:
        case FineMoment():
            return value.nanoseconds
        case Duration():
            return value.nanoseconds % _NANOSECONDS
    return 0


def from_number(number: float, kind: FieldType, rest: int = 0) -> Scalar:
    """Give the value of a type that has this number and rest; datetimes are naive and in UTC."""
    read = _READERS.get(kind)
    return number if read is None else read(number, rest)


def from_numbers(numbers: Iterable[float], kind: FieldType, rests: Iterable[int] | None = None) -> Iterable[Scalar]:
    """As `from_number`, of many."""
    read = _READERS.get(kind)
    return numbers if read is None else map(read, numbers, repeat(0) if rests is None else rests)


def text_of(value: Scalar) -> str:
    """Write a value as text: days, datetimes and times in ISO 8601, durations as `H:MM:SS`."""
    return value.isoformat() if isinstance(value, (date, time, FineMoment)) else str(value)


def _moment(number: float) -> datetime:
    return _NAIVE_EPOCH + timedelta(microseconds=round(number))


_READERS: Mapping[FieldType, Callable[[float, int], Scalar]] = {
    FieldType.BOOLEAN: lambda number, _: bool(number),
    FieldType.DATE: lambda number, _: date.fromordinal(round(number) + _EPOCH_DAY),
    FieldType.DATETIME: lambda number, rest: fine(_moment(number), rest),
    FieldType.TIME: lambda number, rest: fine(_moment(number).time(), rest),
    FieldType.DURATION: lambda number, rest: Duration(round(number) * _NANOSECONDS + rest),
}

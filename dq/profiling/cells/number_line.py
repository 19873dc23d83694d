"""Typed values as numbers and back: dates, times and booleans lie on a line, so that numpy can compare them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

from dq.profiling.summary.summary import Scalar
from dq.schema.definition import FieldType

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
_EPOCH_DAY = date(1970, 1, 1).toordinal()

#: The days and the microseconds, counted from 1970, that Python's calendar has: years 1 to 9999.
DAYS = (date.min.toordinal() - _EPOCH_DAY, date.max.toordinal() - _EPOCH_DAY)
MICROSECONDS = (
    (datetime.min.replace(tzinfo=timezone.utc) - _EPOCH) // datetime.resolution,
    (datetime.max.replace(tzinfo=timezone.utc) - _EPOCH) // datetime.resolution,
)


def as_number(value: object) -> int | float:
    """Give a typed value as a number: dates as days, datetimes and times as microseconds.

    Datetimes without a zone count as UTC, so all of them lie on one line.
    """
    match value:
        case bool():
            return int(value)
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
            return (aware - _EPOCH) // datetime.resolution
        case date():
            return value.toordinal() - _EPOCH_DAY
        case time():
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return seconds * 1_000_000 + value.microsecond
        case Decimal():
            return float(value)
        case int() | float():
            return value
    message = f"no number stands for {type(value).__name__}"
    raise TypeError(message)


def from_number(number: float, kind: FieldType) -> Scalar:
    """Give the value of a type that `as_number` maps to `number`; datetimes are naive and in UTC."""
    read = _READERS.get(kind)
    return number if read is None else read(number)


def from_numbers(numbers: Iterable[float], kind: FieldType) -> Iterable[Scalar]:
    """As `from_number`, of many."""
    read = _READERS.get(kind)
    return numbers if read is None else map(read, numbers)


def _moment(number: float) -> datetime:
    return _NAIVE_EPOCH + timedelta(microseconds=round(number))


_READERS: Mapping[FieldType, Callable[[float], Scalar]] = {
    FieldType.BOOLEAN: bool,
    FieldType.DATE: lambda number: date.fromordinal(round(number) + _EPOCH_DAY),
    FieldType.DATETIME: _moment,
    FieldType.TIME: lambda number: _moment(number).time(),
}

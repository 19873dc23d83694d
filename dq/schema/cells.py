"""The grammar of text cells: which texts are values of a declared type, and which value they are.

This is the readable statement of the rule. The vectorised parser of the profiling core gives the same answers, and a
test compares the two. White space is part of a cell, so ` 1` is no integer; digits are ASCII digits.
"""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime, time, timezone
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from dq.schema.date_formats import shape_of
from dq.schema.definition import FieldType
from dq.schema.durations import Duration, read_duration
from dq.schema.fine_moments import FineMoment, fine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Expressions a whole cell must match. They are plain enough to mean the same in `re`, RE2, Rust and Java.
INTEGER_PATTERN: Final = r"[+-]?[0-9]+"
DECIMAL_PATTERN: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
NUMBER_PATTERN: Final = DECIMAL_PATTERN + r"(?:[eE][+-]?[0-9]+)?"
DATE_PATTERN: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME_PATTERN: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
OFFSET_PATTERN: Final = r"Z|[+-][0-9]{2}:[0-9]{2}"
DATETIME_PATTERN: Final = f"{DATE_PATTERN}[T ]{TIME_PATTERN}(?:{OFFSET_PATTERN})?"

TRUE_TEXTS: Final = ("true", "True", "TRUE", "1")
FALSE_TEXTS: Final = ("false", "False", "FALSE", "0")

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1

#: Where a minute, an hour and a second begin in `HH:MM:SS`, and how long a date is.
_DATE_LENGTH: Final = 10
_SECONDS_LENGTH: Final = 8
_NANOSECOND_DIGITS: Final = 9
_MAX_OFFSET_HOUR: Final = 23
_MAX_OFFSET_MINUTE: Final = 59
_INTEGER_DIGITS: Final = 19


class Unparsable(Enum):
    """The one answer for a text that is no value of its type."""

    UNPARSABLE = "unparsable"


UNPARSABLE: Final = Unparsable.UNPARSABLE

CellValue: TypeAlias = (
    "int | float | Decimal | bool | date | datetime | time | FineMoment | Duration | str | dict[str, Any] | list[Any]"
)


def parse_cell(text: str, field_type: FieldType, date_format: str | None = None) -> CellValue | Unparsable:
    """Read one cell that is not null.

    Args:
        text: the cell, as it stands in the file after CSV unquoting.
        field_type: the declared type of its column.
        date_format: a `strptime` format, used for date, datetime and time only.

    Returns:
        The typed value, or `UNPARSABLE`. A datetime is naive and in UTC: an offset is applied, a text without one is
        taken as UTC. A datetime or time is Python's own, or a `FineMoment` where it has nanoseconds.
    """
    if date_format is not None and field_type in _FROM_STRPTIME:
        return _parse_with_format(text, field_type, date_format)
    return _PARSERS[field_type](text)


def _parse_text(text: str) -> str:
    return text


def _parse_integer(text: str) -> int | Unparsable:
    if not _INTEGER.fullmatch(text):
        return UNPARSABLE
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > _INTEGER_DIGITS:  # also keeps clear of Python's limit on the digits of int()
        return UNPARSABLE
    value = -int(digits) if text.startswith("-") else int(digits)
    return value if INTEGER_MIN <= value <= INTEGER_MAX else UNPARSABLE


def _parse_number(text: str) -> float | Unparsable:
    if not _NUMBER.fullmatch(text):
        return UNPARSABLE
    value = float(text)
    return value if math.isfinite(value) else UNPARSABLE


def _parse_decimal(text: str) -> Decimal | Unparsable:
    return Decimal(text) if _DECIMAL.fullmatch(text) else UNPARSABLE


def _parse_boolean(text: str) -> bool | Unparsable:
    if text in TRUE_TEXTS:
        return True
    return False if text in FALSE_TEXTS else UNPARSABLE


def _parse_date(text: str) -> date | Unparsable:
    if not _DATE.fullmatch(text):
        return UNPARSABLE
    try:
        return date(int(text[0:4]), int(text[5:7]), int(text[8:10]))
    except ValueError:
        return UNPARSABLE


def _parse_time(text: str) -> time | FineMoment | Unparsable:
    clock = _read_clock(text) if _TIME.fullmatch(text) else None
    return UNPARSABLE if clock is None else fine(*clock)


def _read_clock(text: str) -> tuple[time, int] | None:
    """Read a clock that looks like one: to the microsecond, and the nanoseconds beyond; None where there is none."""
    fraction = int(text[_SECONDS_LENGTH + 1 :].ljust(_NANOSECOND_DIGITS, "0"))
    try:
        return time(int(text[0:2]), int(text[3:5]), int(text[6:8]), fraction // 1000), fraction % 1000
    except ValueError:
        return None


def _parse_datetime(text: str) -> datetime | FineMoment | Unparsable:
    match = _DATETIME.fullmatch(text)
    if not match:
        return UNPARSABLE
    day = _parse_date(text[:_DATE_LENGTH])
    clock = _read_clock(match.group("clock"))
    if isinstance(day, Unparsable) or clock is None:
        return UNPARSABLE
    local = datetime.combine(day, clock[0])
    offset = match.group("offset")
    if offset is not None and offset != "Z":
        hours, minutes = int(offset[1:3]), int(offset[4:6])
        if hours > _MAX_OFFSET_HOUR or minutes > _MAX_OFFSET_MINUTE:
            return UNPARSABLE
        # fromisoformat understands +hh:mm in every supported Python, and arithmetic stays in one place
        moment = _in_utc(datetime.fromisoformat(local.isoformat() + offset))
        if isinstance(moment, Unparsable):
            return UNPARSABLE
        local = moment
    return fine(local, clock[1])


def _parse_duration(text: str) -> Duration | Unparsable:
    duration = read_duration(text)
    return UNPARSABLE if duration is None else duration


def _parse_object(text: str) -> dict[str, Any] | Unparsable:
    value = _parse_json(text)
    return value if isinstance(value, dict) else UNPARSABLE


def _parse_array(text: str) -> list[Any] | Unparsable:
    value = _parse_json(text)
    return value if isinstance(value, list) else UNPARSABLE


def _parse_json(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return UNPARSABLE


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _parse_with_format(text: str, field_type: FieldType, date_format: str) -> date | time | Unparsable:
    """Python's own strptime decides on texts with all their digits; a date keeps its day, others are moved to UTC."""
    if not shape_of(date_format).fullmatch(text):
        return UNPARSABLE
    try:
        value = datetime.strptime(text, date_format)  # noqa: DTZ007 - the format may well carry no offset
    except (ValueError, OverflowError):
        return UNPARSABLE
    if field_type is FieldType.DATE:
        return value.date()
    moment = _in_utc(value)
    if isinstance(moment, Unparsable):
        return UNPARSABLE
    return moment.time() if field_type is FieldType.TIME else moment


def _in_utc(value: datetime) -> datetime | Unparsable:
    if value.tzinfo is None:
        return value
    try:
        return value.astimezone(timezone.utc).replace(tzinfo=None)
    except OverflowError:  # the first or last hours of the calendar
        return UNPARSABLE


_INTEGER: Final = re.compile(INTEGER_PATTERN)
_NUMBER: Final = re.compile(NUMBER_PATTERN)
_DECIMAL: Final = re.compile(DECIMAL_PATTERN)
_DATE: Final = re.compile(DATE_PATTERN)
_TIME: Final = re.compile(TIME_PATTERN)
_DATETIME: Final = re.compile(f"{DATE_PATTERN}[T ](?P<clock>{TIME_PATTERN})(?P<offset>{OFFSET_PATTERN})?")

_FROM_STRPTIME: Final = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.TIME})

_PARSERS: Final[Mapping[FieldType, Callable[[str], CellValue | Unparsable]]] = {
    FieldType.STRING: _parse_text,
    FieldType.ANY: _parse_text,
    FieldType.INTEGER: _parse_integer,
    FieldType.NUMBER: _parse_number,
    FieldType.DECIMAL: _parse_decimal,
    FieldType.BOOLEAN: _parse_boolean,
    FieldType.DATE: _parse_date,
    FieldType.DATETIME: _parse_datetime,
    FieldType.TIME: _parse_time,
    FieldType.DURATION: _parse_duration,
    FieldType.OBJECT: _parse_object,
    FieldType.ARRAY: _parse_array,
}

"""Texts of datetimes, times and durations as numbers, a column at a time: microseconds, and the nanoseconds beyond."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import DAYS, MICROSECONDS, Mask, Numbers
from dq.profiling.cells.strptime import IsoPattern
from dq.profiling.cells.texts import offsets_of
from dq.schema.definition import FieldType

#: Characters of an ISO datetime with six digits of a second, and with nine.
_TO_MICROSECONDS, _TO_NANOSECONDS = 26, 29

#: Durations whose numbers surely fit: few digits in each of their parts.
SURE_DURATION = (
    r"^[+-]?(?:[0-9]{1,9}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
    r"|P(?:[0-9]{1,6}W|[0-9]{1,7}D)"
    r"|P(?:[0-9]{1,7}D)?T(?:[0-9]{1,9}H(?:[0-9]{1,9}M)?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?S)?"
    r"|[0-9]{1,9}M(?:[0-9]{1,9}(?:\.[0-9]{1,9})?S)?|[0-9]{1,9}(?:\.[0-9]{1,9})?S))$"
)
_CLOCK = (
    r"^(?P<sign>[+-]?)(?P<hours>[0-9]{1,9}):(?P<minutes>[0-5][0-9]):(?P<seconds>[0-5][0-9])(?:\.(?P<part>[0-9]{1,9}))?$"
)
_ISO = (
    r"^(?P<sign>[+-]?)P(?:(?P<weeks>[0-9]{1,6})W)?(?:(?P<days>[0-9]{1,7})D)?(?:T(?:(?P<hours>[0-9]{1,9})H)?"
    r"(?:(?P<minutes>[0-9]{1,9})M)?(?:(?P<seconds>[0-9]{1,9})(?:\.(?P<part>[0-9]{1,9}))?S)?)?$"
)
_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


class Values(NamedTuple):
    """The values of cells as numbers, their nanoseconds beyond, and which say where they are from UTC.

    Each of the latter two is None where no cell has any.
    """

    numbers: Numbers
    rests: Numbers | None = None
    with_offset: Mask | None = None


def moments(text: pa.StringArray, kind: FieldType, pattern: IsoPattern) -> Values | None:
    """Convert dates, datetimes and times that stand in the order of `pattern`; None where one does not.

    Raises ArrowInvalid for what stands so and is no day or clock.
    """
    iso = pattern.to_iso(text)
    if iso is None:
        return None
    if kind is FieldType.DATE:
        days: Numbers = pc.cast(iso, pa.date32()).cast(pa.int32()).to_numpy(zero_copy_only=False)
        # Arrow's calendar has a year 0.
        return Values(days.astype(np.int64)) if days.min() >= DAYS[0] else None
    rests = None
    if _longest(iso) > _TO_MICROSECONDS:
        # Arrow's own nanoseconds reach from 1677 to 2262 only.
        behind = pc.utf8_slice_codeunits(iso, _TO_MICROSECONDS, _TO_NANOSECONDS + 1)
        if not pc.all(pc.match_substring_regex(behind, "^[0-9]{0,3}$")).as_py():
            return None
        digits = pc.cast(pc.utf8_rpad(behind, _TO_NANOSECONDS - _TO_MICROSECONDS, "0"), pa.int64())
        rests = digits.to_numpy(zero_copy_only=False)
        iso = pc.utf8_slice_codeunits(iso, 0, _TO_MICROSECONDS)
    numbers: Numbers = pc.cast(iso, pa.timestamp("us")).cast(pa.int64()).to_numpy(zero_copy_only=False)
    if numbers.min() < MICROSECONDS[0]:
        return None
    return Values(numbers, rests if rests is not None and rests.any() else None)


def moments_of_utc(text: pa.StringArray, pattern: IsoPattern) -> Values | None:
    """Convert datetimes of which some end in Z, as `moments` does those that do not."""
    zulu = pc.ends_with(text, "Z")
    with_offset: Mask = zulu.to_numpy(zero_copy_only=False)
    if not with_offset.any():
        return moments(text, FieldType.DATETIME, pattern)
    plain = pc.utf8_slice_codeunits(text, 0, -1)
    if not with_offset.all():
        plain = pc.if_else(zulu, plain, text)
    found = moments(plain, FieldType.DATETIME, pattern)
    return None if found is None else found._replace(with_offset=with_offset)


def _longest(text: pa.StringArray) -> int:
    return int(np.diff(offsets_of(text)).max(initial=0))


def has_offset(text: str) -> bool:
    """Tell whether a datetime of the grammar of cells says where it is from UTC."""
    return text.endswith("Z") or text[-6:-5] in ("+", "-")


def durations(text: pa.StringArray) -> Values | None:
    """Convert durations that are all written as a clock, or all in ISO 8601; None where one surely is not.

    The texts are taken for durations once `SURE_DURATION` fits all of them: an expression alone that also gives the
    parts would take `PT` for one.
    """
    if not pc.all(pc.match_substring_regex(text, SURE_DURATION)).as_py():
        return None
    as_iso: Mask = pc.match_substring(text, "P").to_numpy(zero_copy_only=False)
    if not as_iso.any():
        return _of_parts(pc.extract_regex(text, _CLOCK))
    if as_iso.all():
        return _of_parts(pc.extract_regex(text, _ISO))
    numbers, rests = np.empty(len(text), np.int64), np.zeros(len(text), np.int64)
    for mask, expression in ((as_iso, _ISO), (~as_iso, _CLOCK)):
        part = _of_parts(pc.extract_regex(text.filter(pa.array(mask)), expression))
        numbers[mask] = part.numbers
        rests[mask] = 0 if part.rests is None else part.rests
    return Values(numbers, rests if rests.any() else None)


def _of_parts(parts: pa.StructArray) -> Values:
    """Add the parts of durations up."""
    names = {field.name for field in parts.type}
    seconds: Numbers = np.zeros(len(parts), np.int64)
    for name in names & _SECONDS.keys():
        seconds += _whole(parts.field(name)) * _SECONDS[name]
    nanoseconds = _whole(pc.utf8_rpad(parts.field("part"), 9, "0"))
    negative: Mask = pc.equal(parts.field("sign"), "-").to_numpy(zero_copy_only=False)
    numbers = seconds * 1_000_000 + nanoseconds // 1000
    rests = nanoseconds % 1000
    if negative.any():
        numbers[negative] = -numbers[negative] - (rests[negative] > 0)
        rests[negative] = -rests[negative] % 1000
    return Values(numbers, rests if rests.any() else None)


def _whole(digits: pa.StringArray) -> Numbers:
    """Read digits, none as 0."""
    filled = pc.if_else(pc.equal(digits, ""), "0", digits)
    numbers: Numbers = pc.cast(filled, pa.int64()).to_numpy(zero_copy_only=False)
    return numbers

"""Whole numbers and decimals, a column at a time, without rounding: 64-bit integers and a common number of places.

What does not fit into 64 bits is computed with Python's integers, which have no end, so that a result never depends on
the numbers that happen to stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import Mask, Numbers

#: Digits that a decimal may have before its point, and behind it, beyond which it counts as unknown.
MOST_DIGITS: Final = 38
_MOST: Final = 2**63 - 1
#: Doubles hold whole numbers, and powers of ten, up to these.
_EXACT_DOUBLES: Final = 2**53
_EXACT_POWERS: Final = 22
_WORDS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class ExactNumbers:
    """Numbers as `units` / 10 ** `places`: 64-bit integers, or Python's where one of them needs more."""

    units: Numbers
    places: int = 0

    def at(self, places: int) -> Numbers:
        """Give the units of as many places, not fewer than these have."""
        return _product(self.units, _one(10 ** (places - self.places))) if places > self.places else self.units


def _one(number: int) -> Numbers:
    """Give a number as an array of one, whatever its size."""
    return np.array([number], np.int64 if abs(number) <= _MOST else np.object_)


def exact_number(number: int, places: int = 0) -> ExactNumbers:
    """Give one number, to go with columns of any length."""
    return ExactNumbers(_one(number), places)


def compared(operator: str, left: ExactNumbers, right: ExactNumbers) -> Mask:
    """Compare two columns, cell by cell."""
    places = max(left.places, right.places)
    return compared_numbers(operator, left.at(places), right.at(places))


def compared_numbers(operator: str, left: Numbers, right: Numbers) -> Mask:
    """Compare two columns of plain numbers, cell by cell."""
    match operator:
        case "=":
            found = left == right
        case "!=":
            found = left != right
        case "<":
            found = left < right
        case "<=":
            found = left <= right
        case ">":
            found = left > right
        case _:
            found = left >= right
    return np.asarray(found, np.bool_)


def added(left: ExactNumbers, right: ExactNumbers) -> ExactNumbers:
    """Add two columns."""
    places = max(left.places, right.places)
    one, other = left.at(places), right.at(places)
    if _largest(one) + _largest(other) <= _MOST:
        return ExactNumbers(one + other, places)
    return ExactNumbers(_shortest(one.astype(np.object_) + other.astype(np.object_)), places)


def multiplied(left: ExactNumbers, right: ExactNumbers) -> ExactNumbers:
    """Multiply two columns."""
    return ExactNumbers(_shortest(_product(left.units, right.units)), left.places + right.places)


def negated(number: ExactNumbers) -> ExactNumbers:
    """Give the numbers with the other sign."""
    if _largest(number.units) <= _MOST:
        return ExactNumbers(-number.units, number.places)
    return ExactNumbers(_shortest(-number.units.astype(np.object_)), number.places)


def in_range(number: ExactNumbers, *, whole: bool) -> tuple[ExactNumbers, Mask | None]:
    """Set numbers that are too large to 0, and tell which are not (None: none is).

    Integers (`whole`) have 64 bits, other numbers at most 38 digits before the point.
    """
    if number.units.dtype != np.object_:
        return number, None
    most = _MOST if whole else 10 ** (MOST_DIGITS + number.places) - 1
    low, high = -most - 1 if whole else -most, most
    fits = np.asarray((number.units >= low) & (number.units <= high), np.bool_)
    return ExactNumbers(_shortest(np.where(fits, number.units, 0)), number.places), None if fits.all() else fits


def as_doubles(number: ExactNumbers) -> npt.NDArray[np.float64]:
    """Round numbers to doubles, each to the nearest one."""
    units, places = number.units, number.places
    if places == 0 and units.dtype != np.object_:
        return units.astype(np.float64)
    if units.dtype != np.object_ and places <= _EXACT_POWERS and _largest(units) <= _EXACT_DOUBLES:
        return units.astype(np.float64) / float(10**places)
    power = 10**places  # Python divides integers of any size to the nearest double
    return np.array([one / power for one in units.tolist()], np.float64)


def from_decimal_text(text: pa.StringArray) -> tuple[ExactNumbers, Mask | None]:
    """Read decimals as they are written, and tell which have no more than the digits there may be (None: all)."""
    points = pc.find_substring(text, ".")
    behind = pc.if_else(pc.less(points, 0), 0, pc.subtract(pc.subtract(pc.binary_length(text), points), 1))
    places = pc.max(behind).as_py() or 0
    if places <= MOST_DIGITS:
        try:
            found = pc.cast(text, pa.decimal128(MOST_DIGITS, places))
        except pa.ArrowInvalid:
            return _one_by_one(text)
        words = np.frombuffer(found.buffers()[1], np.int64).reshape(-1, _WORDS)[
            found.offset : found.offset + len(found)
        ]
        low, high = words[:, 0], words[:, 1]
        if (high == low >> np.int64(63)).all():
            return ExactNumbers(low, places), None
    return _one_by_one(text)


def _one_by_one(text: pa.StringArray) -> tuple[ExactNumbers, Mask | None]:
    """Read each distinct decimal for itself."""
    encoded = text.dictionary_encode()
    parts = [_parts(one) for one in encoded.dictionary.to_pylist()]
    places = max((len(behind) for _, behind in filter(None, parts)), default=0)
    units = np.array([0 if one is None else _units(*one, places) for one in parts], np.object_)
    fits = np.array([one is not None for one in parts], np.bool_)
    at = encoded.indices.to_numpy(zero_copy_only=False)
    return ExactNumbers(_shortest(units[at]), places), None if fits.all() else fits[at]


def _parts(text: str) -> tuple[str, str] | None:
    """Give the digits before the point, with their sign, and those behind it; None where there are too many."""
    whole, _, behind = text.lstrip("+-").partition(".")
    whole, behind = whole.lstrip("0"), behind.rstrip("0")
    if max(len(whole), len(behind)) > MOST_DIGITS:
        return None
    return ("-" if text.startswith("-") else "") + (whole or "0"), behind


def _units(whole: str, behind: str, places: int) -> int:
    return int(whole + behind.ljust(places, "0"))


def _largest(numbers: Numbers) -> int:
    """Give the largest size of any of the numbers."""
    return max(int(numbers.max()), -int(numbers.min())) if len(numbers) else 0


def _product(left: Numbers, right: Numbers) -> Numbers:
    if _largest(left) * _largest(right) <= _MOST:
        product: Numbers = left * right
    else:
        product = left.astype(np.object_) * right.astype(np.object_)
    return product


def _shortest(numbers: Numbers) -> Numbers:
    """Give Python's integers as those of 64 bits where all of them fit."""
    if numbers.dtype == np.object_ and _largest(numbers) <= _MOST:
        return numbers.astype(np.int64)
    return numbers

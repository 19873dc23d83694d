"""Single values of a profile as JSON."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

from dq.schema.fine_moments import FineMoment

if TYPE_CHECKING:
    from collections.abc import Callable

    from dq.profiling.summary.summary import Example, Scalar
    from dq.verdict.payload.cuts import Cutter


JsonValue: TypeAlias = "bool | int | float | str"


def finite(number: float | None) -> float | None:
    """Give a number JSON has: NaN and the infinities become null."""
    return number if number is not None and isfinite(number) else None


def stated_error(error: float) -> float:
    """Give the error of an estimate; one that nobody can tell is everything."""
    return error if isfinite(error) else 1.0


def example_value(example: Example, write: Callable[[str], str]) -> JsonValue | list[JsonValue]:
    """Write the value of an example, its texts by `write`; of a key of several columns a list.

    Numbers and truth values are JSON's. Decimals, and whole numbers that a reader of JSON would round, are texts.
    """
    value = example.text if example.value is None else example.value
    if isinstance(value, tuple):
        return [write(part) if isinstance(part, str) else part for part in value]
    return write(value) if isinstance(value, str) else value


def json_value(value: Scalar | None, cutter: Cutter) -> bool | int | float | str | None:
    """Write a typed value: dates and times in ISO form, durations as `H:MM:SS`, decimals as text, others as numbers."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return finite(value)
        case Decimal():
            return cutter.text(format(value, "f")) if value.is_finite() else None
        case date() | time() | FineMoment():
            return value.isoformat()
        case _:
            return cutter.text(str(value))

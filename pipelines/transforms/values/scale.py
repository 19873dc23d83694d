"""`{"scale": 0.01}`: numbers times a factor, exact to the last digit and without a digit too many.

What is no number stays. Done twice, it scales twice.

>>> tried({"scale": 0.01}, "1250", "-7", "12.345", "1e3", "12,50", "n/a")
['12.5', '-0.07', '0.12345', '10', '12,50', 'n/a']
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from dq import Problems, shown
from pipelines.transforms.distinct import each_distinct, where
from pipelines.transforms.step import StepKind
from pipelines.transforms.values.decimal_text import (
    EXACTLY,
    MOST_DIGITS,
    decimal_of,
    decimal_text,
    decimal_texts,
    read_decimal,
)

_EXAMPLE: Final = '{"scale": 0.01}'
#: Numbers of 21 digits times a factor of 16 fit into Arrow's decimals, which have 38.
_SURE: Final = r"^[+-]?[0-9]{1,15}(?:\.[0-9]{1,6})?$"
_SURE_TYPE: Final = pa.decimal128(21, 6)
_FACTOR_DIGITS: Final = 16


def _read(raw: Any, place: str, problems: Problems) -> Decimal | None:  # noqa: ANN401 - any JSON value
    factor = decimal_of(raw)
    if not factor:
        expected = f"a number other than 0 of at most {MOST_DIGITS} digits"
        problems.add(place, f"is {shown(raw)}; expected {expected}, such as {_EXAMPLE}")
        return None
    return factor


def _scaled(column: pa.StringArray, factor: Decimal) -> pa.StringArray:
    exponent = int(factor.as_tuple().exponent)
    digits = len(factor.as_tuple().digits) + abs(exponent)
    if digits > _FACTOR_DIGITS:
        return each_distinct(column, lambda text: _one(text, factor))
    sure = pc.match_substring_regex(column, _SURE)
    places = max(-exponent, 0)
    scalar = pa.scalar(factor.quantize(Decimal(1).scaleb(-places)), pa.decimal128(_FACTOR_DIGITS, places))

    def multiplied(numbers: pa.StringArray) -> pa.StringArray:
        return decimal_texts(pc.multiply(pc.cast(numbers, _SURE_TYPE), scalar))

    unsure = where(pc.invert(sure), column, lambda some: each_distinct(some, lambda text: _one(text, factor)))
    return where(sure, unsure, multiplied)


def _one(text: str, factor: Decimal) -> str:
    number = read_decimal(text)
    return text if number is None else decimal_text(EXACTLY.multiply(number, factor))


SCALE: Final = StepKind("scale", _scaled, _read, example=_EXAMPLE, numbers=True)

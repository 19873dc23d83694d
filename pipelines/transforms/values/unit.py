"""`{"unit": "kg"}`: quantities in one unit, as bare numbers. What has no unit of that kind stays.

A quantity is a number as cells are written, then a unit: its symbol or English name, in any case, spaced as it may
be. Mass (g, mg, kg, t, oz, lb), length (m, mm, cm, km, in, ft, yd, mi, nmi), area (m2, km2, ha, ft2, mi2, acre),
volume (l, ml, m3, gal, ft3), duration (s, ms, min, h, d), speed (m/s, km/h, mph, kn) and temperature (K, C, F) are
read. Gallons are those of the United States. A bare number is taken to be in the unit already. The result is exact,
or rounded to 15 digits where no decimal number is (a third of something).

>>> tried({"unit": "kg"}, "12.5 kg", "500g", "10 LBS", "12.5", "12,5 kg", "3 m")
['12.5', '0.5', '4.5359237', '12.5', '12,5 kg', '3 m']
>>> tried({"unit": "C"}, "212 °F", "70F", "-5 °C")
['100', '21.1111111111111', '-5']
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dq import Problems, shown, suggestion
from pipelines.transforms.distinct import each_distinct, matching
from pipelines.transforms.step import StepKind
from pipelines.transforms.values.decimal_text import EXACTLY, decimal_text, read_decimal
from pipelines.transforms.values.unit_tables import SPELLINGS, UNITS, Unit

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLE: Final = '{"unit": "kg"}'
_QUANTITY: Final = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([^\s0-9.][^0-9]*[23]?\.?)")
_LONGEST: Final = 200
_NOT_SAID: Final = re.compile(r"[\s.°]+")
_POWERS: Final = str.maketrans("²³", "23")
_ROUNDED: Final = Context(prec=15)


class _Conversion(NamedTuple):
    """A number times `factor` and `offset` more; divided by `divisor` and rounded where that does not come out even."""

    factor: Decimal
    offset: Decimal
    divisor: Decimal | None


def _read(raw: Any, place: str, problems: Problems) -> str | None:  # noqa: ANN401 - any JSON value
    if isinstance(raw, str) and raw in UNITS:
        return raw
    near = suggestion(raw, UNITS) if isinstance(raw, str) else ""
    problems.add(place, f"is {shown(raw)}; expected one of {', '.join(UNITS)}, as in {_EXAMPLE}{near}")
    return None


def _in_unit(column: pa.StringArray, symbol: str) -> pa.StringArray:
    """Only what has both a digit and something else than a number can be a quantity."""
    table = _conversions(symbol)
    return matching(column, r"[0-9]\s*[^0-9.\s+-]", lambda some: each_distinct(some, lambda text: _one(text, table)))


def _one(text: str, conversions: Mapping[str, _Conversion]) -> str:
    found = _QUANTITY.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    number = read_decimal(found[1]) if found else None
    if found is None or number is None:
        return text
    conversion = conversions.get(_NOT_SAID.sub("", found[2]).translate(_POWERS).lower())
    if conversion is None:
        return text
    product = EXACTLY.add(EXACTLY.multiply(number, conversion.factor), conversion.offset)
    return decimal_text(product if conversion.divisor is None else _ROUNDED.divide(product, conversion.divisor))


@lru_cache(maxsize=64)
def _conversions(symbol: str) -> Mapping[str, _Conversion]:
    """Give the ways to a unit from every spelling of one of its kind."""
    wished = UNITS[symbol]
    return {spelling: _conversion(given, wished) for spelling, given in SPELLINGS[wished.kind].items()}


def _conversion(given: Unit, wished: Unit) -> _Conversion:
    factor = given.factor / wished.factor
    offset = (given.offset - wished.offset) / wished.factor
    divisor = factor.denominator * offset.denominator
    if Fraction(10**_LONGEST, divisor).denominator == 1:
        return _Conversion(_decimal(factor), _decimal(offset), None)
    return _Conversion(Decimal(int(factor * divisor)), Decimal(int(offset * divisor)), Decimal(divisor))


def _decimal(number: Fraction) -> Decimal:
    return EXACTLY.divide(Decimal(number.numerator), Decimal(number.denominator))


UNIT: Final = StepKind("unit", _in_unit, _read, example=_EXAMPLE, numbers=True)

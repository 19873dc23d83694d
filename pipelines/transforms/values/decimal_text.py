"""Decimal numbers and their one spelling: exact, no plus, no exponent, no zero that says nothing."""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from dq import exact

#: Nobody means a longer number, and its exact product must cost nothing.
_LONGEST: Final = 200
_LARGEST_EXPONENT: Final = 400
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
#: Digits, before and behind the point, of a number in a definition.
MOST_DIGITS: Final = 30
#: More digits than two such numbers and a factor of any unit have together: nothing is rounded.
EXACTLY: Final = Context(prec=2000, Emax=MAX_EMAX, Emin=MIN_EMIN)


def read_decimal(text: str) -> Decimal | None:
    """Read a number as cells are written, to the last digit; None of what is none.

    >>> read_decimal("-12.50"), read_decimal("1e3"), read_decimal("1,250"), read_decimal(" 1")
    (Decimal('-12.50'), Decimal('1E+3'), None, None)
    """
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    return number if abs(number.adjusted()) <= _LARGEST_EXPONENT else None


def decimal_of(raw: Any) -> Decimal | None:  # noqa: ANN401 - any JSON value
    """Give a number of a definition as it is written, None of what is none, or not of an ordinary size."""
    if exact(raw) is None:
        return None
    number = Decimal(repr(raw) if isinstance(raw, float) else raw).normalize(EXACTLY)
    return number if len(number.as_tuple().digits) <= MOST_DIGITS and abs(number.adjusted()) < MOST_DIGITS else None


def decimal_text(number: Decimal) -> str:
    """Write a number.

    >>> [decimal_text(Decimal(text)) for text in ("012.50", "1E+3", "-0.00", ".5")]
    ['12.5', '1000', '0', '0.5']
    """
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def decimal_texts(numbers: pa.Array) -> pa.StringArray:
    """Write a column of Arrow's decimals.

    >>> decimal_texts(pa.array([Decimal("12.50"), None, Decimal("0.00")])).to_pylist()
    ['12.5', None, '0']
    """
    text = pc.cast(numbers, pa.string())
    with_exponent = pc.match_substring(text, "E")  # Arrow's way with very small ones, and zeros of many places
    shortest = text if numbers.type.scale <= 0 else pc.utf8_rtrim(pc.utf8_rtrim(text, characters="0"), characters=".")
    if not pc.any(with_exponent).as_py():
        return shortest
    small = pa.array(map(decimal_text, numbers.filter(with_exponent).to_pylist()), pa.string())
    return pc.replace_with_mask(shortest, pc.fill_null(with_exponent, fill_value=False), small)

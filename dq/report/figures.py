"""How figures are written on a page: the same everywhere, never longer than a cell."""

from __future__ import annotations

import re
from typing import Final

from dq.checks.wording import visible

_MOST: Final = 1000
#: Digits that are shown of a figure that is no whole number.
_DIGITS: Final = 6
_LARGEST: Final = 1e15
_KIB: Final = 1024
_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
_PLAIN: Final = re.compile(r"[ -~]*")


def number(value: float) -> str:
    """Write a number: whole ones with commas, others with six digits.

    >>> number(1234567), number(0.12345678), number(2473.8276), number(1e300)
    ('1,234,567', '0.123457', '2,473.83', '1e+300')
    """
    if isinstance(value, int) and abs(value) < _LARGEST:
        return f"{value:,}"
    if abs(value) >= _LARGEST:
        return f"{value:.{_DIGITS}g}"
    whole = len(str(int(abs(value))))
    if abs(value) < 1:
        return f"{value:.{_DIGITS}g}"
    return f"{value:,.{max(_DIGITS - whole, 0)}f}".rstrip("0").rstrip(".") if whole < _DIGITS else f"{value:,.0f}"


def points(value: float) -> str:
    """Write points of the score: `4.8`, `0.04`; what is less than the hundredth part of one is not 0.

    >>> points(4.8), points(35.0), points(0.001), points(0)
    ('4.8', '35', '<0.01', '0')
    """
    if 0 < value < 0.005:  # noqa: PLR2004 - half of the last digit
        return "<0.01"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """Write a share; neither 0 % nor 100 % is said of what is only nearly that.

    >>> percent(0.0262), percent(1.0), percent(0.0), percent(0.99999), percent(0.00001)
    ('2.6 %', '100 %', '0 %', '>99.9 %', '<0.1 %')
    """
    if 0 < share < 0.001:  # noqa: PLR2004 - what is written
        return "<0.1 %"
    if 0.999 < share < 1:  # noqa: PLR2004 - what is written
        return ">99.9 %"
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def size(number_of_bytes: int) -> str:
    """Write a size.

    >>> size(12), size(2048), size(2332684)
    ('12 bytes', '2.0 KiB', '2.2 MiB')
    """
    value, unit = float(number_of_bytes), 0
    while value >= _KIB and unit < len(_UNITS) - 1:
        value, unit = value / _KIB, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{number_of_bytes:,} bytes"


def shown(value: object) -> object:
    r"""Make a text fit for a page: what nobody can see is written as its code point, and it is cut to 1,000 characters.

    Every text of a page goes through this, so that no mark of direction in a name turns the words around it. Anything
    that is no text, or is markup already, stays.

    >>> shown("a\u202eb"), shown("x" * 3000)[-1]
    ('a<U+202E>b', '…')
    """
    if type(value) is not str or (len(value) <= _MOST and _PLAIN.fullmatch(value)):
        return value
    cut = value if len(value) <= _MOST else f"{value[: _MOST - 1]}…"
    return "\n".join(visible(line, _MOST) for line in cut.split("\n"))


def scalar(value: object) -> str:
    """Write a value out of a profile: numbers as numbers, texts as they are, nothing as a dash."""
    if value is None:
        return "–"  # noqa: RUF001 - a dash
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, int | float) else str(value)

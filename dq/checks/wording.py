"""How numbers, lists and foreign text are written for people, and which marks stand for what is not shown."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dq.profiling.tally.offences import shortened
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What stands in the place of a value nobody may see.
MASK: Final = "***"

#: How failures end that cost nothing.
WITHIN_TOLERANCE: Final = "tolerated or only warned of"
MOST_LISTED: Final = 5
_MOST_NAME: Final = 80
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SMALLEST: Final = Fraction(1, 2000)
#: Unicode's categories of characters that look like nothing, or like a plain space.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def as_sentence(text: str) -> str:
    """Give a text the capital and the stop of a sentence; a question keeps its mark.

    >>> as_sentence("is it a header?"), as_sentence("2 rows are blank")
    ('Is it a header?', '2 rows are blank.')
    """
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('?', '.', '!')) else '.'}"


def on_one_line(text: str, most: int = _MOST_NAME) -> str:
    """Give `text` for the middle of a sentence: no line breaks or control characters, cut to `most`."""
    return shortened(storable(_CONTROL.sub(" ", text[: most + 1])), most)


def visible(text: str, most: int = _MOST_NAME) -> str:
    r"""Give a name or a value with every character nobody can see written as its code point, cut to `most`.

    >>> visible("id\u200b"), visible("12\u00a0000"), visible("first\nname")
    ('id<U+200B>', '12<U+00A0>000', 'first<U+000A>name')
    """
    text = text[: most + 1]
    if not text.isprintable():
        text = "".join(_written(character) for character in text)
    return shortened(storable(text), most)


def _written(character: str) -> str:
    unseen = character != " " and unicodedata.category(character) in _UNSEEN
    return f"<U+{ord(character):04X}>" if unseen else character


def count(number: int, noun: str = "") -> str:
    """Write a count with thousands separators, with its noun in the right number.

    >>> count(1, "row"), count(5000000, "row"), count(12)
    ('1 row', '5,000,000 rows', '12')
    """
    text = f"{number:,}"
    if not noun:
        return text
    return f"{text} {noun}" if number == 1 else f"{text} {noun}s"


def percent(share: Fraction) -> str:
    """Write a share in percent, never rounding something to nothing or nearly all to all.

    >>> percent(Fraction(3, 100)), percent(Fraction(1, 10**6)), percent(Fraction(99999, 100000))
    ('3.0%', 'under 0.1%', 'over 99.9%')
    """
    if 0 < share < _SMALLEST:
        return "under 0.1%"
    if 1 - _SMALLEST < share < 1:
        return "over 99.9%"
    return f"{float(share * 100):.1f}%"


def points(deduction: Fraction) -> str:
    """Write a deduction with two digits at most.

    >>> points(Fraction(8)), points(Fraction(10, 3)), points(Fraction(1, 1000))
    ('8', '3.33', 'under 0.01')
    """
    if 0 < deduction < Fraction(1, 200):
        return "under 0.01"
    return f"{float(deduction):.2f}".rstrip("0").rstrip(".")


def listed(parts: Sequence[str]) -> str:
    """Join the first few parts and say how many there are more.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e", "f", "g"])
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    text = ", ".join(parts[:MOST_LISTED])
    more = len(parts) - MOST_LISTED
    return f"{text} and {more:,} more" if more > 0 else text

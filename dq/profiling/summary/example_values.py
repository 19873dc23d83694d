"""Example values as JSON has them: a number as a number, a truth value as one, anything else as its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from dq.profiling.tally.offences import Offence
from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.definition import FieldType

ExampleValue: TypeAlias = "bool | int | float | str"

#: Readers of JSON hold numbers as doubles, which know every whole number up to here.
MOST_EXACT: Final = 2**53
_AS_JSON: Final = frozenset({FieldType.INTEGER, FieldType.NUMBER, FieldType.BOOLEAN})


def value_of_example(found: Offence, kinds: Sequence[FieldType]) -> ExampleValue | tuple[ExampleValue, ...] | None:
    """Give the value of an example whose column, or whose key's columns, have these types; None: it is its text.

    The values of a key of several columns are several.
    """
    if found.parts:
        return tuple(map(_value, found.parts, kinds))
    value = _value(found.text, kinds[0]) if kinds else found.text
    return None if isinstance(value, str) else value


def _value(text: str, kind: FieldType) -> ExampleValue:
    """Give the value of a text: the text itself where it is none of its type, or a number JSON's readers would round.

    Decimals have any number of digits and stay texts, too. A whole number is written as one: 12, not 12.0.
    """
    if kind not in _AS_JSON:
        return text
    value = parse_cell(text, kind)
    if value is UNPARSABLE or not isinstance(value, bool | int | float):
        return text
    if isinstance(value, float) and value.is_integer() and abs(value) <= MOST_EXACT:
        return int(value)
    return text if type(value) is int and abs(value) > MOST_EXACT else value

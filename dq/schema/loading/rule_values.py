"""Arguments of rules, typed as the cells they are compared with."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dq.schema.cells import INTEGER_MAX, INTEGER_MIN, UNPARSABLE, Unparsable, parse_cell
from dq.schema.definition import FieldType
from dq.schema.loading.properties import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dq.schema.cells import CellValue

#: What a rule's argument may look like, for messages.
EXPECTED: Final[Mapping[FieldType, str]] = {
    FieldType.STRING: "a text",
    FieldType.ANY: "a text",
    FieldType.INTEGER: "a whole number within 64 bits",
    FieldType.NUMBER: "a finite number",
    FieldType.DECIMAL: "a number",
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: 'a date such as "2024-12-31"',
    FieldType.DATETIME: 'a date and time such as "2024-12-31T23:59:59"',
    FieldType.TIME: 'a time such as "23:59:59"',
    FieldType.DURATION: 'a duration such as "42:00:00" or "PT1H30M"',
}

_CALENDAR: Final = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.TIME})


def typed_value(raw: Any, field_type: FieldType, date_format: str | None) -> CellValue | Unparsable:  # noqa: ANN401
    """Give a JSON value as a value of the field's type.

    Dates may be written in the field's own format or in ISO form, a date alone means the start of its day.
    Numbers may be written as texts of the cell grammar.
    """
    if isinstance(raw, str):
        return _from_text(raw, field_type, date_format)
    if isinstance(raw, bool):
        return raw if field_type is FieldType.BOOLEAN else UNPARSABLE
    if isinstance(raw, (int, float, Decimal)):
        return _from_number(raw, field_type)
    return UNPARSABLE


def _from_text(text: str, field_type: FieldType, date_format: str | None) -> CellValue | Unparsable:
    value = parse_cell(text, field_type, date_format)
    if value is not UNPARSABLE or field_type not in _CALENDAR:
        return value
    value = parse_cell(text, field_type)
    if value is UNPARSABLE and field_type is FieldType.DATETIME:
        value = parse_cell(f"{text}T00:00:00", field_type)
    return value


def _from_number(number: float | Decimal, field_type: FieldType) -> CellValue | Unparsable:
    convert = _FROM_NUMBER.get(field_type)
    return convert(number) if convert else UNPARSABLE


def _to_integer(number: float | Decimal) -> int | Unparsable:
    fraction = exact(number)
    if fraction is None or fraction.denominator != 1 or not INTEGER_MIN <= fraction <= INTEGER_MAX:
        return UNPARSABLE
    return int(fraction)


def _to_float(number: float | Decimal) -> float | Unparsable:
    try:
        value = float(number)
    except OverflowError:
        return UNPARSABLE
    return value if math.isfinite(value) else UNPARSABLE


def _to_decimal(number: float | Decimal) -> Decimal | Unparsable:
    value = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    return UNPARSABLE if exact(value) is None else value


def _to_boolean(number: float | Decimal) -> bool | Unparsable:
    return bool(number) if number in {0, 1} else UNPARSABLE


def _to_text(number: float | Decimal) -> str | Unparsable:
    """Codes are often written without quotes; only whole numbers have one spelling."""
    return str(number) if isinstance(number, int) else UNPARSABLE


_FROM_NUMBER: Final[Mapping[FieldType, Callable[[float | Decimal], CellValue | Unparsable]]] = {
    FieldType.INTEGER: _to_integer,
    FieldType.NUMBER: _to_float,
    FieldType.DECIMAL: _to_decimal,
    FieldType.BOOLEAN: _to_boolean,
    FieldType.STRING: _to_text,
    FieldType.ANY: _to_text,
}

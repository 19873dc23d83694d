"""Which type a column of texts has, from some of its values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.definition import FieldType

#: Texts that stand for nothing where other values are of a type.
PLACEHOLDERS: Final = frozenset(
    {
        "-",
        "--",
        "?",
        ".",
        "#N/A",
        "N/A",
        "n/a",
        "NA",
        "na",
        "NULL",
        "null",
        "None",
        "none",
        "nil",
        "NaN",
        "nan",
        "missing",
    }
)
_TYPES: Final = (FieldType.INTEGER, FieldType.NUMBER, FieldType.DATE, FieldType.DATETIME, FieldType.TIME)
_WORDS: Final = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_NUMERIC: Final = frozenset({FieldType.INTEGER, FieldType.NUMBER})
_DATE_FORMATS: Final = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d")
_TIMES: Final = (" %H:%M:%S", " %H:%M")
#: So many of the values that are there have to be of the type.
_MOST: Final = 0.9


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type, the strptime format that its texts have, and the texts that stand for nothing."""

    type: FieldType
    format: str | None = None
    placeholders: frozenset[str] = frozenset()


def find_type(values: Sequence[str]) -> ColumnType:
    """Give the type that nearly all of some texts have; string where there is none.

    Numbers with leading zeros or a plus sign stay texts, for they are codes and telephone numbers; dates have a format
    only where no other one fits as well.
    """
    empty = frozenset(values) & PLACEHOLDERS
    there = [value for value in values if value not in empty]
    if not there:
        return ColumnType(FieldType.STRING)
    if set(there) <= _WORDS:
        return ColumnType(FieldType.BOOLEAN, placeholders=empty)
    for kind in _TYPES:
        if _share(there, kind) >= _MOST and not (kind in _NUMERIC and any(map(_is_code, there))):
            return ColumnType(kind, placeholders=empty)
    formats = [(FieldType.DATE, form) for form in _DATE_FORMATS]
    formats += [(FieldType.DATETIME, form + time) for form in _DATE_FORMATS for time in _TIMES]
    fitting = [(kind, form) for kind, form in formats if _share(there, kind, form) >= _MOST]
    if len(fitting) == 1:
        (kind, form) = fitting[0]
        return ColumnType(kind, form, empty)
    return ColumnType(FieldType.STRING)


def _share(values: Collection[str], kind: FieldType, form: str | None = None) -> float:
    return sum(parse_cell(value, kind, form) is not UNPARSABLE for value in values) / len(values)


def _is_code(value: str) -> bool:
    digits = value.removeprefix("-")
    return value.startswith("+") or (len(digits) > 1 and digits[0] == "0" and digits[1].isdigit())

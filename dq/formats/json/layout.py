"""The columns of JSON files: the keys of their first records, and the types their values suggest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.definition import FieldType

#: Records looked at, at most.
LOOKED_AT = 1000
#: A key nobody declared is a column of its own if one in so many records has it; rarer ones are extras.
_ONE_IN = 20
_GUESSED_VALUES = 200
_TEXTS = (FieldType.DATE, FieldType.DATETIME, FieldType.TIME)
_TYPES: dict[frozenset[type], FieldType] = {
    frozenset({bool}): FieldType.BOOLEAN,
    frozenset({int}): FieldType.INTEGER,
    frozenset({float}): FieldType.NUMBER,
    frozenset({int, float}): FieldType.NUMBER,
    frozenset({dict}): FieldType.OBJECT,
    frozenset({list}): FieldType.ARRAY,
}
Records = Sequence[Mapping[str, Any]]


def columns_of(records: Records, declared: Sequence[str]) -> tuple[str, ...]:
    """Name the columns of a JSON file: the declared ones, then other frequent keys in the order they turn up."""
    counts = Counter(name for record in records for name in record)
    frequent = (name for name, count in counts.items() if count * _ONE_IN >= len(records))
    return tuple(dict.fromkeys((*declared, *frequent)))


def suggested_types(records: Records, names: Sequence[str]) -> dict[str, FieldType]:
    """Guess the types of columns: the one that takes every value of the first records."""
    return {name: _suggested([record[name] for record in records if record.get(name) is not None]) for name in names}


def _suggested(values: list[Any]) -> FieldType:
    kinds = frozenset(map(type, values))
    if kinds != frozenset({str}):
        return _TYPES.get(kinds, FieldType.ANY)
    texts = [value for value in values[:_GUESSED_VALUES] if value]
    fitting = (kind for kind in _TEXTS if texts and all(parse_cell(text, kind) is not UNPARSABLE for text in texts))
    return next(fitting, FieldType.STRING)

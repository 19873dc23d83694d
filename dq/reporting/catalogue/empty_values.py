"""What goes into a NOT NULL column without a default of which the program knows nothing: the type's empty value.

Web frameworks keep defaults in the application, so that their tables have many such columns.

| type | empty value |
|---|---|
| text, varchar, char, citext, xml, bytea, tsvector, hstore | `''` |
| smallint, integer, bigint, numeric, real, double precision, money, oid | 0 |
| boolean | false |
| json, jsonb | `{}` |
| any array | `{}` (no elements) |
| date, time, timestamp, with or without time zone | the moment of writing, UTC |
| interval | no time at all |
| uuid | all zeros; a random one, made by the server, where the column is unique |
| enum | its first label |
| any range, multirange | the empty range |
| inet, cidr | 0.0.0.0 |
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func

if TYPE_CHECKING:
    from dq.reporting.catalogue.column import Column

_CONSTANTS: dict[str, object] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "citext", "xml", "bytea", "tsvector", "hstore"), ""),
    **dict.fromkeys(("int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid"), 0),
    **dict.fromkeys(("json", "jsonb", "array", "multirange"), "{}"),
    **dict.fromkeys(("inet", "cidr"), "0.0.0.0/32"),
    "bool": False,
    "interval": "0",
    "range": "empty",
}
_MOMENTS: dict[str, Callable[[datetime], object]] = {
    "date": datetime.date,
    "time": datetime.time,
    "timetz": datetime.timetz,
    "timestamp": lambda now: now,
    "timestamptz": lambda now: now,
}


def has_empty_value(column: Column) -> bool:
    """Whether there is an empty value for the column's type."""
    return column.type in _CONSTANTS or column.type in _MOMENTS or column.type == "uuid" or bool(column.labels)


def empty_value(column: Column, now: datetime) -> object:
    """The value to write, `now` being an aware UTC datetime.

    Raises:
        KeyError: there is none for the column's type; the catalogue's check has said so at start-up.
    """
    if column.type == "enum":
        return column.labels[0]
    if column.type == "uuid":
        return func.gen_random_uuid() if column.unique else UUID(int=0)
    if column.type in _MOMENTS:
        return _MOMENTS[column.type](now)
    return _CONSTANTS[column.type]

"""Types of columns: Arrow's, which rows travel in, and Delta's, as the log spells them.

One way back and forth. What Delta has no type for (nanoseconds, unsigned numbers, texts of bytes) is refused before a
file is written, because readers would meet it one by one.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import pyarrow as pa

from pipelines.lake.errors import ColumnTypeError

#: A type as the log spells it: a word, or a mapping for arrays and structs.
DeltaType: TypeAlias = "str | dict[str, Any]"

#: Exact numbers: 38 digits, 18 behind the point.
DECIMAL = pa.decimal128(38, 18)
#: An instant, to the microsecond.
TIMESTAMP = pa.timestamp("us", "UTC")

_WORDS: tuple[tuple[pa.DataType, str], ...] = (
    (pa.int64(), "long"),
    (pa.int32(), "integer"),
    (pa.int16(), "short"),
    (pa.int8(), "byte"),
    (pa.float64(), "double"),
    (pa.float32(), "float"),
    (pa.bool_(), "boolean"),
    (pa.date32(), "date"),
    (TIMESTAMP, "timestamp"),
    (pa.string(), "string"),
    (pa.binary(), "binary"),
)
_OF_ARROW: dict[pa.DataType, str] = dict(_WORDS)
_OF_DELTA: dict[str, pa.DataType] = {word: arrow for arrow, word in _WORDS}


def delta_type(arrow: pa.DataType, column: str) -> DeltaType:
    """Spell an Arrow type as the log does.

    Raises:
        ColumnTypeError: Delta has no such type; `column` is named.
    """
    if arrow in _OF_ARROW:
        return _OF_ARROW[arrow]
    if pa.types.is_decimal128(arrow):
        return f"decimal({arrow.precision},{arrow.scale})"
    if pa.types.is_list(arrow):
        return {"type": "array", "elementType": delta_type(arrow.value_type, column), "containsNull": True}
    if pa.types.is_struct(arrow):
        fields = [arrow.field(at) for at in range(arrow.num_fields)]
        return {"type": "struct", "fields": [delta_field(one.name, delta_type(one.type, column)) for one in fields]}
    known = ", ".join(str(one) for one in _OF_ARROW)
    raise ColumnTypeError(f"column {column!r} is of type {arrow}, which no table holds; use one of {known}, decimal128")


def arrow_type(delta: DeltaType, column: str) -> pa.DataType:
    """Give the Arrow type of what the log spells.

    Raises:
        ColumnTypeError: rows of this type are not written here; `column` is named.
    """
    if isinstance(delta, str):
        if delta in _OF_DELTA:
            return _OF_DELTA[delta]
        if delta.startswith("decimal("):
            precision, scale = delta.removeprefix("decimal(").removesuffix(")").split(",")
            return pa.decimal128(int(precision), int(scale))
    elif delta.get("type") == "array":
        return pa.list_(arrow_type(delta["elementType"], column))
    elif delta.get("type") == "struct":
        return pa.struct([pa.field(one["name"], arrow_type(one["type"], column)) for one in delta["fields"]])
    raise ColumnTypeError(f"column {column!r} of the table is of type {delta}, which is not written here")


def delta_field(name: str, delta: DeltaType, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """A column as the log spells it; every one may be null."""
    return {"name": name, "type": delta, "nullable": True, "metadata": metadata or {}}

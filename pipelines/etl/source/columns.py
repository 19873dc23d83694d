"""The columns of a flow's query: how the source is asked to write each, and what it is among the rows of an extract.

The types are those that Spark's JDBC reader gives, of which extracts consisted before they were read by COPY: so what a
definition says of a column, and what a table takes, does not depend on who reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

import pyarrow as pa

#: The most digits that a decimal of Arrow and of Spark has, and those behind the point where nothing is declared.
_DIGITS: Final = 38
_FRACTION: Final = 18
_MOMENT: Final = pa.timestamp("us", "UTC")
_LOCAL: Final = pa.timestamp("us")
#: Types of Postgres with one of Arrow; all others are texts, as the source writes them.
_KINDS: Final[Mapping[str, pa.DataType]] = MappingProxyType(
    {
        "int2": pa.int16(), "int4": pa.int32(), "int8": pa.int64(), "oid": pa.decimal128(20, 0), "bool": pa.bool_(),
        "float4": pa.float32(), "float8": pa.float64(), "date": pa.date32(), "timestamp": _LOCAL,
        "timestamptz": _MOMENT, "time": _LOCAL, "timetz": _MOMENT, "bytea": pa.binary(), "bit": pa.binary(),
    }
)  # fmt: skip
#: How the source writes values that Arrow has no word for: a day of no end is the last one that calendars have, and a
#: time is one of the first day of 1970.
_WRITTEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "date": "CASE WHEN {0} = 'infinity' THEN '9999-12-31' ELSE {0} END",
        "timestamp": "CASE WHEN {0} = 'infinity' THEN '9999-12-31 23:59:59.999' ELSE {0} END",
        "timestamptz": "CASE WHEN {0} = 'infinity' THEN '9999-12-31 23:59:59.999+00' ELSE {0} END",
        "time": "(date '1970-01-01' + {0})",
        "timetz": "(date '1970-01-01' + {0})",
    }
)
_OF_ELEMENTS: Final[Mapping[str, pa.DataType]] = MappingProxyType({**_KINDS, "oid": pa.int64(), "time": pa.string()})
#: What the driver tells of the length of `bit(1)`, and of the digits of a number that is declared without any.
_ONE_BIT: Final = -3
_NO_DIGITS: Final = 0xFFFF


class Described(Protocol):
    """What the driver says of a column."""

    @property
    def name(self) -> str: ...  # noqa: D102 - as the standard of drivers has them
    @property
    def type_code(self) -> int: ...  # noqa: D102
    @property
    def internal_size(self) -> int | None: ...  # noqa: D102
    @property
    def precision(self) -> int | None: ...  # noqa: D102
    @property
    def scale(self) -> int | None: ...  # noqa: D102


class TypeName(NamedTuple):
    """A type as the catalogue calls it; of an array also what its elements are."""

    name: str
    element: str | None = None


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column.

    Attributes:
        name: as the query gives it.
        expression: that writes it, of the query's columns.
        kind: its type among the rows of an extract.
    """

    name: str
    expression: str
    kind: pa.DataType

    @property
    def read_as(self) -> pa.DataType:
        """The type that its texts are read as."""
        return pa.string() if pa.types.is_binary(self.kind) or pa.types.is_list(self.kind) else self.kind

    def made(self, column: pa.Array) -> pa.Array:
        """Make of a column as it was read what it is.

        Raises:
            ArrowException, ValueError, TypeError: a value is none of its type.
        """
        if pa.types.is_list(self.kind):
            lists = pa.array((_elements(one) for one in column.to_pylist()), pa.list_(pa.string()))
            element = self.kind.value_type
            values = _bytes(lists.values) if pa.types.is_binary(element) else lists.values.cast(element)
            return pa.ListArray.from_arrays(lists.offsets, values, type=self.kind, mask=lists.is_null())
        return _bytes(column) if pa.types.is_binary(self.kind) else column


def source_columns(
    described: Sequence[Described], types: Mapping[int, TypeName], quoted: Sequence[str]
) -> tuple[SourceColumn, ...]:
    """Say what the columns of a query are.

    Args:
        described: as the driver does.
        types: those of the columns, by their numbers.
        quoted: the columns' names for statements.
    """
    return tuple(_column(one, types[one.type_code], f"q.{name}") for one, name in zip(described, quoted, strict=True))


def repeated(names: Iterable[str]) -> tuple[str, ...]:
    """Give the names that come more than once, whether in capitals or small letters, as readers of tables see them."""
    seen: set[str] = set()
    return tuple(name for name in names if name.lower() in seen or seen.add(name.lower()))  # type: ignore[func-returns-value]  # what `add` gives is nothing


def _column(one: Described, type_: TypeName, q: str) -> SourceColumn:
    if type_.element is not None:
        return _list(one, type_.element, q)
    if type_.name == "numeric":
        return _number(one, one.precision, one.scale, q)
    if type_.name == "bit" and one.internal_size == _ONE_BIT:
        return SourceColumn(one.name, f"({q} = B'1')", pa.bool_())
    kind = _KINDS.get(type_.name, pa.string())
    return SourceColumn(one.name, _WRITTEN.get(type_.name, "{0}").format(q), kind)


def _number(one: Described, precision: int | None, scale: int | None, q: str) -> SourceColumn:
    kind = _decimal(precision, scale)
    if precision is not None and precision <= _DIGITS:
        return SourceColumn(one.name, q, kind)
    return SourceColumn(one.name, f"{q}::numeric({kind.precision}, {kind.scale})", kind)


def _decimal(precision: int | None, scale: int | None) -> pa.DataType:
    """Give the decimal of a declared number; what has more digits than there are loses those behind the point."""
    if precision is None or scale is None or precision == _NO_DIGITS:
        return pa.decimal128(_DIGITS, _FRACTION)
    digits = ((scale & 0x7FF) ^ 0x400) - 0x400  # eleven bits, of which one is the sign
    if digits < 0:  # numbers of whole hundreds, say
        precision, digits = precision - digits, 0
    if precision > _DIGITS:
        return pa.decimal128(_DIGITS, max(digits - (precision - _DIGITS), 0))
    return pa.decimal128(max(precision, digits), digits)


def _list(one: Described, element: str, q: str) -> SourceColumn:
    """Arrays come as JSON of their elements' texts, which tells a null from an empty text."""
    kind, elements = _OF_ELEMENTS.get(element, pa.string()), f"{q}::text[]"
    if element == "numeric":
        size = one.internal_size
        declared = (size >> 16, size & 0x7FF) if size is not None and size > 0 else (None, None)
        kind = _decimal(*declared)
        elements = f"{q}::numeric({kind.precision}, {kind.scale})[]::text[]"
    return SourceColumn(one.name, f"to_json({elements})", pa.list_(pa.field("element", kind)))


def _elements(written: str | None) -> Any:  # noqa: ANN401 - any JSON value; what is no list of texts is refused
    return None if written is None else json.loads(written)


def _bytes(column: pa.Array) -> pa.Array:
    r"""Give the bytes of texts such as \x00ff, and of bits, which are their digits."""
    return pa.array((_decoded(one) for one in column.to_pylist()), pa.binary())


def _decoded(written: str | None) -> bytes | None:
    if written is None:
        return None
    return bytes.fromhex(written[2:]) if written.startswith("\\x") else written.encode()

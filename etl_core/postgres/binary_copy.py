"""A row in the binary form of COPY: bytes travel as bytes, not as hexadecimal digits within a statement to be parsed.

The form is that of the manual's page on COPY, the values those of the types' send functions: integers and moments in
network order, days and microseconds counted from 2000.
"""

from __future__ import annotations

from datetime import date, datetime, timezone
from struct import Struct
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Date, DateTime, Integer, LargeBinary, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import Table

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_COUNT, _LENGTH, _BIGINT = Struct("!h"), Struct("!i"), Struct("!q")
_NULL = _LENGTH.pack(-1)
_DAY, _MOMENT = date(2000, 1, 1), datetime(2000, 1, 1, tzinfo=timezone.utc)

#: How a value of each type is written.
_WRITERS: Mapping[type, Callable[[Any], bytes]] = {
    Text: str.encode,
    LargeBinary: bytes,
    Integer: _LENGTH.pack,
    BigInteger: _BIGINT.pack,
    Date: lambda day: _LENGTH.pack((day - _DAY).days),
    DateTime: lambda moment: _BIGINT.pack((moment - _MOMENT) // datetime.resolution),
}


def binary_row(table: Table, values: Mapping[str, Any]) -> bytes:
    """Write one row of `table`, all of its columns in their order: what COPY ... FROM STDIN (FORMAT binary) takes."""
    return binary_rows(table, [values])


def binary_rows(table: Table, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """As `binary_row`, for any number of rows."""
    return b"".join((_HEADER, *(_row(table, values) for values in rows), _END))


def _row(table: Table, values: Mapping[str, Any]) -> bytes:
    parts = [_COUNT.pack(len(table.columns))]
    for column in table.columns:
        value = values[column.name]
        if value is None:
            parts.append(_NULL)
        else:
            written = _WRITERS[type(column.type)](value)
            parts += (_LENGTH.pack(len(written)), written)
    return b"".join(parts)

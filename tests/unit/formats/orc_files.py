"""ORC files, sound ones and such that lie in their tail."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
from pyarrow import orc

from dq.formats.orc.protobuf import encoded, fields_of, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Change: TypeAlias = Callable[[bytes], bytes]


def written(columns: dict[str, Any] | pa.Table, **options: Any) -> bytes:  # noqa: ANN401 - options of the library
    file = io.BytesIO()
    orc.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def in_stripes(columns: dict[str, Any], rows: int, **options: Any) -> bytes:  # noqa: ANN401 - options of the library
    """Write a stripe for every so many rows."""
    table = pa.table(columns)
    file = io.BytesIO()
    with orc.ORCWriter(file, stripe_size=1, batch_size=rows, **options) as writer:
        for start in range(0, table.num_rows, rows):
            writer.write(table.slice(start, rows))
    return file.getvalue()


def with_postscript(data: bytes, number: int, value: int) -> bytes:
    """Change a number in the postscript."""
    length = data[-1]
    found = fields_of(data[-1 - length : -1])
    changed = b"".join(encoded(number, value) if at == number else raw for at, _, raw in found)
    return data[: -1 - length] + changed + bytes([len(changed)])


def with_footer(data: bytes, change: Change) -> bytes:
    """Change the footer of a file that is not compressed."""
    length = data[-1]
    size = number_of(tuple(fields_of(data[-1 - length : -1])), 1)
    end = len(data) - 1 - length
    footer = change(data[end - size : end])
    return with_postscript(data[: end - size] + footer + data[end:], 1, len(footer))


def with_number(place: int, value: int | bytes) -> Change:
    return lambda footer: b"".join(encoded(at, value) if at == place else raw for at, _, raw in fields_of(footer))


def with_stripe(place: int, value: int) -> Change:
    def change(footer: bytes) -> bytes:
        return b"".join(
            encoded(3, with_number(place, value)(stripe)) if at == 3 and isinstance(stripe, bytes) else raw
            for at, stripe, raw in fields_of(footer)
        )

    return change


def without(place: int, message: bytes) -> bytes:
    return b"".join(raw for at, _, raw in fields_of(message) if at != place)


def with_type(place: int, value: int | bytes) -> Change:
    """Change the last type of a footer, or add to it."""

    def change(footer: bytes) -> bytes:
        *_, (_, kind, raw) = (field for field in fields_of(footer) if field[0] == 4)
        assert isinstance(kind, bytes)
        before, _, behind = footer.rpartition(raw)
        return before + encoded(4, without(place, kind) + encoded(place, value)) + behind

    return change

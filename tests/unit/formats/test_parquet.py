"""Parquet by row groups, and files that only look like Parquet."""

from __future__ import annotations

import datetime as dt
import io
import random
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dq.errors import UnreadableFileError
from dq.formats.byte_source import BytesSource
from dq.formats.limits import Limits
from dq.formats.reading import find_layout, plan_parts, read_part
from dq.schema.definition import FieldType
from etl_core.errors import StorageUnavailableError
from tests.unit.formats.collected import read_file

MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a column without a zone


def parquet(table: pa.Table, rows: int = 3) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=rows)
    return file.getvalue()


WHOLE = parquet(pa.table({" id ": list(range(10)), "text": [f"t{number}" for number in range(10)]}))


@pytest.mark.parametrize("split", [1, 200, 10_000])
def test_row_groups_are_read_apart_and_numbered_through(split: int) -> None:
    found = read_file(WHOLE, limits=Limits(split=split))
    assert found.parts == min(4, -(-len(WHOLE) // split))
    assert found.layout.header == ("id", "text")
    assert found.rows.rows == [(number + 1, [number, f"t{number}"]) for number in range(10)]


TYPES = [
    (pa.array([1, None], pa.uint64()), FieldType.INTEGER, [1, None]),
    (pa.array([1.5, None], pa.float16()), FieldType.NUMBER, [1.5, None]),
    (pa.array([Decimal("1.50"), None]), FieldType.DECIMAL, [Decimal("1.50"), None]),
    (pa.array([Decimal("1.50")] * 2, pa.decimal256(60, 2)), FieldType.DECIMAL, [Decimal("1.50")] * 2),
    (pa.array(["a", None]).dictionary_encode(), FieldType.STRING, ["a", None]),
    (pa.array(["a", None], pa.large_string()), FieldType.STRING, ["a", None]),
    (pa.array(["a", None], pa.string_view()), FieldType.STRING, ["a", None]),
    (pa.array([b"a", None]), FieldType.ANY, [b"a", None]),
    (pa.array([b"ab", None], pa.binary(2)), FieldType.ANY, [b"ab", None]),
    (pa.array([True, None]), FieldType.BOOLEAN, [True, None]),
    (pa.array([MOMENT, None], pa.timestamp("ms")), FieldType.DATETIME, [MOMENT, None]),
    (pa.array([MOMENT], pa.timestamp("us", "UTC")), FieldType.DATETIME, [MOMENT.replace(tzinfo=dt.timezone.utc)]),
    (pa.array([MOMENT.date(), None]), FieldType.DATE, [MOMENT.date(), None]),
    (pa.array([MOMENT.time(), None], pa.time64("us")), FieldType.TIME, [MOMENT.time(), None]),
    (pa.array([{"x": 1}, None]), FieldType.OBJECT, [{"x": 1}, None]),
    (pa.array([[1, 2], None]), FieldType.ARRAY, [[1, 2], None]),
    (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), FieldType.OBJECT, [[("k", 1)], None]),
    (pa.nulls(2), FieldType.ANY, [None, None]),
]  # fmt: skip


@pytest.mark.parametrize(("column", "kind", "values"), TYPES, ids=lambda value: str(getattr(value, "type", "")))
def test_every_arrow_type_is_read(column: pa.Array, kind: FieldType, values: list[object]) -> None:
    found = read_file(parquet(pa.table({"c": column})))
    assert dict(found.layout.inferred) == {"c": kind}
    assert [row[0] for row in found.rows.values] == values


def test_nanoseconds_are_read() -> None:
    found = read_file(parquet(pa.table({"c": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns"))})))
    assert len(found.rows.rows) == 1


def test_no_rows_and_no_row_groups() -> None:
    empty = read_file(parquet(pa.table({"a": pa.array([], pa.int64())})))
    assert (empty.layout.header, empty.rows.rows) == (("a",), [])


def with_footer_length(length: int) -> bytes:
    return WHOLE[:-8] + length.to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (WHOLE[:-20], "no complete Parquet file"),
        (WHOLE[: len(WHOLE) // 2], "no complete Parquet file"),
        (b"PAR1", "no complete Parquet file"),
        (b"PAR1PAR1", "no complete Parquet file"),
        (WHOLE[:-4] + b"PARE", "encrypted"),
        (with_footer_length(2**31), "longer than the file"),
        (with_footer_length(2**32 - 1), "longer than the file"),
        (with_footer_length(0), "footer cannot be read"),
        (with_footer_length(5), "footer cannot be read"),
        (b"PAR1" + bytes(500) + (500).to_bytes(4, "little") + b"PAR1", "footer cannot be read"),
        (b"PAR1" + WHOLE[-300:], "Parquet"),
    ],
)
def test_what_is_no_whole_parquet_file_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(UnreadableFileError, match=what):
        read_file(data, "x.parquet")


def test_damaged_files_are_read_or_refused_and_nothing_else() -> None:
    chance = random.Random(7)
    refused = 0
    for _ in range(300):
        data = bytearray(WHOLE)
        for _ in range(chance.choice([1, 1, 8])):
            data[chance.randrange(4, len(data) - 8)] = chance.randrange(256)
        try:
            read_file(bytes(data), "x.parquet")
        except UnreadableFileError:
            refused += 1
    assert refused > 30


#: A column that may be null, in the footer's schema; what one that may not would be.
NULLABLE, REQUIRED = b"\x25\x02\x18\x02id", b"\x25\x00\x18\x02id"


def test_metadata_that_arrow_does_not_believe_is_a_fault_of_the_file_and_not_the_end_of_the_process() -> None:
    data = parquet(pa.table({"id": [1, 2, 3], "text": ["a", "b", "c"]}))
    assert data.count(NULLABLE) == 1
    with pytest.raises(UnreadableFileError, match=r"footer cannot be read \(Definition level histogram size mismatch"):
        read_file(data.replace(NULLABLE, REQUIRED), "x.parquet")


class _Failing:
    """A store that stops answering behind the footer, or a machine without memory."""

    size = len(WHOLE)

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.reads = 0

    def read(self, start: int, length: int) -> bytes:
        self.reads += 1
        if self.reads > 3:
            raise self.error
        return WHOLE[start : start + length]


@pytest.mark.parametrize("error", [StorageUnavailableError("the store does not answer"), pa.ArrowMemoryError()])
def test_what_fails_around_a_file_is_no_fault_of_the_file(error: Exception) -> None:
    layout = find_layout(BytesSource(WHOLE), "x.parquet", None, Limits())
    (split,) = plan_parts(layout, len(WHOLE), Limits())
    reading = read_part(_Failing(error), layout, split, Limits())
    with pytest.raises(type(error)):
        list(reading.batches())

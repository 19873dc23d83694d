"""ORC by stripes, in bounded pieces, and files that only look like ORC."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import random
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import orc

from dq.errors import UnreadableFileError
from dq.formats.byte_source import BytesSource
from dq.formats.limits import Limits
from dq.formats.orc.moments import put_together
from dq.formats.orc.protobuf import encoded
from dq.formats.orc.tail import open_orc
from dq.formats.reading import find_layout, plan_parts, read_part
from dq.profiling.cells.texts import as_text
from dq.schema.definition import FieldType, SchemaDefinition
from etl_core.errors import StorageUnavailableError
from tests.unit.formats.collected import collected, read_file
from tests.unit.formats.orc_files import (
    in_stripes,
    with_footer,
    with_number,
    with_postscript,
    with_stripe,
    with_type,
    without,
    written,
)

MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a column without a zone
ORC = SchemaDefinition((), format="orc")


TABLE = {" id ": list(range(10)), "text": [f"t{number}" for number in range(10)]}
WHOLE = in_stripes(TABLE, 3)


@pytest.mark.parametrize("split", [1, 100_000, 1_000_000])
@pytest.mark.parametrize("compression", ["uncompressed", "zlib", "snappy", "lz4", "zstd"])
def test_stripes_are_read_apart_and_numbered_through(compression: str, split: int) -> None:
    chance = random.Random(3)
    texts = ["".join(chance.choices("abcdefgh", k=80)) for _ in range(4000)]
    data = in_stripes({" id ": range(4000), "text": texts}, 1000, compression=compression)
    assert orc.ORCFile(io.BytesIO(data)).nstripes == 4
    found = read_file(data, limits=Limits(split=split))
    assert found.parts == min(4, -(-len(data) // split))
    assert found.layout.header == ("id", "text")
    assert found.rows.rows == [(number + 1, [number, texts[number]]) for number in range(4000)]


TYPES = [
    (pa.array([1, None], pa.int8()), FieldType.INTEGER, [1, None]),
    (pa.array([1, None], pa.int64()), FieldType.INTEGER, [1, None]),
    (pa.array([1.5, None], pa.float32()), FieldType.NUMBER, [1.5, None]),
    (pa.array([Decimal("1.50"), None]), FieldType.DECIMAL, [Decimal("1.50"), None]),
    (pa.array([Decimal("-1.50"), None], pa.decimal128(38, 2)), FieldType.DECIMAL, [Decimal("-1.50"), None]),
    (pa.array(["a", None]), FieldType.STRING, ["a", None]),
    (pa.array([b"a", None]), FieldType.ANY, [b"a", None]),
    (pa.array([True, None]), FieldType.BOOLEAN, [True, None]),
    (pa.array([MOMENT.date(), None]), FieldType.DATE, [MOMENT.date(), None]),
    (pa.array([{"x": 1}, None]), FieldType.OBJECT, [{"x": 1}, None]),
    (pa.array([[1, 2], None]), FieldType.ARRAY, [[1, 2], None]),
    (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), FieldType.OBJECT, [[("k", 1)], None]),
]


@pytest.mark.parametrize(("column", "kind", "values"), TYPES, ids=lambda value: str(getattr(value, "type", "")))
def test_every_type_is_read(column: pa.Array, kind: FieldType, values: list[object]) -> None:
    found = read_file(written({"c": column}))
    assert dict(found.layout.inferred) == {"c": kind}
    assert [row[0] for row in found.rows.values] == values


def test_moments_are_those_the_writer_saw() -> None:
    moment = pa.array([1_700_000_000_123_456_789, None], pa.timestamp("ns"))
    found = read_file(written({"wall": moment, "zone": moment.cast(pa.timestamp("ns", "UTC"))}))
    assert set(found.layout.inferred.values()) == {FieldType.DATETIME}
    assert [str(cell) for cell in found.rows.values[0]] == [
        "2023-11-14 22:13:20.123456789",
        "2023-11-14 22:13:20.123456789+00:00",
    ]


def test_moments_that_spark_wrote_as_integers_are_moments() -> None:
    """Spark keeps a timestamp without a zone as microseconds, and says so beside the type."""
    data = written({"id": [1], "moment": [1_700_000_000_123_456]})
    attribute = encoded(1, b"spark.sql.catalyst.type") + encoded(2, b"timestamp_ntz")
    found = read_file(with_footer(data, with_type(7, attribute)))
    assert found.layout.inferred == {"id": FieldType.INTEGER, "moment": FieldType.DATETIME}
    assert found.rows.values == [[1, dt.datetime(2023, 11, 14, 22, 13, 20, 123_456)]]  # noqa: DTZ001


def test_a_moment_that_arrow_cannot_hold_is_named() -> None:
    """Within other values: only columns of the row itself are taken apart."""
    late = dt.datetime(9999, 12, 31)  # noqa: DTZ001
    data = written({"c": pa.array([[late]], pa.list_(pa.timestamp("us")))})
    with pytest.raises(UnreadableFileError, match=r"timestamp .* is out of range for nanosecond"):
        read_file(data)


YEARS = ["9999-12-31T23:59:59.999999", "0001-01-01T00:00:00", None, "1969-12-31T23:59:58.500000", "1970-01-01T00:00:00"]
SHOWN = [None if text is None else text.removesuffix(".000000") for text in YEARS]


def moments_of(data: bytes) -> list[list[str | None]]:
    source, limits = BytesSource(data), Limits()
    layout = find_layout(source, "a.orc", None, limits)
    batches = [
        batch
        for part in plan_parts(layout, len(data), limits)
        for batch in read_part(source, layout, part, limits).batches()
    ]
    assert {batch.rows for batch in batches} != {0}
    return [[text for batch in batches for text in as_text(batch.columns[at]).to_pylist()] for at in range(3)]


@pytest.mark.parametrize("version", ["0.11", "0.12"])
@pytest.mark.parametrize("compression", ["uncompressed", "zlib", "snappy", "zstd"])
@pytest.mark.parametrize("before", [0, 3000])
def test_moments_of_every_year_are_exact(compression: str, version: str, before: int) -> None:
    """Beside other columns and nulls, behind rows that Arrow has read."""
    fill = pa.array([1_500 * at for at in range(before)], pa.timestamp("us"))
    wall = pa.concat_arrays([fill, pa.array(np.array(YEARS, "datetime64[us]"))])
    numbers = list(range(before + len(YEARS)))
    data = written(
        {"n": numbers, "wall": wall, "zone": wall.cast(pa.timestamp("us", "UTC"))},
        compression=compression,
        file_version=version,
    )
    found = moments_of(data)
    for texts in found[1:]:
        assert texts[before:] == SHOWN
        assert texts[:before] == as_text(fill).to_pylist()
    assert found[0] == list(map(str, numbers))


def test_columns_may_share_a_name() -> None:
    data = written(pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["a", "a"]))
    found = read_file(data)
    assert (found.layout.header, found.rows.values) == (("a", "a"), [[1, "x"]])


def test_no_rows_and_no_stripes() -> None:
    empty = read_file(written({"a": pa.array([], pa.int64())}))
    assert (empty.layout.header, empty.rows.rows) == (("a",), [])


def test_compressed_files_are_read_too() -> None:
    found = read_file(gzip.compress(WHOLE), "x.orc.gz")
    assert (found.parts, len(found.rows.rows)) == (1, 10)


def test_the_content_says_what_it_is_whatever_the_name_says() -> None:
    assert read_file(WHOLE, "x.txt").layout.format.name == "orc"
    orchard = read_file(b"ORCHARD,trees\nnorth,5\n", "x")
    assert (orchard.layout.format.name, orchard.rows.values) == ("csv", [["north", "5"]])
    with pytest.raises(UnreadableFileError, match="the file is ORC, expected CSV"):
        read_file(WHOLE, "x.csv", SchemaDefinition((), format="csv"))


def nested(footer: bytes) -> bytes:
    """Put a hundred thousand types into each other."""
    lists = b"".join(encoded(4, encoded(1, 10) + encoded(2, at)) for at in range(4, 100_000))
    return with_type(1, 10)(footer) + lists


def encrypted(footer: bytes) -> bytes:
    return footer + encoded(10, b"")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (WHOLE[:-20], "no complete ORC file"),
        (WHOLE[: len(WHOLE) // 2], "no complete ORC file"),
        (b"ORC", "no complete ORC file"),
        (b"ORC\0ORC\3", "no complete ORC file"),
        (b"a,b\n1,2\n", "no complete ORC file"),
        (with_postscript(WHOLE, 1, 2**31), "longer than the file"),
        (with_postscript(WHOLE, 1, 2**63), "longer than the file"),
        (with_postscript(WHOLE, 5, 10_000), "longer than the file"),
        (with_postscript(WHOLE, 1, 3), "footer"),
        (with_postscript(WHOLE, 2, 4), "ORC"),
        (with_postscript(in_stripes(TABLE, 3, compression="zstd"), 3, 2**40), "blocks of 1,099,511,627,776 bytes"),
        (with_footer(WHOLE, encrypted), "encrypted"),
        (with_footer(WHOLE, with_number(6, 11)), "contradicts itself"),
        (with_footer(WHOLE, with_number(6, 2**60)), "contradicts itself"),
        (with_footer(written(TABLE), lambda footer: with_stripe(5, 2**60)(with_number(6, 2**60)(footer))), "ORC"),
        (with_footer(written(TABLE), lambda footer: with_stripe(5, 11)(with_number(6, 11)(footer))), "ORC"),
        (with_footer(WHOLE, with_stripe(3, 2**40)), "behind the end of the file"),
        (with_footer(WHOLE, with_stripe(1, 2**63)), "behind the end of the file"),
        (with_footer(WHOLE, lambda footer: footer[:30]), "footer"),
        (with_footer(written({"a": [Decimal("1.5")]}), with_type(5, 39)), "decimal of 39 digits"),
        (with_footer(written({"a": [[1]]}), with_type(1, 10)), "ORC"),
    ],
)
def test_what_is_no_whole_orc_file_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(UnreadableFileError, match=what):
        read_file(data, "x.orc", ORC)


def test_types_within_types_within_types_are_refused() -> None:
    with pytest.raises(UnreadableFileError, match="ORC"):
        read_file(with_footer(written({"a": [[1]]}), nested), "x.orc", ORC)


def test_a_file_beyond_the_limits_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="2 columns, the most that is read is 1"):
        read_file(WHOLE, limits=Limits(columns=1))
    with pytest.raises(UnreadableFileError, match="the most that is held in memory is 10"):
        read_file(WHOLE, limits=Limits(whole=10))
    with pytest.raises(UnreadableFileError, match=r"footer has .* bytes, the most that is read is 10"):
        read_file(WHOLE, limits=Limits(header=10))


@pytest.mark.parametrize("compression", ["uncompressed", "zlib"])
def test_damaged_files_are_read_or_refused_and_nothing_else(compression: str) -> None:
    chance = random.Random(7)
    more = {"more": [[1], None] * 5, "d": [MOMENT.date()] * 10, "p": [Decimal("1.5")] * 10}
    whole = in_stripes({**TABLE, **more}, 3, compression=compression)
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 1, 8])):
            data[chance.randrange(3, len(data))] = chance.randrange(256)
        try:
            read_file(bytes(data), "x.orc", ORC)
        except UnreadableFileError:
            refused += 1
    assert refused > 100


ROWS = 20_000
SMALL = Limits(block=4096)
BOUND = 8 * SMALL.block
LONG = ["x" * 3000, "y" * 10, None, "z" * 1000]


@pytest.mark.parametrize(
    "columns",
    [
        {"text": LONG * (ROWS // 4)},
        {"bytes": pa.array([b"x" * 3000, b""] * (ROWS // 2))},
        {"nested": [{"text": text} for text in LONG] * (ROWS // 4)},
        {"list": [[text, text] for text in LONG] * (ROWS // 4)},
        {"numbers": [list(range(1000))] * (ROWS // 10)},
    ],
    ids=["text", "bytes", "nested", "list", "numbers"],
)
def test_what_stands_in_the_file_once_is_decoded_in_bounded_pieces(columns: dict[str, Any]) -> None:
    data = written(columns, compression="zstd", dictionary_key_size_threshold=1)
    layout = find_layout(BytesSource(data), "x.orc", None, SMALL)
    (split,) = plan_parts(layout, len(data), SMALL)
    batches = list(read_part(BytesSource(data), layout, split, SMALL).batches())
    table = pa.table(columns)
    assert collected(batches).values == [list(row.values()) for row in table.to_pylist()]
    biggest = max(batches, key=lambda batch: sum(column.nbytes for column in batch.columns))
    assert sum(column.nbytes for column in biggest.columns) < 2 * BOUND
    assert biggest.rows < table.num_rows


def test_ordinary_columns_are_counted_many_rows_at_once() -> None:
    data = written({"number": np.arange(150_000), "word": [f"word {number % 50}" for number in range(150_000)]})
    layout = find_layout(BytesSource(data), "x.orc", None, Limits())
    (split,) = plan_parts(layout, len(data), Limits())
    batches = list(read_part(BytesSource(data), layout, split, Limits()).batches())
    assert min(batch.rows for batch in batches[:-1]) > 60_000


def test_a_stripe_is_fetched_in_one_request() -> None:
    data = in_stripes({"id": range(300_000)}, 100_000)
    asked: list[tuple[int, int]] = []

    class Asked(BytesSource):
        def read(self, start: int, length: int) -> bytes:
            asked.append((start, length))
            return super().read(start, length)

    layout = find_layout(BytesSource(data), "x.orc", None, Limits())
    reading = read_part(Asked(data), layout, plan_parts(layout, len(data), Limits())[0], Limits())
    assert sum(batch.rows for batch in reading.batches()) == 300_000
    _, tail = open_orc(BytesSource(data), Limits())
    stripes = [(stripe.offset, stripe.length) for stripe in tail.stripes]
    assert len(stripes) == 3
    assert [one for one in asked if one in stripes] == stripes
    assert len(asked) < 10


def test_a_file_that_says_to_expand_beyond_the_limits_is_refused() -> None:
    data = written({"zeros": np.zeros(60_000, np.int64)}, compression="zstd")
    limits = Limits(free_expansion=100_000, expansion=10)
    with pytest.raises(UnreadableFileError, match=r"to [0-9,]* bytes, more than 10 times its size"):
        read_file(data, limits=limits)
    assert len(read_file(data, limits=Limits(free_expansion=10_000_000, expansion=10)).rows.rows) == 60_000


def test_a_file_that_says_nothing_of_its_texts_is_refused_once_it_has_expanded_beyond_the_limits() -> None:
    """The statistics are left out of the footer: how much text there is shows while it is read."""
    data = written({"text": ["x" * 5000, "y"] * 5000}, dictionary_key_size_threshold=1)
    silent = with_footer(data, lambda footer: without(7, footer))
    assert len(read_file(silent).rows.rows) == 10_000
    limits = Limits(free_expansion=10_000_000, expansion=10, block=4096)
    source = BytesSource(silent)
    layout = find_layout(source, "x.orc", None, limits)
    batches = read_part(source, layout, plan_parts(layout, len(silent), limits)[0], limits).batches()
    sizes: list[int] = []
    with pytest.raises(UnreadableFileError, match="more than 10 times its size"):
        sizes.extend(sum(column.nbytes for column in batch.columns) for batch in batches)
    assert 0 < sum(sizes) < 10_000_000


class _Failing:
    """A store that stops answering behind the footer, or a machine without memory."""

    size = len(WHOLE)

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, start: int, length: int) -> bytes:
        if start < 100:
            raise self.error
        return WHOLE[start : start + length]


@pytest.mark.parametrize("error", [StorageUnavailableError("the store does not answer"), pa.ArrowMemoryError()])
def test_what_fails_around_a_file_is_no_fault_of_the_file(error: Exception) -> None:
    layout = find_layout(BytesSource(WHOLE), "x.orc", None, Limits())
    (split,) = plan_parts(layout, len(WHOLE), Limits())
    reading = read_part(_Failing(error), layout, split, Limits())
    with pytest.raises(type(error)):
        list(reading.batches())


def test_the_nanoseconds_of_moments_taken_apart_are_kept() -> None:
    """Arrow writes none beside a far year, so the two readings of such a stripe are made here."""
    from_2015 = 1_420_070_400
    seconds = pa.array([253_402_300_799 - from_2015, None, -62_135_596_799 - from_2015, -from_2015])
    behind = pa.array([999_999_999, None, 2_000_000, 1], pa.timestamp("ns"))
    one, other = (iter([pa.RecordBatch.from_arrays([cells], ["0"])]) for cells in (seconds, behind))
    (batch,) = put_together(one, other, (0,))
    assert as_text(batch.column(0)).to_pylist() == [
        "9999-12-31T23:59:59.999999999",
        None,
        "0001-01-01T00:00:00.002000",
        "1970-01-01T00:00:00.000000001",
    ]

"""Parquet data is decoded in bounded pieces, whatever its dictionaries hold."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dq.errors import UnreadableFileError
from dq.formats.byte_source import BytesSource
from dq.formats.limits import Limits
from dq.formats.parquet.reads import plan_reads
from dq.formats.parquet.rows import parquet_batches
from dq.formats.reading import find_layout
from tests.peak_memory import rows_and_peak
from tests.unit.formats.collected import collected, read_file

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 5000
SMALL = Limits(block=4096)
BOUND = 8 * SMALL.block


def written(columns: dict[str, Any], **options: Any) -> bytes:  # noqa: ANN401 - options of the library
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, compression="zstd", **options)
    return file.getvalue()


def largest(data: bytes, limits: Limits = SMALL) -> tuple[int, int]:
    """Read all rows, and give the bytes of the largest batch and its number of rows."""
    source = BytesSource(data)
    layout = find_layout(source, "x.parquet", None, limits)
    batches = list(parquet_batches(source, range(len(layout.row_groups)), limits))
    rows = collected(batches).values
    assert rows == [list(row.values()) for row in pq.read_table(pa.BufferReader(data)).to_pylist()]
    biggest = max(batches, key=lambda batch: sum(column.nbytes for column in batch.columns))
    return sum(column.nbytes for column in biggest.columns), biggest.rows


TEXTS = ["x" * 3000, "y" * 10, None, "z" * 1000]
SELDOM = [TEXTS[0] if number > ROWS - 50 else TEXTS[1] for number in range(ROWS)]


@pytest.mark.parametrize(
    "columns",
    [
        {"text": TEXTS * (ROWS // 4)},
        {"text": SELDOM},
        {"a.b": TEXTS * (ROWS // 4), "c": SELDOM, "id": range(ROWS)},
        {"bytes": pa.array([b"x" * 3000, b""] * (ROWS // 2))},
        {"text": pa.array(TEXTS * (ROWS // 4), pa.large_string())},
        {"text": pa.array(TEXTS * (ROWS // 4)).dictionary_encode()},
        {"nested": [{"text": text} for text in TEXTS] * (ROWS // 4)},
        {"list": [[text, text] for text in TEXTS] * (ROWS // 4)},
        {"fixed": pa.array([b"x" * 3000] * ROWS, pa.binary(3000))},
    ],
    ids=["text", "long ones last", "several", "bytes", "large", "category", "nested", "list", "fixed width"],
)
def test_what_a_dictionary_holds_once_is_decoded_in_bounded_pieces(columns: dict[str, Any]) -> None:
    data = written(columns)
    assert len(data) < 30_000
    size, rows = largest(data)
    assert size < 2 * BOUND
    assert rows < ROWS


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_long_texts_without_a_dictionary_too(encoding: str) -> None:
    columns = {"text": ["x" * 3000, "y" * 2000] * (ROWS // 10), "id": range(ROWS // 5)}
    size, rows = largest(written(columns, use_dictionary=False, column_encoding={"text": encoding}))
    assert size < 2 * BOUND
    assert rows < ROWS


def test_a_row_stays_one_however_long_it_is() -> None:
    assert largest(written({"text": ["x" * 3 * BOUND, "y"] * 4}))[1] <= 2


def test_ordinary_columns_are_read_many_rows_at_once() -> None:
    columns = {
        "number": np.arange(150_000),
        "word": [f"word {number % 50}" for number in range(150_000)],
        "text": [f"text {number}" for number in range(150_000)],
        "nothing": pa.nulls(150_000, pa.string()),
    }
    file = pq.ParquetFile(pa.BufferReader(written(columns, row_group_size=50_000)))
    (read,) = plan_reads(file.metadata, range(3), Limits())
    assert (read.groups, read.rows) == ((0, 1, 2), 64 * 1024)
    assert "text" not in read.packed


def test_row_groups_that_differ_are_read_in_their_order() -> None:
    file = io.BytesIO()
    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    with pq.ParquetWriter(file, schema) as writer:
        for group in range(6):
            texts = ["x" * 500] * 1000 if group % 2 else [f"text {group} {number}" for number in range(1000)]
            writer.write_table(pa.table({"id": range(group * 1000, group * 1000 + 1000), "text": texts}, schema))
    reads = plan_reads(pq.ParquetFile(pa.BufferReader(file.getvalue())).metadata, range(6), Limits())
    assert len({read.packed for read in reads}) == 2
    found = read_file(file.getvalue())
    assert [row[0] for row in found.rows.values] == list(range(6000))
    assert [line for line, _ in found.rows.rows] == list(range(1, 6001))


def test_a_file_that_says_to_expand_beyond_the_limits_is_refused() -> None:
    data = written({"zeros": np.zeros(60_000)}, use_dictionary=False)
    limits = Limits(free_expansion=100_000, expansion=10)
    with pytest.raises(UnreadableFileError, match=r"to 480,[0-9]* bytes, more than 10 times its size"):
        read_file(data, limits=limits)
    assert len(read_file(data, limits=Limits(free_expansion=1_000_000, expansion=10)).rows.rows) == 60_000


def test_the_peak_of_a_process_that_profiles_a_bomb(tmp_path: Path) -> None:
    """Some kilobytes that are 1.2 GB of text take little more memory, in MiB, than harmless ones of as many rows."""
    indices = pa.array(np.arange(60_000, dtype=np.int32) % 4)
    bomb = pa.DictionaryArray.from_arrays(indices, pa.array([letter * 20_000 for letter in "abcd"]))
    (tmp_path / "bomb.parquet").write_bytes(written({"text": bomb}))
    (tmp_path / "harmless.parquet").write_bytes(written({"text": ["abcd"] * 60_000}))
    *rows, more = rows_and_peak(tmp_path / "harmless.parquet", tmp_path / "bomb.parquet")
    assert rows == [60_000, 60_000]
    assert more < 500

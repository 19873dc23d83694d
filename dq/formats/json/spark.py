"""JSON by Spark's reader of text: its lines, or the array as one text, are parsed by us."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from dq.formats.json.array import json_array_batches
from dq.formats.json.rows import json_batch, refuse_long_line
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.spark_reading import AnyProbe, SparkReading, SparkSource, length_unknown
from dq.profiling.tally.row_batch import RowBatch

#: Bytes of a JSON array that Spark reads as one text at most.
MOST_WHOLE_TEXT = 64 * 1024 * 1024


def _refuse_lines(layout: FileLayout, _size: int) -> str | None:
    return "Spark would expand it without a bound" if layout.compression else None


def _lines(_layout: FileLayout, _probe: AnyProbe | None, limits: Limits) -> SparkSource:
    """Keep Spark's text reader from holding a line that is too long: it skips a longer one without a word.

    A line up to twice as long still comes, so that its file is refused within the job and is not read again.
    """
    longest = ("mapreduce.input.linerecordreader.line.maxlength", str(2 * limits.line))
    return SparkSource("text", options=(("lineSep", "\n"), longest))


def _rows_of_lines(batch: pa.RecordBatch, layout: FileLayout, limits: Limits) -> Iterator[RowBatch]:
    lines = _bytes(batch.column(0))
    refuse_long_line(pc.max(pc.binary_length(lines)).as_py() or 0, limits)
    yield json_batch([text or b"" for text in lines.to_pylist()], layout.header, limits)


def _bytes_of_lines(batch: pa.RecordBatch) -> int:
    """Count the bytes of lines as they stand in the file, line feeds among them."""
    count: int = (pc.sum(pc.binary_length(batch.column(0))).as_py() or 0) + batch.num_rows
    return count


def _refuse_array(layout: FileLayout, size: int) -> str | None:
    too_much = layout.compression or size > MOST_WHOLE_TEXT
    return "Spark would hold the whole array as one text" if too_much else None


def _array(_layout: FileLayout, _probe: AnyProbe | None, _limits: Limits) -> SparkSource:
    return SparkSource("text", options=(("wholetext", "true"),), cut=False)


def _rows_of_array(batch: pa.RecordBatch, layout: FileLayout, limits: Limits) -> Iterator[RowBatch]:
    for text in _bytes(batch.column(0)).to_pylist():
        yield from json_array_batches([text], layout.header, limits)


def _whole(size: int, _probe: AnyProbe | None) -> int | None:
    return size


def _bytes(column: pa.Array) -> pa.BinaryArray:
    return column.view(pa.binary()) if pa.types.is_string(column.type) else column


LINES = SparkReading(_refuse_lines, _lines, _rows_of_lines, length_unknown, bytes_of=_bytes_of_lines)
ARRAY = SparkReading(_refuse_array, _array, _rows_of_array, _whole)

"""Arrow batches from Spark's readers as row batches: text decoded, malformed rows set apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.engine.parts import FileTask
from dq.formats.encodings import is_utf8
from dq.formats.json_array import json_array_batches
from dq.formats.json_rows import json_batch
from dq.formats.parquet_rows import typed_batch
from dq.profiling.findings import MOST_EXAMPLES
from dq.profiling.row_batch import MalformedRow, RowBatch, unknown_lines
from dq.schema.definition import FileFormat

_BLANK = " \t\r\n"
#: A byte of UTF-8 whose upper two bits are these goes on with the character before it.
_LEAD_BITS, _CONTINUATION = 0xC0, 0x80


@dataclass(frozen=True, slots=True)
class SparkRows:
    """How the rows of a DataFrame are to be read.

    `open_files` end inside a quote. `block` is the most bytes of a file that Spark gives to one task.
    """

    format: FileFormat
    open_files: frozenset[int]
    block: int


def rows_of(batch: pa.RecordBatch, task: FileTask, rows: SparkRows, *, last: bool) -> Iterator[RowBatch]:
    """Turn rows of one file into row batches; `last`: no more rows of it come in this partition."""
    match rows.format:
        case FileFormat.PARQUET:
            typed = typed_batch(batch)
            yield RowBatch(typed.columns, typed.rows)
        case FileFormat.JSON_LINES:
            lines = [text or b"" for text in _bytes(batch.column(0)).to_pylist()]
            found = json_batch(lines, task.layout.header)
            yield RowBatch(
                found.columns, found.rows, found.malformed,
                [MalformedRow(0, row.text) for row in found.malformed_rows], extras=found.extras,
            )  # fmt: skip
        case FileFormat.JSON:
            for text in _bytes(batch.column(0)).to_pylist():
                for one in json_array_batches([text], task.layout.header):
                    yield RowBatch(one.columns, one.rows, one.malformed, one.malformed_rows, extras=one.extras)
        case _:
            yield _csv_rows(batch, task, open_end=last and task.id in rows.open_files)


def _bytes(column: pa.Array) -> pa.BinaryArray:
    return column.view(pa.binary()) if pa.types.is_string(column.type) else column


def _csv_rows(batch: pa.RecordBatch, task: FileTask, *, open_end: bool) -> RowBatch:
    width = len(task.layout.header)
    latin = is_utf8(task.layout.dialect.encoding)
    bad = batch.column(width)
    malformed = bad.is_valid().to_numpy(zero_copy_only=False)
    if open_end:
        malformed = malformed.copy()
        malformed[-1] = True
    columns: list[pa.Array] = []
    for at in range(width):
        column = batch.column(at)
        text = column if not column.null_count else pc.fill_null(column, "")
        if latin:
            text, invalid = as_utf8(text)
            if invalid is not None:
                malformed = malformed | invalid
        columns.append(text)
    kept = columns
    texts: list[str] = []
    count = 0
    if malformed.any():
        where = np.flatnonzero(malformed).tolist()
        raw = [_raw_text(batch, at, width, latin=latin) for at in where]
        faulty = [text for text in raw if text.strip(_BLANK)]
        count, texts = len(faulty), faulty[:MOST_EXAMPLES]
        keep = pa.array(~malformed)
        kept = [column.filter(keep) for column in columns]
    return RowBatch(
        columns=kept,
        rows=len(kept[0]),
        malformed=count,
        malformed_rows=[MalformedRow(0, text) for text in texts],
        line_numbers=unknown_lines,
    )


def _raw_text(batch: pa.RecordBatch, at: int, width: int, *, latin: bool) -> str:
    """Give the text of a row: as Spark kept it, else its cells put together again."""
    text: str | None = batch.column(width)[at].as_py()
    if text is None:
        cells = (batch.column(number)[at].as_py() for number in range(width))
        text = ",".join(cell or "" for cell in cells)
    return text.encode("latin-1", "replace").decode("utf-8", "replace") if latin else text


def as_utf8(column: pa.StringArray) -> tuple[pa.StringArray, npt.NDArray[np.bool_] | None]:
    """Turn cells that were read as Latin-1 back into their bytes, as UTF-8 text.

    Returns the text and a mask of the cells that are not UTF-8 (their text is empty then), None
    when all are.
    """
    data = column.buffers()[2]
    if data is None or data.to_pybytes().isascii():
        return column, None
    column = pa.concat_arrays([column])  # offsets from zero
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    raw = np.frombuffer(column.buffers()[2], np.uint8)
    begins = np.concatenate(([0], np.cumsum((raw & _LEAD_BITS) != _CONTINUATION)))
    text = raw.tobytes().decode()
    moved = begins[offsets].astype(np.int32)
    again = pa.StringArray.from_buffers(len(column), pa.py_buffer(moved), pa.py_buffer(text.encode("latin-1")))
    try:
        again.validate(full=True)
    except pa.ArrowInvalid:
        cells = again.view(pa.binary()).to_pylist()
        decoded = [_decoded(cell) for cell in cells]
        invalid = np.array([cell is None for cell in decoded], np.bool_)
        return pa.array([cell or "" for cell in decoded], pa.string()), invalid
    return again, None


def _decoded(cell: bytes) -> str | None:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return None

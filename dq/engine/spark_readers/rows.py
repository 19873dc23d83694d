"""Arrow batches from Spark's readers as row batches: text decoded, malformed rows set apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.engine.parts import FileTask
from dq.formats.encodings import is_utf8
from dq.formats.json.array import json_array_batches
from dq.formats.json.rows import json_batch, refuse_long_line
from dq.formats.limits import Limits
from dq.formats.parquet.rows import typed_batch
from dq.profiling.tally.offences import MOST_EXAMPLES
from dq.profiling.tally.row_batch import MalformedRow, RowBatch
from dq.schema.definition import FileFormat

_BLANK = " \t\r\n"
#: A byte of UTF-8 whose upper two bits are these goes on with the character before it.
_LEAD_BITS, _CONTINUATION = 0xC0, 0x80
_LAST_ASCII = 0x7F


def rows_of(batch: pa.RecordBatch, task: FileTask, limits: Limits) -> Iterator[RowBatch]:
    """Turn rows of one file into row batches, with their lines; those of CSV are numbered by row, for their order.

    Raises UnreadableFileError for what byte ranges refuse too; rows of CSV beyond a limit never come this far.
    """
    match task.layout.format:
        case FileFormat.PARQUET:
            yield typed_batch(batch)
        case FileFormat.JSON_LINES:
            lines = _bytes(batch.column(0))
            refuse_long_line(pc.max(pc.binary_length(lines)).as_py() or 0, limits)
            yield json_batch([text or b"" for text in lines.to_pylist()], task.layout.header)
        case FileFormat.JSON:
            for text in _bytes(batch.column(0)).to_pylist():
                yield from json_array_batches([text], task.layout.header, limits)
        case _:
            yield _csv_rows(batch, task)


def _bytes(column: pa.Array) -> pa.BinaryArray:
    return column.view(pa.binary()) if pa.types.is_string(column.type) else column


def _csv_rows(batch: pa.RecordBatch, task: FileTask) -> RowBatch:
    """Set the rows apart that Spark calls malformed, which blank lines may be, and those that are not UTF-8."""
    width = len(task.layout.header)
    latin = is_utf8(task.layout.dialect.encoding)
    bad = batch.column(width)
    broken = bad.is_valid().to_numpy(zero_copy_only=False)
    undecodable = np.zeros(len(bad), np.bool_)
    columns: list[pa.Array] = []
    for at in range(width):
        column = batch.column(at)
        text = column if not column.null_count else pc.fill_null(column, "")
        if latin:
            text, invalid = as_utf8(text)
            if invalid is not None:
                undecodable |= invalid
        columns.append(text)
    malformed = broken | undecodable
    if not malformed.any():
        return RowBatch(columns=columns, rows=len(bad), lines=len(bad), line_numbers=lambda rows: (rows + 1).tolist())
    blank = pc.equal(pc.utf8_trim(bad, _BLANK), "").fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    faulty = np.flatnonzero(malformed & ~blank)
    kept = np.flatnonzero(~malformed)
    return RowBatch(
        columns=[column.take(pa.array(kept)) for column in columns],
        rows=len(kept),
        malformed=len(faulty),
        malformed_rows=[
            MalformedRow(at + 1, _raw_text(batch, at, task, latin=latin)) for at in faulty[:MOST_EXAMPLES].tolist()
        ],
        lines=len(bad),
        line_numbers=lambda rows: (kept[rows] + 1).tolist(),
    )


def _raw_text(batch: pa.RecordBatch, at: int, task: FileTask, *, latin: bool) -> str:
    """Give the text of a row: as Spark kept it, else its cells put together again."""
    width = len(task.layout.header)
    text: str | None = batch.column(width)[at].as_py()
    if text is None:
        cells = (batch.column(number)[at].as_py() for number in range(width))
        text = task.layout.dialect.delimiter.join(cell or "" for cell in cells)
    return text.encode("latin-1", "replace").decode("utf-8", "replace") if latin else text


def as_utf8(column: pa.StringArray) -> tuple[pa.StringArray, npt.NDArray[np.bool_] | None]:
    """Turn cells that were read as Latin-1 back into their bytes, as UTF-8 text.

    Returns the text and a mask of the cells that are not UTF-8 (their text is empty then), None
    when all are.
    """
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    if data is None:
        return column, None
    raw = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    if not len(raw) or raw.max() <= _LAST_ASCII:
        return column, None
    offsets = offsets - offsets[0]
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

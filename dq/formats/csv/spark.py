"""CSV by Spark's own reader: what it cannot read, what it is told, and its rows, malformed ones set apart."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.formats.csv.malformed import not_utf8, wrong_width
from dq.formats.csv.probe import Probe, probe_part
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.encodings import is_utf8
from dq.formats.spark_reading import AnyProbe, SparkReading, SparkSource
from dq.profiling.cells.texts import offsets_of
from dq.profiling.tally.offences import MOST_EXAMPLES
from dq.profiling.tally.row_batch import MalformedRow, RowBatch

_BLANK = " \t\r\n"
#: A byte of UTF-8 whose upper two bits are these goes on with the character before it.
_LEAD_BITS, _CONTINUATION = 0xC0, 0x80
_LAST_ASCII = 0x7F
#: Stands for what no cell is, so that Spark's reader takes no cell for null.
_NO_VALUE = "\ue000"
_MALFORMED = "_malformed"
#: Bytes of a short line at most.
_SHORT = 64 * 1024


def _refuse(layout: FileLayout, _size: int) -> str | None:
    dialect = layout.dialect
    if layout.first_row and not dialect.header:
        return "Spark would keep the byte order mark"
    if layout.blank_rows:
        return "Spark would take the row of blank cells above the header for the header"
    if dialect.delimiter.isspace():
        return "Spark would take a row of empty cells for a blank line"
    if _encoding(dialect.encoding) is None:
        return f"Spark does not read {dialect.encoding}"
    return None


def _encoding(encoding: str) -> str | None:
    """Name the encoding Spark's reader is told, None for one that it refuses.

    UTF-8 is read as Latin-1: so the bytes survive, and what is not UTF-8 is found by us. Spark
    takes few other encodings, and cuts the lines of those wrongly whose characters have two bytes.
    """
    return "ISO-8859-1" if is_utf8(encoding) or codecs.lookup(encoding).name == "iso8859-1" else None


def _source(layout: FileLayout, probe: AnyProbe | None, limits: Limits) -> SparkSource:
    """Ask for one more column than the file has: the text of a malformed row, else null."""
    dialect, width = layout.dialect, len(layout.header)
    multiline = isinstance(probe, Probe) and probe.quoted_breaks
    longest = _longest(0, probe)
    options = {
        "header": str(dialect.header).lower(),
        "columnNameOfCorruptRecord": _MALFORMED,
        "mode": "PERMISSIVE",
        "multiLine": str(multiline).lower(),
        "encoding": _encoding(dialect.encoding) or dialect.encoding,
        "sep": dialect.delimiter,
        "quote": dialect.quote,
        "escape": dialect.quote,
        "nullValue": _NO_VALUE,
        "emptyValue": "",
        "enforceSchema": "true",
        "maxColumns": str(width + 1024),
        # Spark's parser takes the memory for so many characters at once, anew for every part of a file.
        "maxCharsPerColumn": str(limits.line if longest is None or longest > _SHORT else min(_SHORT, limits.line)),
    }
    columns = (*((f"c{at}", "string") for at in range(width)), (_MALFORMED, "string"))
    return SparkSource("csv", columns, tuple(options.items()), cut=not multiline)


def _longest(_size: int, probe: AnyProbe | None) -> int | None:
    return probe.longest_row if isinstance(probe, Probe) else None


def _rows(batch: pa.RecordBatch, layout: FileLayout, _limits: Limits) -> Iterator[RowBatch]:
    """Set the rows apart that Spark calls malformed, which blank lines may be, and those that are not UTF-8.

    They are numbered by row, for their order. Rows beyond a limit never come this far.
    """
    width = len(layout.header)
    latin = is_utf8(layout.dialect.encoding)
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
        yield RowBatch(columns=columns, rows=len(bad), lines=len(bad), line_numbers=lambda rows: (rows + 1).tolist())
        return
    blank = pc.equal(pc.utf8_trim(bad, _BLANK), "").fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    faulty = np.flatnonzero(malformed & ~blank)
    kept = np.flatnonzero(~malformed)
    reasons = [_why(batch, at, layout, latin=latin) for at in faulty.tolist()]
    yield RowBatch(
        columns=[column.take(pa.array(kept)) for column in columns],
        rows=len(kept),
        malformed=len(faulty),
        malformed_rows=[
            MalformedRow(at + 1, _raw_text(batch, at, layout, latin=latin), reason)
            for at, reason in zip(faulty[:MOST_EXAMPLES].tolist(), reasons, strict=False)
        ],
        reasons=Counter(reasons),
        lines=len(bad),
        line_numbers=lambda rows: (kept[rows] + 1).tolist(),
    )


def _why(batch: pa.RecordBatch, at: int, layout: FileLayout, *, latin: bool) -> str:
    """Say why a row is malformed: what is not UTF-8 has no fields that anybody could count."""
    raw = _raw_text(batch, at, layout, latin=False)
    data = raw.encode("latin-1", "replace") if latin else raw.encode()
    text: str | None = batch.column(len(layout.header))[at].as_py()
    if text is None or not _is_utf8(data):
        return not_utf8(data)
    cells = next(csv.reader([text], delimiter=layout.dialect.delimiter, quotechar=layout.dialect.quote), [])
    return wrong_width(len(cells), len(layout.header))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _raw_text(batch: pa.RecordBatch, at: int, layout: FileLayout, *, latin: bool) -> str:
    """Give the text of a row: as Spark kept it, else its cells put together again."""
    width = len(layout.header)
    text: str | None = batch.column(width)[at].as_py()
    if text is None:
        cells = (batch.column(number)[at].as_py() for number in range(width))
        text = layout.dialect.delimiter.join(cell or "" for cell in cells)
    return text.encode("latin-1", "replace").decode("utf-8", "replace") if latin else text


def as_utf8(column: pa.StringArray) -> tuple[pa.StringArray, npt.NDArray[np.bool_] | None]:
    """Turn cells that were read as Latin-1 back into their bytes, as UTF-8 text.

    Returns the text and a mask of the cells that are not UTF-8 (their text is empty then), None
    when all are.
    """
    offsets = offsets_of(column)
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


SPARK = SparkReading(_refuse, _source, _rows, _longest, probe=probe_part, knows_lines=False)

"""CSV text to row batches: a fast path for clean blocks, a careful one for everything else.

The fast path is Arrow's parser. The careful path is Python's csv module, cell by cell, for blocks
with stray quotes, invalid UTF-8 or an unclosed quote. Both give the same rows for the same text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from dq.errors import UnreadableFileError
from dq.formats.limits import Limits
from dq.formats.quotes import record_ends
from dq.profiling.findings import MOST_EXAMPLES
from dq.profiling.row_batch import MalformedRow, RowBatch
from dq.schema.definition import CsvDialect

_LF, _CR = 10, 13
_BLANK = " \t\r\n"
#: Stands for NUL in the careful path: Python 3.10's csv module refuses NUL.
_NUL = "\ue000"


class CsvRows:
    """Turns consecutive pieces of CSV text, beginning at a record, into row batches."""

    def __init__(self, width: int, dialect: CsvDialect, limits: Limits) -> None:
        """Expect `width` fields a row."""
        self._width = width
        self._dialect = dialect
        self._limits = limits
        self._rest = b""
        self._names = [str(at) for at in range(width)]
        self._types = {name: pa.string() for name in self._names}

    def feed(self, piece: bytes) -> Iterator[RowBatch]:
        """Take in the next piece of text; gives the rows that are complete."""
        text = self._rest + piece if self._rest else piece
        end = self._last_end(text)
        self._rest = text[end:]
        if len(self._rest) > self._limits.line:
            raise UnreadableFileError(too_long(self._limits))
        if end:
            yield self._parse(text if end == len(text) else text[:end], last=False)

    def finish(self) -> Iterator[RowBatch]:
        """Take what is left as the end of the file."""
        if self._rest:
            text, self._rest = self._rest, b""
            yield self._parse(text, last=True)

    @property
    def rest(self) -> bytes:
        """The text of the record that is not complete yet."""
        return self._rest

    def end_of(self, text: bytes, at_least: int) -> int | None:
        """Find the first record end at or behind `at_least` in a text that begins at a record."""
        if self._quote not in text:
            found = text.find(b"\n", max(at_least - 1, 0)) + 1
            return found or None
        found_ends = record_ends(text, self._dialect)
        ends = found_ends.ends if found_ends.regular else self._careful_ends(text)
        at = int(np.searchsorted(ends, at_least))
        return int(ends[at]) if at < len(ends) else None

    @property
    def _quote(self) -> bytes:
        return self._dialect.quote.encode()

    def _last_end(self, text: bytes) -> int:
        if self._quote not in text:
            return text.rfind(b"\n") + 1
        found = record_ends(text, self._dialect)
        ends = found.ends if found.regular else self._careful_ends(text)
        return int(ends[-1]) if len(ends) else 0

    def _careful_ends(self, text: bytes) -> npt.NDArray[np.int64]:
        records = list(careful_records(text, self._dialect))
        if records and (records[-1].open or not text.endswith(b"\n")):
            records.pop()
        return np.array([record.end for record in records], np.int64)

    def _parse(self, text: bytes, *, last: bool) -> RowBatch:
        if self._is_clean(text, last=last):
            return self._parse_fast(text)
        return self._parse_carefully(text)

    def _is_clean(self, text: bytes, *, last: bool) -> bool:
        if not text.isascii():
            try:
                text.decode()
            except UnicodeDecodeError:
                return False
        if self._quote not in text:
            return True
        if self._width == 1:
            return False  # a quoted blank cell is data, a blank line is not
        found = record_ends(text, self._dialect)
        return found.regular and not (last and found.open)

    def _parse_fast(self, text: bytes) -> RowBatch:
        invalid: list[pacsv.InvalidRow] = []

        def skip(row: pacsv.InvalidRow) -> str:
            invalid.append(row)
            return "skip"

        quoted = self._quote in text
        table = pacsv.read_csv(
            pa.py_buffer(text),
            pacsv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=self._names),
            pacsv.ParseOptions(
                delimiter=self._dialect.delimiter,
                quote_char=self._dialect.quote,
                newlines_in_values=quoted,
                invalid_row_handler=skip,
            ),
            pacsv.ConvertOptions(column_types=self._types, strings_can_be_null=False, check_utf8=False),
        )
        columns = [_one_chunk(column) for column in table.columns]
        blank = self._blank_rows(columns[0]) if self._width == 1 else None
        if blank is not None:
            columns = [columns[0].filter(pa.array(~blank))]
        lines = _Lines(text, self._dialect, invalid, blank)
        faulty = [row for row in invalid if row.text.strip(_BLANK)]
        return RowBatch(
            columns=columns,
            rows=len(columns[0]),
            malformed=len(faulty),
            malformed_rows=[MalformedRow(lines.of_record(row.number - 1), row.text) for row in faulty[:MOST_EXAMPLES]],
            lines=text.count(b"\n") + (not text.endswith(b"\n")),
            line_numbers=lines,
        )

    @staticmethod
    def _blank_rows(column: pa.Array) -> npt.NDArray[np.bool_] | None:
        """Find rows of white space only, in a file of one column."""
        texts = column.to_pylist() if len(column) else []
        blank = np.array([not text.strip(_BLANK) for text in texts], np.bool_)
        return blank if blank.any() else None

    def _parse_carefully(self, text: bytes) -> RowBatch:
        cells: list[list[str]] = [[] for _ in range(self._width)]
        lines: list[int] = []
        malformed: list[MalformedRow] = []
        count = 0
        for record in careful_records(text, self._dialect):
            raw = text[record.start : record.end]
            if not raw.strip(_BLANK.encode()):
                continue
            row = None if record.open else _decoded(record.cells)
            if row is None or len(row) != self._width:
                count += 1
                if len(malformed) < MOST_EXAMPLES:
                    shown = raw[: self._limits.header].rstrip(b"\r\n").decode("utf-8", "replace")
                    malformed.append(MalformedRow(record.line, shown))
                continue
            lines.append(record.line)
            for column, cell in zip(cells, row, strict=True):
                column.append(cell)
        known = np.array(lines, np.int64)
        return RowBatch(
            columns=[pa.array(column, pa.string()) for column in cells],
            rows=len(lines),
            malformed=count,
            malformed_rows=malformed,
            lines=text.count(b"\n") + (not text.endswith(b"\n")),
            line_numbers=lambda rows: known[rows].tolist(),
        )


def too_long(limits: Limits) -> str:
    """Say that a record goes beyond the limit."""
    return (
        f"a line is longer than {limits.line:,} bytes, the most that is read as one row; "
        "is the line break missing, or a quote left open?"
    )


@dataclass(frozen=True, slots=True)
class CarefulRecord:
    """One record: byte offsets, its first line (1-based), cells as Latin-1 text of their bytes.

    `open` says the text ended inside its quotes.
    """

    start: int
    end: int
    line: int
    cells: list[str]
    open: bool


def careful_records(text: bytes, dialect: CsvDialect) -> Iterator[CarefulRecord]:
    """Read records with Python's csv module, on Latin-1 text so that characters are bytes."""
    consumed = 0
    line_count = 0

    def lines() -> Iterator[str]:
        nonlocal consumed, line_count
        for line in io.StringIO(text.decode("latin-1").replace("\0", _NUL), newline=""):
            consumed += len(line)
            line_count += line.endswith("\n")
            yield line

    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(lines(), delimiter=dialect.delimiter, quotechar=dialect.quote)
    start, line = 0, 1
    for cells in reader:
        is_last = consumed == len(text)
        is_open = is_last and _ends_open(text[start:consumed], dialect)
        yield CarefulRecord(start, consumed, line, cells, is_open)
        start, line = consumed, line_count + 1


def _ends_open(record: bytes, dialect: CsvDialect) -> bool:
    """Tell whether a record at the end of the text misses its closing quote."""
    if dialect.quote.encode() not in record:
        return False
    lines = io.StringIO(record.decode("latin-1").replace("\0", _NUL) + "\n", newline="")
    probe = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote)
    cells = next(probe, [])
    # The added line feed ends the record unless it falls inside quotes.
    return bool(cells) and cells[-1].endswith("\n")


def _decoded(cells: list[str]) -> list[str] | None:
    """Turn Latin-1 text of bytes into text; None when some cell is not UTF-8."""
    try:
        return [
            (cell if cell.isascii() else cell.replace(_NUL, "\0").encode("latin-1").decode())
            if _NUL not in cell or not cell.isascii()
            else cell.replace(_NUL, "\0")
            for cell in cells
        ]
    except UnicodeDecodeError:
        return None


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], pa.string())])


class _Lines:
    """Finds the lines of a clean block's rows, only when somebody asks."""

    def __init__(
        self,
        text: bytes,
        dialect: CsvDialect,
        invalid: list[pacsv.InvalidRow],
        blank: npt.NDArray[np.bool_] | None,
    ) -> None:
        self._text = text
        self._dialect = dialect
        self._skipped = {row.number - 1 for row in invalid}
        self._blank = blank
        self._records: npt.NDArray[np.int64] | None = None
        self._rows: npt.NDArray[np.int64] | None = None

    def __call__(self, rows: npt.NDArray[np.int64]) -> list[int]:
        if self._rows is None:
            records = self._record_lines()
            keep = np.ones(len(records), np.bool_)
            keep[list(self._skipped)] = False
            kept = records[keep]
            self._rows = kept if self._blank is None else kept[~self._blank]
        lines: list[int] = self._rows[rows].tolist()
        return lines

    def of_record(self, record: int) -> int:
        return int(self._record_lines()[record])

    def _record_lines(self) -> npt.NDArray[np.int64]:
        """Give the first line of every record that is not an empty line."""
        if self._records is None:
            array = np.frombuffer(self._text, np.uint8)
            feeds = np.flatnonzero(array == _LF)
            ends = record_ends(self._text, self._dialect).ends
            if not len(ends) or ends[-1] != len(array):
                ends = np.append(ends, len(array))
            starts = np.concatenate(([0], ends[:-1]))
            size = ends - starts
            ended = array[ends - 1] == _LF
            size = size - ended
            returns = (size == 1) & (array[starts] == _CR)
            first = np.searchsorted(feeds, starts) + 1
            self._records = first[(size > 0) & ~returns]
        return self._records

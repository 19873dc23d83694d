"""CSV text to row batches: a fast path for clean blocks, a careful one for everything else.

The fast path is Arrow's parser. The careful path is Python's csv module, cell by cell, for blocks
with stray quotes, invalid UTF-8 or an unclosed quote. Both give the same rows for the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from dq.errors import UnreadableFileError
from dq.formats.csv.careful import CarefulRecord, careful_records, decoded
from dq.formats.csv.lines import CsvLines
from dq.formats.csv.malformed import OPEN_QUOTE, not_utf8, wrong_width
from dq.formats.csv.quotes import Positions, count_lines, line_breaks, record_ends
from dq.formats.limits import Limits
from dq.formats.lines.lengths import too_long
from dq.profiling.tally.row_batch import MalformedRow, RowBatch
from dq.schema.definition import CsvDialect

_BOM = b"\xef\xbb\xbf"
_WHITE = " \t\r\n"
#: Bytes read carefully at once.
_CAREFUL_BLOCK = 256 * 1024


def is_utf8_text(text: bytes) -> bool:
    """Tell whether Arrow may read the text; it would drop a byte order mark."""
    if text.startswith(_BOM):
        return False
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def read_columns(text: bytes, width: int, dialect: CsvDialect) -> tuple[list[pa.Array], list[pacsv.InvalidRow]]:
    """Parse a clean text; rows of another width than `width` are given apart."""
    invalid: list[pacsv.InvalidRow] = []

    def skip(row: pacsv.InvalidRow) -> str:
        invalid.append(row)
        return "skip"

    names = [str(at) for at in range(width)]
    table = pacsv.read_csv(
        pa.py_buffer(text),
        pacsv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
        pacsv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote,
            newlines_in_values=dialect.quote.encode() in text,
            invalid_row_handler=skip,
        ),
        pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
        ),
    )
    return [_one_chunk(column) for column in table.columns], invalid


class CsvRows:
    """Turns consecutive pieces of CSV text, beginning at a record, into row batches."""

    def __init__(self, width: int, dialect: CsvDialect, limits: Limits) -> None:
        """Expect `width` fields a row."""
        self._width = width
        self._dialect = dialect
        self._limits = limits
        self._rest = b""
        self._quote = dialect.quote.encode()
        self._blank = _WHITE.replace(dialect.delimiter, "")

    def feed(self, piece: bytes) -> Iterator[RowBatch]:
        """Take in the next piece of text; gives the rows that are complete.

        A large piece that is not clean is taken in small parts, so that a stray quote slows down its
        own neighbourhood only.
        """
        text = self._rest + piece if self._rest else piece
        if not len(text) > _CAREFUL_BLOCK >= len(self._rest):
            yield from self._take(text)
            return
        end = self._clean_end(text)
        if end:
            yield self._parse_fast(self._cut(text, end))
        elif end is None:
            self._rest = b""
            for start in range(0, len(text), _CAREFUL_BLOCK):
                yield from self._take(self._rest + text[start : start + _CAREFUL_BLOCK])
        else:
            yield from self._take(text)

    def _take(self, text: bytes) -> Iterator[RowBatch]:
        complete = self._cut(text, self._last_end(text))
        if complete:
            yield self._parse(complete, last=False)

    def _cut(self, text: bytes, end: int) -> bytes:
        """Keep what is behind `end` for later; gives what is before it."""
        self._rest = text[end:]
        if self._is_too_long(text, end):
            raise UnreadableFileError(too_long(self._limits))
        return text if end == len(text) else text[:end]

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
        ends = self._ends(text)
        at = int(np.searchsorted(ends, at_least))
        return int(ends[at]) if at < len(ends) else None

    def _clean_end(self, text: bytes) -> int | None:
        """Find in one look where the last record of a clean text ends (0: nowhere), None when the text is not clean."""
        feed = text.rfind(b"\n") + 1  # a cut behind it cuts no character
        if not text.isascii() and not is_utf8_text(text[:feed]):
            return None
        if self._quote not in text:
            return feed
        if self._width == 1:
            return None
        found = record_ends(text, self._dialect)
        if not found.regular:
            return None
        return int(found.ends[-1]) if len(found.ends) else 0

    def _last_end(self, text: bytes) -> int:
        if self._quote not in text:
            # A carriage return alone ends a record as well; the last byte may be half of CR LF.
            return text.rfind(b"\n") + 1 or text.rfind(b"\r", 0, -1) + 1
        ends = self._ends(text)
        return int(ends[-1]) if len(ends) else 0

    def _is_too_long(self, text: bytes, end: int) -> bool:
        """Tell whether a record, complete up to `end` or not, has more bytes than one may have."""
        most = self._limits.line
        if len(text) <= most:
            return False
        if self._quote in text:
            ends = self._ends(text[:end])
        else:
            # In the largest steps from end to end of a line: where none is within a step, a line is too long, unless
            # carriage returns alone end it.
            at = 0
            while end - at > most and (feed := text.rfind(b"\n", at, at + most)) >= 0:
                at = feed + 1
            if end - at <= most:
                return len(text) - end > most
            ends = line_breaks(text[:end]) + 1
        return int(np.diff(ends, prepend=0, append=len(text)).max()) > most

    def _ends(self, text: bytes) -> Positions:
        found = record_ends(text, self._dialect)
        return found.ends if found.regular else self._careful_ends(text)

    def _careful_ends(self, text: bytes) -> Positions:
        ends: list[int] = []
        is_open = False
        for record in careful_records(text, self._dialect):
            ends.append(record.end)
            is_open = record.open
        if is_open or not text.endswith(b"\n"):
            ends = ends[:-1]
        return np.array(ends, np.int64)

    def _parse(self, text: bytes, *, last: bool) -> RowBatch:
        if self._is_clean(text, last=last):
            return self._parse_fast(text)
        return self._parse_carefully(text)

    def _is_clean(self, text: bytes, *, last: bool) -> bool:
        if not text.isascii() and not is_utf8_text(text):
            return False
        if self._quote not in text:
            return True
        if self._width == 1:
            return False  # a quoted blank cell is data, a blank line is not
        found = record_ends(text, self._dialect)
        return found.regular and not (last and found.open)

    def _parse_fast(self, text: bytes) -> RowBatch:
        columns, invalid = read_columns(text, self._width, self._dialect)
        skipped = [row.number - 1 for row in invalid]
        if self._width == 1 and (blank := self._blank_records(columns[0], skipped)):
            kept = np.delete(np.arange(len(columns[0])), blank[1])
            columns = [columns[0].take(pa.array(kept))]
            skipped = blank[0]
        lines = CsvLines(text, self._dialect, skipped)
        faulty = [row for row in invalid if row.text.strip(self._blank)]
        return RowBatch(
            columns=columns,
            rows=len(columns[0]),
            malformed=len(faulty),
            malformed_rows=[
                MalformedRow(
                    lines.of_record(row.number - 1),
                    row.text[: self._limits.malformed_text],
                    wrong_width(row.actual_columns, self._width),
                )
                for row in faulty[: self._limits.malformed]
            ],
            reasons=Counter(wrong_width(row.actual_columns, self._width) for row in faulty),
            lines=count_lines(text),
            line_numbers=lines,
        )

    def _blank_records(self, column: pa.Array, skipped: list[int]) -> tuple[list[int], list[int]] | None:
        """Find the rows of white space only, in a file of one column: all skipped records, and the rows among them."""
        blank = pc.equal(pc.binary_length(pc.ascii_trim(column, self._blank)), 0).to_numpy(zero_copy_only=False)
        if not blank.any():
            return None
        records = np.delete(np.arange(len(column) + len(skipped)), skipped)
        rows = np.flatnonzero(blank)
        return sorted([*skipped, *records[rows].tolist()]), rows.tolist()

    def _parse_carefully(self, text: bytes) -> RowBatch:
        cells: list[list[str]] = [[] for _ in range(self._width)]
        lines: list[int] = []
        malformed: list[MalformedRow] = []
        count, reasons = 0, Counter[str]()
        for record in careful_records(text, self._dialect):
            raw = text[record.start : record.end]
            if not raw.strip(self._blank.encode()):
                continue
            row = None if record.open else decoded(record.cells)
            if row is None or len(row) != self._width:
                count += 1
                reason = self._why(record, raw, row)
                reasons[reason] += 1
                if len(malformed) < self._limits.malformed:
                    shown = raw[: self._limits.malformed_text].rstrip(b"\r\n").decode("utf-8", "replace")
                    malformed.append(MalformedRow(record.line, shown, reason))
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
            reasons=reasons,
            lines=count_lines(text),
            line_numbers=lambda rows: known[rows].tolist(),
        )

    def _why(self, record: CarefulRecord, raw: bytes, row: list[str] | None) -> str:
        """Say why a record is no row."""
        if record.open:
            return OPEN_QUOTE
        return not_utf8(raw) if row is None else wrong_width(len(row), self._width)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], pa.string())])

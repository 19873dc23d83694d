"""Reading one range of a line-oriented file: where its first record begins, where its last one ends.

A split owns the records that start in [start, end). Where a record starts is certain at the start of
the file only; elsewhere it is a guess, as a line break may be quoted. Every reading tells where it
`began` and `ended`, and the guess is proven by its neighbour: the split before must end where this
one began. A split proven wrong is read again from the right place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource
from dq.formats.csv_rows import CsvRows, careful_records, too_long
from dq.formats.json_rows import JsonLines
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.profiling.row_batch import RowBatch
from dq.schema.definition import FileFormat

_GUESS_BYTES = 64 * 1024
_GUESS_RECORDS = 100


@dataclass(frozen=True, slots=True)
class Split:
    """Bytes [start, end) of one file, its number, and `sure`: `start` is known to begin a record."""

    number: int
    start: int
    end: int
    sure: bool = False


def plan_splits(first_row: int, size: int, split_size: int) -> list[Split]:
    """Cut a file's rows into equal ranges of at most about `split_size` bytes; at least one."""
    length = size - first_row
    count = max(-(-length // split_size), 1)
    edges = [first_row + length * number // count for number in range(count + 1)]
    return [Split(number, edges[number], edges[number + 1], sure=number == 0) for number in range(count)]


class SplitReading:
    """Reads one split; `began` and `ended` are set once its batches are exhausted."""

    def __init__(self, source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> None:
        """Read nothing yet."""
        self._source = source
        self._layout = layout
        self._split = split
        self._limits = limits
        self.began = split.start
        self.ended = split.start

    def batches(self) -> Iterator[RowBatch]:
        """Give the rows of the split."""
        rows = self._rows()
        begin = self._split.start if self._split.sure else self._guess_begin(rows)
        self.began = self.ended = begin
        if begin >= self._split.end:
            return
        position = begin
        while position < self._split.end:
            piece = self._source.read(position, min(self._block(), self._split.end - position))
            if not piece:
                break
            position += len(piece)
            yield from rows.feed(piece)
        yield from self._last_record(rows, position)

    def _last_record(self, rows: CsvRows | JsonLines, position: int) -> Iterator[RowBatch]:
        """Follow the record that crosses the end of the split to its own end."""
        while rest := rows.rest:
            at_end = position >= self._source.size
            more = b"" if at_end else self._source.read(position, _GUESS_BYTES * 4)
            if not more:
                yield from rows.finish()
                break
            end = rows.end_of(rest + more, len(rest))
            if end is not None:
                taken = end - len(rest)
                position += taken
                yield from rows.feed(more[:taken])
                break
            position += len(more)
            yield from rows.feed(more)
            if len(rows.rest) > self._limits.line:
                raise UnreadableFileError(too_long(self._limits))
        self.ended = position

    def _rows(self) -> CsvRows | JsonLines:
        return line_rows(self._layout, self._limits)

    def _block(self) -> int:
        return max(self._limits.block, min(4 * self._limits.block, len(self._layout.header) * 64 * 1024))

    def _guess_begin(self, rows: CsvRows | JsonLines) -> int:
        """Find the first record start at or behind the split's start."""
        before = self._split.start - 1
        window = self._source.read(before, _GUESS_BYTES)
        plain = window.find(b"\n") + 1
        if isinstance(rows, CsvRows) and self._layout.dialect.quote.encode() in window:
            inside = _end_of_quoted(window, self._layout)
            if inside and self._fitting(window[inside:]) > self._fitting(window[plain:] if plain else b""):
                return before + inside
        position = before + len(window)
        while not plain and position < self._source.size:
            if position - before > self._limits.line:
                raise UnreadableFileError(too_long(self._limits))
            window = self._source.read(position, _GUESS_BYTES)
            plain = window.find(b"\n") + 1
            if plain:
                return position + plain
            position += len(window)
        return before + plain if plain else self._source.size

    def _fitting(self, text: bytes) -> float:
        """Give the share of the first records of a text that have the right number of fields."""
        records = fitting = 0
        for record in careful_records(text, self._layout.dialect):
            if record.end == len(text) or records == _GUESS_RECORDS:
                break
            if text[record.start : record.end].strip():
                records += 1
                fitting += len(record.cells) == len(self._layout.header)
        return fitting / records if records else 0.0


def _end_of_quoted(window: bytes, layout: FileLayout) -> int:
    """Find the end of the record whose quoted cell a text is supposed to begin in; 0 if there is none."""
    first = next(careful_records(layout.dialect.quote.encode() + window, layout.dialect), None)
    if first is None or first.open or first.end > len(window):
        return 0
    return first.end - 1


def line_rows(layout: FileLayout, limits: Limits) -> CsvRows | JsonLines:
    """Give the row reader of a line-oriented format."""
    if layout.format is FileFormat.JSON_LINES:
        return JsonLines(layout.header, limits)
    return CsvRows(len(layout.header), layout.dialect, limits)

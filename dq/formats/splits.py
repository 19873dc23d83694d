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
from dq.formats.csv.rows import CsvRows, too_long
from dq.formats.json.rows import JsonLines
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.split_start import find_start
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.definition import FileFormat

_FIRST_LOOK = 256 * 1024
_MOST_LOOK = 8 * 1024 * 1024
#: Where a reading began and ended that failed from a start nobody has proven.
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Split:
    """Bytes [start, end) of one file, and its number.

    `sure`: `start` is known to begin a record. `given`: it is supposed to, as the split before ended
    there when it was read from a place that was not proven either.
    """

    number: int
    start: int
    end: int
    sure: bool = False
    given: bool = False


def plan_splits(first_row: int, size: int, split_size: int) -> list[Split]:
    """Cut a file's rows into equal ranges of at most about `split_size` bytes; at least one."""
    length = size - first_row
    count = max(-(-length // split_size), 1)
    edges = [first_row + length * number // count for number in range(count + 1)]
    return [Split(number, edges[number], edges[number + 1], sure=number == 0) for number in range(count)]


class SplitReading:
    """Reads one split; `began` and `ended` are set once its batches are exhausted.

    A text that cannot be read is an error only where the split's start is sure. From a guessed one
    it may well be the guess that is wrong: both are `NOWHERE` then, and the split is read again.
    """

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
        try:
            yield from self._batches()
        except UnreadableFileError:
            if self._split.sure:
                raise
            self.began = self.ended = NOWHERE

    def _batches(self) -> Iterator[RowBatch]:
        split = self._split
        known = split.sure or split.given
        begin = split.start if known else find_start(self._source, self._layout, split.start, self._limits)
        self.began = self.ended = begin
        if begin >= split.end:
            return
        rows = line_rows(self._layout, self._limits)
        position = begin
        while position < split.end:
            piece = self._source.read(position, min(self._block(), split.end - position))
            if not piece:
                break
            position += len(piece)
            yield from rows.feed(piece)
        yield from self._last_record(rows, position)

    def _last_record(self, rows: CsvRows | JsonLines, position: int) -> Iterator[RowBatch]:
        """Follow the record that crosses the end of the split to its own end."""
        look = _FIRST_LOOK
        while rest := rows.rest:
            more = self._source.read(position, look) if position < self._source.size else b""
            if not more:
                yield from rows.finish()
                break
            end = rows.end_of(rest + more, len(rest))
            if end is not None:
                taken = end - len(rest)
                position += taken
                yield from rows.feed(more[:taken])
                yield from rows.finish()  # a carriage return at the very end is not known to end a line
                break
            position += len(more)
            yield from rows.feed(more)
            if len(rows.rest) > self._limits.line:
                raise UnreadableFileError(too_long(self._limits))
            look = min(look * 2, _MOST_LOOK)
        self.ended = position

    def _block(self) -> int:
        """Give the bytes that are parsed at once: more for wide files, where a column is worth its overhead."""
        return max(self._limits.block, min(4 * self._limits.block, len(self._layout.header) * 128 * 1024))


def line_rows(layout: FileLayout, limits: Limits) -> CsvRows | JsonLines:
    """Give the row reader of a line-oriented format."""
    if layout.format is FileFormat.JSON_LINES:
        return JsonLines(layout.header, limits)
    return CsvRows(len(layout.header), layout.dialect, limits)

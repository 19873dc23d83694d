"""Reading one range of a file of lines: where its first record begins, where its last one ends.

A split owns the records that start in [start, end). Where a record starts is certain at the start of
the file only; elsewhere it is a guess, as a line break may be quoted. Every reading tells where it
`began` and `ended`, and the guess is proven by its neighbour: the split before must end where this
one began. A split proven wrong is read again from the right place.
"""

from __future__ import annotations

from collections.abc import Iterator

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.lengths import too_long
from dq.formats.lines.line_format import LineFormat, LineRows
from dq.formats.splits import NOWHERE, Split
from dq.profiling.tally.row_batch import RowBatch

#: Bytes in which the start of a split's first record is looked for, at first.
_WINDOW = 64 * 1024
#: Bytes in which the end of a split's last record is looked for, at first and at most.
_FIRST_LOOK = 256 * 1024
_MOST_LOOK = 8 * 1024 * 1024


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

    def __init__(
        self, source: ByteSource, layout: FileLayout, split: Split, limits: Limits, line_format: LineFormat
    ) -> None:
        """Read nothing yet."""
        self._source = source
        self._layout = layout
        self._split = split
        self._limits = limits
        self._format = line_format
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
        begin = split.start if known else self.find_start()
        self.began = self.ended = begin
        if begin >= split.end:
            return
        rows = self._format.rows(self._layout, self._limits)
        position = begin
        while position < split.end:
            piece = self._source.read(position, min(self._block(), split.end - position))
            if not piece:
                break
            position += len(piece)
            yield from rows.feed(piece)
        yield from self._last_record(rows, position)

    def _last_record(self, rows: LineRows, position: int) -> Iterator[RowBatch]:
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

    def find_start(self) -> int:
        """Find the first record at or behind the start of the split, which is not the start of the file.

        Raises UnreadableFileError when no line ends within the limit.
        """
        source, start = self._source, self._split.start
        position, size = start - 1, _WINDOW
        window = source.read(position, size)
        found = self._format.first_record(window, self._layout)
        while not found:
            position += len(window)
            if position >= source.size:
                return source.size
            if position - start > self._limits.line:
                raise UnreadableFileError(too_long(self._limits))
            size = min(size * 2, _MOST_LOOK)
            window = source.read(position, size)
            found = window.find(b"\n") + 1
        return position + found

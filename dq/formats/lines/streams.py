"""Line-oriented files read from their beginning to their end: compressed ones, other encodings."""

from __future__ import annotations

from collections.abc import Iterator

from dq.formats.byte_source import ByteSource, chunks
from dq.formats.compression import expanded
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.encodings import is_utf8, translated
from dq.formats.lines.line_format import LineFormat
from dq.profiling.tally.row_batch import RowBatch


class StreamReading:
    """Reads a whole file as one split; it begins and ends where it should by definition."""

    began = 0
    ended = 0

    def __init__(self, source: ByteSource, layout: FileLayout, limits: Limits, line_format: LineFormat) -> None:
        """Read nothing yet."""
        self._source = source
        self._layout = layout
        self._limits = limits
        self._format = line_format

    def batches(self) -> Iterator[RowBatch]:
        """Give the rows of the file."""
        rows = self._format.rows(self._layout, self._limits)
        skip = self._layout.first_row
        for piece in text_pieces(self._source, self._layout, self._limits):
            if skip >= len(piece):
                skip -= len(piece)
                continue
            yield from rows.feed(piece[skip:] if skip else piece)
            skip = 0
        yield from rows.finish()


def text_pieces(source: ByteSource, layout: FileLayout, limits: Limits, piece: int | None = None) -> Iterator[bytes]:
    """Give the decompressed bytes of a file as UTF-8 text."""
    size = piece or limits.block
    compression, encoding = layout.compression, layout.dialect.encoding
    pieces = expanded(source, compression, limits, size) if compression else chunks(source, 0, size)
    return pieces if is_utf8(encoding) else translated(pieces, encoding)

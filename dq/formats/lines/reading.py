"""The parts of a file of lines, and how each is read."""

from __future__ import annotations

from dq.formats.byte_source import ByteSource
from dq.formats.format import Reading
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.encodings import is_utf8
from dq.formats.lines.line_format import LineFormat
from dq.formats.lines.ranges import SplitReading, plan_splits
from dq.formats.lines.streams import StreamReading
from dq.formats.splits import Split, one_split


def line_splits(layout: FileLayout, size: int, limits: Limits) -> list[Split]:
    """Cut a file of lines into ranges, if it can be."""
    if not layout.splittable:
        return one_split(layout, size, limits)
    return plan_splits(layout.first_row, size, limits.part(size, len(layout.header)))


def read_lines(
    source: ByteSource, layout: FileLayout, split: Split, limits: Limits, line_format: LineFormat
) -> Reading:
    """Read one range, or the whole file where its bytes are not the text itself."""
    if layout.compression or not is_utf8(layout.dialect.encoding):
        return StreamReading(source, layout, limits, line_format)
    return SplitReading(source, layout, split, limits, line_format)

"""Line-oriented files: cut into byte ranges where that is possible, read as one stream where not."""

from __future__ import annotations

from dq.formats.byte_source import ByteSource
from dq.formats.encodings import is_utf8
from dq.formats.format import Reading, one_split
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.splits import Split, SplitReading, plan_splits
from dq.formats.streams import StreamReading


def line_splits(layout: FileLayout, size: int, limits: Limits) -> list[Split]:
    """Cut a file of lines into ranges, if it can be."""
    if not layout.splittable:
        return one_split(layout, size, limits)
    return plan_splits(layout.first_row, size, limits.part(size, len(layout.header)))


def read_lines(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    """Read one range, or the whole file where its bytes are not the text itself."""
    if layout.compression or not is_utf8(layout.dialect.encoding):
        return StreamReading(source, layout, limits)
    return SplitReading(source, layout, split, limits)

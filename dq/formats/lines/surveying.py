"""The lines of one range of a file of lines, counted without reading its records."""

from __future__ import annotations

from dq.formats.byte_source import ByteSource
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.line_format import LineFormat
from dq.formats.lines.ranges import SplitReading
from dq.formats.splits import Split, SplitSurvey


def survey_lines(
    source: ByteSource, layout: FileLayout, split: Split, limits: Limits, line_format: LineFormat
) -> SplitSurvey:
    """Find where a range begins, which is as much of a guess as it is for who reads it, and count its lines.

    Raises:
        UnreadableFileError: no line ends within the limit.
    """
    known = split.sure or split.given
    began = split.start if known else SplitReading(source, layout, split, limits, line_format).find_start()
    before = _line_ends(source, split.start, began, limits.block, line_format)
    return SplitSurvey(began, before, _line_ends(source, split.start, split.end, limits.block, line_format))


def _line_ends(source: ByteSource, start: int, end: int, block: int, line_format: LineFormat) -> int:
    """Count the line ends in [start, end), each read with one byte more, which the next read begins with."""
    count = 0
    for at in range(start, end, block):
        length = min(block, end - at)
        piece = source.read(at, length + 1)
        count += line_format.line_ends(piece[:length], piece[length:])
    return count

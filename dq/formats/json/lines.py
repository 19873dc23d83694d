"""JSON Lines: one object a line."""

from __future__ import annotations

from dq.formats.byte_source import ByteSource
from dq.formats.format import OpenFile, Reading
from dq.formats.json.layout import LOOKED_AT, columns_of, suggested_types
from dq.formats.json.rows import JsonLines
from dq.formats.json.values import parse_object
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.line_format import LineFormat
from dq.formats.lines.reading import read_lines
from dq.formats.lines.surveying import survey_lines
from dq.formats.lines.text_check import refuse_binary
from dq.formats.splits import Split, SplitSurvey

_BOM = b"\xef\xbb\xbf"


def lines_layout(opened: OpenFile) -> FileLayout:
    """Find the columns in the first records."""
    refuse_binary(opened.first, opened.format.title)
    text = opened.first.removeprefix(_BOM)
    parsed = map(parse_object, text.split(b"\n")[:LOOKED_AT])
    records = [record for record in parsed if record is not None]
    declared = opened.declared_names()
    names = columns_of(records, declared)
    return FileLayout(
        opened.format,
        header=names,
        compression=opened.compression,
        first_row=len(opened.first) - len(text),
        splittable=opened.compression is None,
        inferred=suggested_types(records, names[len(declared) :]),
    )


def _rows(layout: FileLayout, limits: Limits) -> JsonLines:
    return JsonLines(layout.header, limits)


_LINES = LineFormat(_rows)


def read_json_lines(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    """Read one part of a file."""
    return read_lines(source, layout, split, limits, _LINES)


def survey_json_lines(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> SplitSurvey:
    """Count the lines of one part."""
    return survey_lines(source, layout, split, limits, _LINES)

"""The format JSON Lines: one object a line."""

from __future__ import annotations

from dq.formats.format import Format, OpenFile
from dq.formats.json.layout import LOOKED_AT, columns_of, suggested_types
from dq.formats.json.values import parse_object
from dq.formats.layout import FileLayout, refuse_binary
from dq.formats.line_files import line_splits, read_lines
from dq.schema.definition import FileFormat

_BOM = b"\xef\xbb\xbf"


def _layout(opened: OpenFile) -> FileLayout:
    refuse_binary(opened.first, "JSON Lines")
    text = opened.first.removeprefix(_BOM)
    parsed = map(parse_object, text.split(b"\n")[:LOOKED_AT])
    records = [record for record in parsed if record is not None]
    declared = opened.declared_names()
    names = columns_of(records, declared)
    return FileLayout(
        FileFormat.JSON_LINES,
        header=names,
        compression=opened.compression,
        first_row=len(opened.first) - len(text),
        splittable=opened.compression is None,
        inferred=suggested_types(records, names[len(declared) :]),
    )


JSON_LINES = Format(_layout, line_splits, read_lines)

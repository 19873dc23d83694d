"""The layout of a JSON Lines file: the keys of its first records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from dq.errors import UnreadableFileError
from dq.formats.format import Format, OpenFile
from dq.formats.layout import FileLayout, refuse_binary
from dq.formats.limits import Limits
from dq.formats.line_files import line_splits, read_lines
from dq.schema.definition import FileFormat

_JSON_LOOK = 1000


def _layout(opened: OpenFile) -> FileLayout:
    refuse_binary(opened.first, "JSON Lines")
    start = 3 if opened.first.startswith(b"\xef\xbb\xbf") else 0
    records = []
    for line in opened.first[start:].split(b"\n")[:_JSON_LOOK]:
        try:
            record = orjson.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return FileLayout(
        FileFormat.JSON_LINES,
        header=_bounded(first_keys(records, opened.declared_names()), opened.limits),
        compression=opened.compression,
        first_row=start,
        splittable=opened.compression is None,
    )


def _bounded(names: tuple[str, ...], limits: Limits) -> tuple[str, ...]:
    if len(names) > limits.columns:
        message = f"the records have {len(names):,} keys, the most that is read is {limits.columns:,} columns"
        raise UnreadableFileError(message)
    return names


def first_keys(records: Sequence[Mapping[str, Any]], declared: Sequence[str]) -> tuple[str, ...]:
    """Give the columns of a JSON file: the declared ones, then others in the order they turn up."""
    names = dict.fromkeys(declared)
    for record in records:
        names.update(dict.fromkeys(record))
    return tuple(names)


JSON_LINES = Format(_layout, line_splits, read_lines)

"""A JSON array as a stream of its elements."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import ijson

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource, SourceFile
from dq.formats.compression import expanded
from dq.formats.format import Format, OpenFile, WholeReading, one_split
from dq.formats.json_rows import json_token, object_batch
from dq.formats.layout import FileLayout, refuse_binary
from dq.formats.limits import Limits
from dq.formats.piece_file import PieceFile
from dq.formats.splits import Split
from dq.profiling.findings import MOST_EXAMPLES
from dq.profiling.row_batch import MalformedRow, RowBatch
from dq.schema.definition import FileFormat

_ARRAY_BATCH = 10_000


def json_array_batches(source: ByteSource | PieceFile, names: Sequence[str]) -> Iterator[RowBatch]:
    """Stream the elements of one JSON array; an element that is no object is a malformed row.

    Raises UnreadableFileError when the text as a whole is no JSON array.
    """
    file = source if isinstance(source, PieceFile) else SourceFile(source)
    buffered = io.BufferedReader(file, 1024 * 1024)
    skip_bom(buffered)
    records: list[dict[str, Any]] = []
    numbers: list[int] = []
    malformed: list[MalformedRow] = []
    count = position = before = 0
    try:
        for element in ijson.items(buffered, "item", use_float=True):
            position += 1
            if isinstance(element, dict):
                records.append(element)
                numbers.append(position - before)
            else:
                count += 1
                if len(malformed) < MOST_EXAMPLES:
                    malformed.append(MalformedRow(position - before, json_token(element)))
            if position - before == _ARRAY_BATCH:
                yield object_batch(records, numbers, names, count, malformed, position - before)
                records, numbers, malformed, count, before = [], [], [], 0, position
    except (ijson.JSONError, UnicodeDecodeError, ValueError) as error:
        message = f"the file is no JSON array: the parser stopped after {position:,} elements ({_short(error)})"
        raise UnreadableFileError(message) from error
    if position > before or position == 0:
        yield object_batch(records, numbers, names, count, malformed, position - before)


def skip_bom(file: io.BufferedReader[Any]) -> None:
    """Move past a UTF-8 byte order mark."""
    if file.peek(3)[:3] == b"\xef\xbb\xbf":
        file.read(3)


def _short(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:80] if text else type(error).__name__


def _layout(opened: OpenFile) -> FileLayout:
    refuse_binary(opened.first, "JSON")
    return FileLayout(FileFormat.JSON, header=opened.declared_names(), compression=opened.compression)


def _read(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> WholeReading:
    def batches() -> Iterator[RowBatch]:
        if layout.compression is None:
            return json_array_batches(source, layout.header)
        return json_array_batches(PieceFile(expanded(source, layout.compression, limits)), layout.header)

    return WholeReading(batches, split)


JSON_ARRAY = Format(_layout, one_split, _read)

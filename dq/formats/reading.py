"""The registry of formats: how each finds its layout, cuts itself into splits and reads one.

Adding a format is one module and one line in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import orjson

from dq.errors import UnreadableFileError
from dq.formats.byte_source import BytesSource, ByteSource
from dq.formats.compression import compression_of, expanded
from dq.formats.csv_layout import csv_layout, is_utf8
from dq.formats.excel_rows import excel_batches, excel_layout
from dq.formats.json_rows import first_keys, json_array_batches
from dq.formats.layout import FileLayout, format_of, refuse_binary
from dq.formats.limits import Limits
from dq.formats.parquet_rows import parquet_batches, parquet_layout
from dq.formats.piece_file import PieceFile
from dq.formats.splits import Split, SplitReading, plan_splits
from dq.formats.streams import StreamReading, text_pieces
from dq.profiling.row_batch import RowBatch
from dq.schema.definition import CsvDialect, FileFormat, SchemaDefinition

_FIRST_BYTES = 64 * 1024
_JSON_LOOK = 1000


class Reading(Protocol):
    """One split being read; `began` and `ended` hold once its batches are exhausted."""

    began: int
    ended: int

    def batches(self) -> Iterator[RowBatch]:
        """Give the rows."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file about to be read: its bytes, its name, its first bytes and what is expected of it."""

    source: ByteSource
    name: str
    first: bytes
    definition: SchemaDefinition | None
    compression: str | None
    limits: Limits


@dataclass(frozen=True, slots=True)
class Format:
    """What a format can do."""

    layout: Callable[[OpenFile], FileLayout]
    splits: Callable[[FileLayout, int, Limits], list[Split]]
    read: Callable[[ByteSource, FileLayout, Split, Limits], Reading]


def find_layout(
    source: ByteSource, name: str, definition: SchemaDefinition | None, limits: Limits, first: bytes | None = None
) -> FileLayout:
    """Find out how to read a file; `first` are its first bytes where they are at hand.

    Raises UnreadableFileError, with the reason, for a file that cannot be read at all.
    """
    if source.size == 0:
        message = "the file is empty (0 bytes); expected at least a header or one record"
        raise UnreadableFileError(message)
    data = source.read(0, _FIRST_BYTES) if first is None else first
    compression = compression_of(data)
    plain = next(expanded(source, compression, limits, _FIRST_BYTES), b"") if compression else data
    kind = format_of(plain, name, definition)
    opened = OpenFile(source, name, plain, definition, compression, limits)
    return FORMATS[kind].layout(opened)


def plan_parts(layout: FileLayout, size: int, limits: Limits) -> list[Split]:
    """Cut a file of `size` bytes into the splits that tasks read."""
    return FORMATS[layout.format].splits(layout, size, limits)


def read_part(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    """Open one split for reading."""
    return FORMATS[layout.format].read(source, layout, split, limits)


def _csv_layout(opened: OpenFile) -> FileLayout:
    dialect = opened.definition.csv if opened.definition else CsvDialect()
    partial = FileLayout(FileFormat.CSV, compression=opened.compression, dialect=dialect)
    if opened.compression is None and is_utf8(dialect.encoding):
        text, whole = opened.first, len(opened.first) >= opened.source.size
    else:
        text, whole = _text_of(opened, partial, _FIRST_BYTES)
    while True:
        try:
            return csv_layout(text, opened.definition, opened.compression, opened.limits, whole=whole)
        except UnreadableFileError:
            if whole or len(text) >= opened.limits.header:
                raise
        text, whole = _text_of(opened, partial, min(len(text) * 16, opened.limits.header))


def _text_of(opened: OpenFile, layout: FileLayout, most: int) -> tuple[bytes, bool]:
    """Read at least `most` bytes of text from the beginning, and tell whether that is all."""
    text = b""
    for piece in text_pieces(opened.source, layout, opened.limits, most):
        text += piece
        if len(text) > most:
            return text[:most], False
    return text, True


def _json_lines_layout(opened: OpenFile) -> FileLayout:
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
        header=_bounded(first_keys(records, _declared(opened)), opened.limits),
        compression=opened.compression,
        first_row=start,
        splittable=opened.compression is None,
    )


def _json_layout(opened: OpenFile) -> FileLayout:
    refuse_binary(opened.first, "JSON")
    return FileLayout(FileFormat.JSON, header=_declared(opened), compression=opened.compression)


def _declared(opened: OpenFile) -> tuple[str, ...]:
    return tuple(field.name for field in opened.definition.fields) if opened.definition else ()


def _bounded(names: tuple[str, ...], limits: Limits) -> tuple[str, ...]:
    if len(names) > limits.columns:
        message = f"the records have {len(names):,} keys, the most that is read is {limits.columns:,} columns"
        raise UnreadableFileError(message)
    return names


def _whole(source: ByteSource, compression: str | None, limits: Limits) -> ByteSource:
    """Expand a compressed file that needs random access into memory."""
    if compression is None:
        return source
    pieces, size = [], 0
    for piece in expanded(source, compression, limits):
        size += len(piece)
        if size > limits.whole:
            message = f"the file expands to more than {limits.whole:,} bytes, the most that is held in memory"
            raise UnreadableFileError(message)
        pieces.append(piece)
    return BytesSource(b"".join(pieces))


def _parquet_layout(opened: OpenFile) -> FileLayout:
    layout = parquet_layout(_whole(opened.source, opened.compression, opened.limits), opened.limits)
    return replace(layout, compression=opened.compression, splittable=layout.splittable and not opened.compression)


def _one_split(layout: FileLayout, size: int, _limits: Limits) -> list[Split]:
    return [Split(0, layout.first_row, size, sure=True)]


def _line_splits(layout: FileLayout, size: int, limits: Limits) -> list[Split]:
    if not layout.splittable:
        return _one_split(layout, size, limits)
    return plan_splits(layout.first_row, size, limits.split)


def _group_splits(layout: FileLayout, size: int, limits: Limits) -> list[Split]:
    """Put neighbouring row groups together up to about a split's bytes."""
    groups = len(layout.row_groups)
    count = max(min(groups, -(-size // limits.split)), 1) if layout.splittable else 1
    edges = [groups * number // count for number in range(count + 1)]
    return [Split(number, edges[number], edges[number + 1], sure=True) for number in range(count)]


def _read_lines(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    if layout.compression or not is_utf8(layout.dialect.encoding):
        return StreamReading(source, layout, limits)
    return SplitReading(source, layout, split, limits)


class _WholeReading:
    """A split whose place needs no proof: it is the file, or its row groups."""

    def __init__(self, batches: Callable[[], Iterator[RowBatch]], split: Split) -> None:
        self._batches = batches
        self.began, self.ended = split.start, split.end

    def batches(self) -> Iterator[RowBatch]:
        return self._batches()


def _read_groups(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    whole = _whole(source, layout.compression, limits)
    return _WholeReading(lambda: parquet_batches(whole, range(split.start, split.end)), split)


def _read_array(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    def batches() -> Iterator[RowBatch]:
        if layout.compression is None:
            return json_array_batches(source, layout.header)
        return json_array_batches(PieceFile(expanded(source, layout.compression, limits)), layout.header)

    return _WholeReading(batches, split)


def _excel_layout(opened: OpenFile) -> FileLayout:
    source = _whole(opened.source, opened.compression, opened.limits)
    sheet = opened.definition.sheet if opened.definition else None
    return replace(excel_layout(source, sheet, opened.limits), compression=opened.compression)


def _read_sheet(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    whole = _whole(source, layout.compression, limits)
    return _WholeReading(lambda: excel_batches(whole, layout, limits), split)


FORMATS: dict[FileFormat, Format] = {
    FileFormat.CSV: Format(_csv_layout, _line_splits, _read_lines),
    FileFormat.JSON_LINES: Format(_json_lines_layout, _line_splits, _read_lines),
    FileFormat.JSON: Format(_json_layout, _one_split, _read_array),
    FileFormat.PARQUET: Format(_parquet_layout, _group_splits, _read_groups),
    FileFormat.EXCEL: Format(_excel_layout, _one_split, _read_sheet),
}

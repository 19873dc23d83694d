"""The registry of formats: how a file of any format is laid out, cut into splits and read.

Adding a format is one module and one line in `FORMATS`.
"""

from __future__ import annotations

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource
from dq.formats.compression import compression_of, first_expanded
from dq.formats.csv.layout import CSV
from dq.formats.excel.rows import EXCEL
from dq.formats.format import Format, OpenFile, Reading
from dq.formats.json.array import JSON_ARRAY
from dq.formats.json.lines import JSON_LINES
from dq.formats.layout import FileLayout, format_of
from dq.formats.limits import Limits
from dq.formats.parquet.rows import PARQUET
from dq.formats.splits import Split
from dq.schema.definition import FileFormat, SchemaDefinition

_FIRST_BYTES = 64 * 1024

FORMATS: dict[FileFormat, Format] = {
    FileFormat.CSV: CSV,
    FileFormat.JSON_LINES: JSON_LINES,
    FileFormat.JSON: JSON_ARRAY,
    FileFormat.PARQUET: PARQUET,
    FileFormat.EXCEL: EXCEL,
}


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
    plain = first_expanded(source, compression, limits, _FIRST_BYTES) if compression else data
    kind = format_of(plain, name, definition)
    return FORMATS[kind].layout(OpenFile(source, name, plain, definition, compression, limits))


def plan_parts(layout: FileLayout, size: int, limits: Limits) -> list[Split]:
    """Cut a file of `size` bytes into the splits that tasks read."""
    return FORMATS[layout.format].splits(layout, size, limits)


def read_part(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    """Open one split for reading."""
    return FORMATS[layout.format].read(source, layout, split, limits)

"""Reading a file of any format: how it is laid out, cut into parts and read."""

from __future__ import annotations

from dataclasses import replace

from dq.errors import UnreadableFileError
from dq.formats.archive import begins_as_workbook, files_of, is_archive, refuse_many
from dq.formats.byte_source import ByteSource
from dq.formats.compression import compression_of, first_expanded, held
from dq.formats.foreign import refuse_foreign
from dq.formats.format import Format, OpenFile, Reading
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.registry import Formats, known_formats
from dq.formats.splits import Split
from dq.schema.definition import SchemaDefinition

_FIRST_BYTES = 64 * 1024


def find_layout(
    source: ByteSource,
    name: str,
    definition: SchemaDefinition | None,
    limits: Limits,
    first: bytes | None = None,
    formats: Formats | None = None,
) -> FileLayout:
    """Find out how to read a file; `first` are its first bytes where they are at hand.

    Raises UnreadableFileError, with the reason, for a file that cannot be read at all.
    """
    formats = formats or known_formats()
    kind, compression, plain = recognise(source, name, definition, limits, first, formats)
    _refuse_other(plain, kind, formats)
    if kind.late:
        layout = kind.layout(OpenFile(kind, source, name, plain, definition, compression, limits))
        return replace(layout, compression=compression)
    if kind.streamed or compression is None:
        return kind.layout(OpenFile(kind, source, name, plain, definition, compression, limits))
    whole = held(source, compression, limits)
    layout = kind.layout(OpenFile(kind, whole, name, plain, definition, None, limits))
    return replace(layout, compression=compression, splittable=False)


def recognise(
    source: ByteSource,
    name: str,
    definition: SchemaDefinition | None,
    limits: Limits,
    first: bytes | None = None,
    formats: Formats | None = None,
) -> tuple[Format, str | None, bytes]:
    """Tell the format of a file, how it is compressed, and its first bytes as they are when it is not.

    Raises UnreadableFileError for a file that is empty, or surely of a format nobody here reads.
    """
    if source.size == 0:
        message = "the file is empty (0 bytes); expected at least a header or one record"
        raise UnreadableFileError(message)
    formats = formats or known_formats()
    data = source.read(0, _FIRST_BYTES) if first is None else first
    compression = _zipped(source, data, name, definition, formats) or compression_of(data)
    plain = first_expanded(source, compression, limits, _FIRST_BYTES) if compression else data
    refuse_foreign(plain, (one.title for one in formats))
    return formats.format_of(plain, name, definition), compression, plain


def _zipped(
    source: ByteSource, first: bytes, name: str, definition: SchemaDefinition | None, formats: Formats
) -> str | None:
    """Give `zip` for an archive of one file; one of several is refused. What is to be a workbook is not looked into."""
    if not is_archive(first) or begins_as_workbook(first):
        return None
    expected = formats.expected(name, definition)
    if expected is not None and any(is_archive(magic.start) for magic in expected.magic):
        return None
    names = files_of(source)
    if names is None:
        return None
    if len(names) != 1:
        refuse_many(names)
    return "zip"


def _refuse_other(first: bytes, kind: Format, formats: Formats) -> None:
    """Refuse a file that is surely of another format than the one it is to be read as."""
    content = formats.content_of(first)
    if content is not None and content[0].name != kind.name:
        what = content[1].what
        message = f"the file is {what}, expected {kind.title}; declare the right format or send the right file"
        raise UnreadableFileError(message)


def plan_parts(layout: FileLayout, size: int, limits: Limits) -> list[Split]:
    """Cut a file of `size` bytes into the splits that tasks read."""
    return layout.format.splits(layout, size, limits)


def read_part(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    """Open one split for reading."""
    kind = layout.format
    whole = source if kind.streamed else held(source, layout.compression, limits)
    return kind.read(whole, layout, split, limits)

"""The layout of a CSV file: its header, and the types its first rows suggest."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from dq.errors import UnreadableFileError
from dq.formats.csv.careful import CarefulRecord, careful_records, decoded
from dq.formats.csv.quotes import count_lines
from dq.formats.format import OpenFile, suffix_of
from dq.formats.layout import FileLayout, NoHeaderError
from dq.formats.lines.encodings import is_utf8
from dq.formats.lines.streams import text_pieces
from dq.formats.lines.text_check import looks_like, refuse_binary
from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.column_names import column_names
from dq.schema.definition import CsvDialect, FieldType, SchemaDefinition

_BOM = b"\xef\xbb\xbf"
_GUESSED_ROWS = 200
#: A number as programs write it: of a postcode with leading zeros, a phone number with a plus sign or an account of
#: more than 18 digits, a number would lose something.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?![0-9])")
_NUMERIC = frozenset({FieldType.INTEGER, FieldType.NUMBER})
_GUESSES = (FieldType.INTEGER, FieldType.NUMBER, FieldType.DATE, FieldType.DATETIME, FieldType.TIME)


class _CutOffError(UnreadableFileError):
    """The header goes on behind the bytes looked at."""


def csv_layout(opened: OpenFile) -> FileLayout:
    """Find the layout in as many first bytes as the header needs; raises NoHeaderError and UnreadableFileError."""
    dialect = _dialect_of(opened)
    partial = FileLayout(opened.format, compression=opened.compression, dialect=dialect)
    if opened.compression is None and is_utf8(dialect.encoding):
        text, whole = opened.first, len(opened.first) >= opened.source.size
    else:
        text, whole = _text_of(opened, partial, max(len(opened.first), 1))
    while True:
        try:
            return _layout_of(opened, text, dialect, whole=whole)
        except _CutOffError:
            if whole or len(text) >= opened.limits.header:
                raise
        text, whole = _text_of(opened, partial, min(len(text) * 16, opened.limits.header))


def _dialect_of(opened: OpenFile) -> CsvDialect:
    """Give what the definition says, or the file's own name where the definition says no delimiter."""
    said = opened.definition.csv if opened.definition else CsvDialect(assumed=True)
    of_name = opened.format.names.dialects.get(suffix_of(opened.name)) if said.assumed else None
    return replace(said, delimiter=of_name.delimiter if of_name else said.delimiter, assumed=False)


def _layout_of(opened: OpenFile, text: bytes, dialect: CsvDialect, *, whole: bool) -> FileLayout:
    """Find the layout in the first bytes of (decompressed, UTF-8) text; `whole`: there is no more."""
    definition, limits, compression = opened.definition, opened.limits, opened.compression
    refuse_binary(text, opened.format.title)
    body = text.removeprefix(_BOM)
    records = _first_records(body, dialect, whole=whole, most=1, named=dialect.header)
    if not records:
        if not whole:
            message = f"the header is longer than {len(text):,} bytes; is the line break missing, or a quote left open?"
            raise _CutOffError(message)
        message = "the file has no header: it holds no line with text; expected one line with the names of the columns"
        raise NoHeaderError(message)
    names = _names(records[0], definition, dialect)
    if len(names) > limits.columns:
        message = f"the header has {len(names):,} columns, the most that is read is {limits.columns:,}; is it a header?"
        raise UnreadableFileError(message)
    skipped = records[0].end if dialect.header else 0
    return FileLayout(
        format=opened.format,
        header=names,
        compression=compression,
        dialect=dialect,
        first_row=len(text) - len(body) + skipped,
        first_line=count_lines(body[:skipped]),
        splittable=compression is None and is_utf8(dialect.encoding) and b"\n" in body[: records[0].end],
        crlf=body[: records[0].end].endswith(b"\r\n"),
        inferred=_inferred(body[skipped:], names, definition, dialect, whole=whole),
        blank_rows=dialect.header and bool(body[: records[0].start].strip()),
    )


def _inferred(
    body: bytes, names: Sequence[str], definition: SchemaDefinition | None, dialect: CsvDialect, *, whole: bool
) -> dict[str, FieldType]:
    """Guess the types of the columns nobody declared, from the first rows; these are read only if there are any.

    `body` begins behind the header.
    """
    declared = {field.name for field in definition.fields} if definition else set()
    own_names = column_names(names)
    if declared.issuperset(own_names):
        return {}
    records = _first_records(body, dialect, whole=whole, most=_GUESSED_ROWS)
    return _guess(own_names, records, declared, definition)


def _first_records(
    body: bytes, dialect: CsvDialect, *, whole: bool, most: int, named: bool = False
) -> list[CarefulRecord]:
    """Read complete records with text, as far as the bytes go; `named`: with text in a cell, be they never so many."""
    records: list[CarefulRecord] = []
    blank = b" \t\r\n".replace(dialect.delimiter.encode(), b"")
    for record in careful_records(body, dialect):
        cut_off = not whole and record.end == len(body)
        if cut_off or len(records) == most:
            break
        if body[record.start : record.end].strip(blank) and (not named or any(map(str.strip, record.cells))):
            records.append(record)
    return records


def _names(record: CarefulRecord, definition: SchemaDefinition | None, dialect: CsvDialect) -> tuple[str, ...]:
    if not dialect.header:
        declared = [field.name for field in definition.fields] if definition else []
        missing = range(len(declared) + 1, len(record.cells) + 1)
        return (*declared[: len(record.cells)], *(f"column_{number}" for number in missing))
    if record.open:
        message = "the header has a quote that is never closed; close it or double it"
        raise UnreadableFileError(message)
    cells = decoded(record.cells)
    if cells is None:
        encoding = looks_like("".join(record.cells).encode("latin-1", "replace"))
        guess = f"; it looks like {encoding}" if encoding else ""
        message = f"the header is not UTF-8 text{guess}; convert the file or declare csv.encoding"
        raise UnreadableFileError(message)
    return tuple(cell.strip() for cell in cells)


def _guess(
    names: Sequence[str], rows: Sequence[CarefulRecord], declared: Collection[str], definition: SchemaDefinition | None
) -> dict[str, FieldType]:
    """Guess the type of undeclared columns: the first that takes every cell of the first rows."""
    missing = set(definition.missing_values if definition else ("",))
    guesses = {}
    for position, name in enumerate(names):
        if name in declared:
            continue
        cells = [row.cells[position] for row in rows if len(row.cells) == len(names)]
        values = [cell for cell in cells if cell not in missing]
        fits = (kind for kind in _GUESSES if values and _all_parse(values, kind))
        guesses[name] = next(fits, FieldType.STRING)
    return guesses


def _all_parse(values: Sequence[str], kind: FieldType) -> bool:
    if kind in _NUMERIC and not all(_PLAIN_NUMBER.match(value) for value in values):
        return False
    return all(parse_cell(value, kind) is not UNPARSABLE for value in values)


def _text_of(opened: OpenFile, layout: FileLayout, most: int) -> tuple[bytes, bool]:
    """Read at least `most` bytes of text from the beginning, and tell whether that is all."""
    text = b""
    for piece in text_pieces(opened.source, layout, opened.limits, most):
        text += piece
        if len(text) > most:
            return text[:most], False
    return text, True

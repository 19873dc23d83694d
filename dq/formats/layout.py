"""How to read one file, found out from its first bytes: format, compression, header, first guesses of types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dq.errors import UnreadableFileError
from dq.schema.definition import CsvDialect, FieldType

if TYPE_CHECKING:
    from dq.formats.format import Format


class NoHeaderError(UnreadableFileError):
    """A format with a header, and a file without one."""


@dataclass(frozen=True, slots=True)
class FileLayout:
    """How to read one file; equal on every task.

    `header` holds the trimmed names in file order. `first_row` is the offset of the first byte after
    the header (in the decompressed, UTF-8 text), `first_line` the lines before it; `crlf`: those end
    with CR LF. `splittable` says
    whether ranges of the file can be read apart. `row_groups` holds the rows of each row group and
    `arrow_schema` the serialised physical schema, for formats that have them; `options` what a format from outside
    wants to know besides. `origin` says which part of the file was read, where it has others. `late`: the header, and
    what belongs to it, is not known yet: it is found out where the file is read. `blank_rows`: rows of blank cells
    stand above the header. `notes` are sentences on how the file was read, for people, `hints` on what looks like a
    mistake; `unresolved` counts formulas whose result the file lacks.
    """

    format: Format
    header: tuple[str, ...] = ()
    compression: str | None = None
    dialect: CsvDialect = field(default_factory=CsvDialect)
    first_row: int = 0
    first_line: int = 0
    splittable: bool = False
    crlf: bool = False
    inferred: Mapping[str, FieldType] = field(default_factory=dict)
    row_groups: tuple[int, ...] = ()
    arrow_schema: bytes = b""
    sheet: str | None = None
    options: object = None
    origin: str = ""
    late: bool = False
    blank_rows: bool = False
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    unresolved: int = 0

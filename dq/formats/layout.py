"""What a file is, found out from its first bytes: format, compression, header, first guesses of types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dq.errors import UnreadableFileError
from dq.schema.definition import CsvDialect, FieldType, FileFormat, SchemaDefinition


class NoHeaderError(UnreadableFileError):
    """A format with a header, and a file without one."""


@dataclass(frozen=True, slots=True)
class FileLayout:
    """How to read one file; equal on every task.

    `header` holds the trimmed names in file order. `first_row` is the offset of the first byte after
    the header (in the decompressed, UTF-8 text), `first_line` the lines before it; `crlf`: those end
    with CR LF. `splittable` says
    whether ranges of the file can be read apart. `row_groups` holds the rows of each row group and
    `arrow_schema` the serialised physical schema, for formats that have them.
    """

    format: FileFormat
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


_PARQUET = b"PAR1"
_PARQUET_ENCRYPTED = b"PARE"
_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = {
    _PARQUET: "Parquet",
    _ZIP: "a zip archive or workbook",
    _COMPOUND: "an Office file",
    b"\xfd7zXZ\x00": "compressed as xz, which is not read",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1f\x8b": "compressed twice",
    b"\x28\xb5\x2f\xfd": "compressed twice",
}
_NUL_SHARE = 4
_SUFFIXES = {
    "csv": FileFormat.CSV, "tsv": FileFormat.CSV, "txt": FileFormat.CSV,
    "jsonl": FileFormat.JSON_LINES, "ndjson": FileFormat.JSON_LINES, "json": FileFormat.JSON,
    "parquet": FileFormat.PARQUET, "pq": FileFormat.PARQUET,
    "xlsx": FileFormat.EXCEL, "xls": FileFormat.EXCEL, "xlsb": FileFormat.EXCEL, "xlsm": FileFormat.EXCEL,
    "ods": FileFormat.EXCEL,
}  # fmt: skip
_COMPRESSED_SUFFIXES = (".gz", ".gzip", ".zst", ".zstd", ".bz2")


def format_of(data: bytes, name: str, definition: SchemaDefinition | None) -> FileFormat:
    """Name the format: from the definition, else from the first (decompressed) bytes, else from the suffix."""
    if definition is not None and definition.format is not None:
        return definition.format
    if data.startswith((_PARQUET, _PARQUET_ENCRYPTED)):
        return FileFormat.PARQUET
    if data.startswith((_ZIP, _COMPOUND)):
        return FileFormat.EXCEL
    lowered = name.lower()
    for suffix in _COMPRESSED_SUFFIXES:
        lowered = lowered.removesuffix(suffix)
    by_suffix = _SUFFIXES.get(lowered.rpartition(".")[2])
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if by_suffix is FileFormat.JSON and start == b"{":
        return FileFormat.JSON_LINES
    if by_suffix is not None:
        return by_suffix
    return {b"{": FileFormat.JSON_LINES, b"[": FileFormat.JSON}.get(start, FileFormat.CSV)


def refuse_binary(data: bytes, expected: str) -> None:
    """Refuse text formats whose first bytes are surely something else."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = f"the file is UTF-16 text, expected UTF-8 {expected}; convert it or declare csv.encoding"
        raise UnreadableFileError(message)
    for magic, what in _OTHERS.items():
        if data.startswith(magic):
            message = f"the file is {what}, expected {expected}; declare the right format or send the right file"
            raise UnreadableFileError(message)
    if data.count(b"\0") * _NUL_SHARE > len(data):
        message = (
            f"a quarter of the first bytes is NUL: UTF-16 text without its mark, or no text at all; expected UTF-8 "
            f"{expected}; convert it or declare csv.encoding"
        )
        raise UnreadableFileError(message)

"""CSV records by Python's csv module: slow, and right whatever the quotes do."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dq.schema.definition import CsvDialect

#: Stands for NUL, which the csv module of Python 3.10 refuses.
_NUL = "\ue000"
_MOST_CELL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class CarefulRecord:
    """One record: byte offsets, its first line (1-based), cells as Latin-1 text of their bytes.

    `open` says the text ended inside its quotes.
    """

    start: int
    end: int
    line: int
    cells: list[str]
    open: bool


def careful_records(text: bytes, dialect: CsvDialect) -> Iterator[CarefulRecord]:
    """Read the records of a text as Latin-1, so that characters are bytes; empty lines are records of no cells."""
    consumed = 0

    def lines() -> Iterator[str]:
        nonlocal consumed
        for line in _lines(text):
            consumed += len(line)
            yield line

    csv.field_size_limit(_MOST_CELL)  # always the same: it holds for all threads
    reader = csv.reader(lines(), delimiter=dialect.delimiter, quotechar=dialect.quote)
    start, line = 0, 1
    for cells in reader:
        is_open = consumed == len(text) and _ends_open(text[start:], cells, dialect)
        yield CarefulRecord(start, consumed, line, cells, is_open)
        start, line = consumed, reader.line_num + 1


def decoded(cells: Sequence[str]) -> list[str] | None:
    """Turn Latin-1 text of bytes into text; None when some cell is not UTF-8."""
    try:
        return [cell if cell.isascii() else cell.replace(_NUL, "\0").encode("latin-1").decode() for cell in cells]
    except UnicodeDecodeError:
        return None


def _lines(text: bytes) -> Iterator[str]:
    """Cut a text behind LF, CR LF and lone CR, a line at a time."""
    for chunk in io.BytesIO(text):
        for line in chunk.splitlines(keepends=True) if b"\r" in chunk else (chunk,):
            yield line.decode("latin-1").replace("\0", _NUL)


def _ends_open(record: bytes, cells: list[str], dialect: CsvDialect) -> bool:
    """Tell whether a record at the end of the text misses its closing quote: it would take in another line."""
    if dialect.quote.encode() not in record:
        return False
    reader = csv.reader(_lines(record + b"\n"), delimiter=dialect.delimiter, quotechar=dialect.quote)
    return next(reader) != cells

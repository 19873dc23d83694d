"""Workbooks to row batches through calamine: xlsx, xls, xlsb and ods; formulas give their cached values.

A workbook is held in memory, so its directory is read first and a bomb refused before it expands.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

import numpy as np
import orjson
import pyarrow as pa
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource
from dq.formats.excel.archive import refuse_bombs
from dq.formats.excel.extent import PASSWORD
from dq.formats.format import OpenFile, WholeReading
from dq.formats.layout import FileLayout, NoHeaderError
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.tally.row_batch import RowBatch
from etl_core.errors import PipelineError

Cell: TypeAlias = "str | float | bool | date | datetime | time | timedelta | None"

#: Rows, and cells, that are Python objects at once.
_ROWS, _CELLS = 10_000, 500_000
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ARROW = {
    bool: pa.bool_(), float: pa.float64(), int: pa.int64(), str: pa.string(),
    date: pa.date32(), datetime: pa.timestamp("us"), time: pa.time64("us"),
}  # fmt: skip


def excel_layout(opened: OpenFile) -> FileLayout:
    """Read the header: the first row of the named sheet, by default of the first one."""
    source, limits = opened.source, opened.limits
    sheet = opened.definition.sheet if opened.definition else None
    with _opened(source, limits) as book:
        found = _sheet(book, sheet)
        rows = _rows(found, limits)
        header = next(rows, None)
        if header is None or all(cell is None for cell in header):
            message = f"the sheet {found.name!r} has no header: its first row is empty"
            raise NoHeaderError(message)
        if len(header) > limits.columns:
            message = f"the sheet has {len(header):,} columns, the most that is read is {limits.columns:,}"
            raise UnreadableFileError(message)
        names = _filled(header, found)
    return FileLayout(opened.format, header=names, first_line=1, sheet=sheet)


def excel_batches(source: ByteSource, layout: FileLayout, limits: Limits) -> Iterator[RowBatch]:
    """Read the rows below the header; empty rows are blank lines, not rows."""
    width = len(layout.header)
    most = max(min(_ROWS, _CELLS // width), 1)
    with _opened(source, limits) as book:
        rows = _rows(_sheet(book, layout.sheet), limits)
        next(rows, None)
        kept: list[list[Cell]] = []
        numbers: list[int] = []
        before = number = 0
        for number, row in enumerate(rows, 1):
            if any(cell is not None for cell in row):
                kept.append([*row[:width], *[None] * (width - len(row))])
                numbers.append(number - before)
            if number - before == most:
                yield _batch(kept, numbers, width, number - before)
                kept, numbers, before = [], [], number
        if number > before:
            yield _batch(kept, numbers, width, number - before)


class _opened:  # noqa: N801 - reads as a verb where it is used
    """A workbook for the length of a with block; every way it can be broken becomes one error."""

    def __init__(self, source: ByteSource, limits: Limits) -> None:
        if source.size > limits.whole:
            message = f"the workbook has {source.size:,} bytes, the most that is held in memory is {limits.whole:,}"
            raise UnreadableFileError(message)
        data = source.read(0, source.size)
        if data.startswith(b"\xd0\xcf\x11\xe0") and _ENCRYPTED in data:
            raise UnreadableFileError(PASSWORD)
        try:
            refuse_bombs(data, limits)
        except Exception as error:
            _raise_named(error)
            raise
        self._data = data

    def __enter__(self) -> CalamineWorkbook:
        try:
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(self._data))
        except BaseException as error:
            _raise_named(error)
            raise
        return self._book

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._book.close()
        if error is not None:
            _raise_named(error)


def _raise_named(error: BaseException) -> None:
    """Turn any fault of the library into one of the file; a panic of its Rust code is no Exception."""
    if isinstance(error, PipelineError):
        return
    if isinstance(error, PasswordError):
        raise UnreadableFileError(PASSWORD) from error
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        raise UnreadableFileError(_broken(error)) from error


def _broken(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (
        f"the workbook cannot be read ({text[0][:160] if text else type(error).__name__}); save it again and resend it"
    )


def _sheet(book: CalamineWorkbook, name: str | None) -> CalamineSheet:
    sheets = [one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    if not sheets:
        message = "the workbook has no worksheet"
        raise UnreadableFileError(message)
    if name is not None and name not in sheets:
        message = f"the workbook has no sheet {name!r}; it has {', '.join(map(repr, sheets[:20]))}"
        raise UnreadableFileError(message)
    return book.get_sheet_by_name(name or sheets[0])


def _rows(sheet: CalamineSheet, limits: Limits) -> Iterator[list[Cell]]:
    if sheet.height * sheet.width > limits.cells:
        spanned = f"{sheet.height:,} x {sheet.width:,} cells"
        message = f"the sheet {sheet.name!r} spans {spanned}, the most that is read is {limits.cells:,}"
        raise UnreadableFileError(message)
    for row in sheet.iter_rows():
        yield [None if cell == "" else cell for cell in row]


def _filled(header: Sequence[Cell], sheet: CalamineSheet) -> tuple[str, ...]:
    """Name the columns; a merged header cell names all the columns it spans."""
    names = ["" if cell is None else _name(cell) for cell in header]
    top = (sheet.start or (0, 0))[0]
    left = (sheet.start or (0, 0))[1]
    for (first_row, first), (_, last) in sheet.merged_cell_ranges or []:
        if first_row == top:
            for at in range(first + 1 - left, min(last + 1 - left, len(names))):
                names[at] = names[first - left]
    return tuple(names)


def _name(cell: Cell) -> str:
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole and isinstance(cell, float) else cell).strip()


def _batch(rows: list[list[Cell]], numbers: list[int], width: int, lines: int) -> RowBatch:
    known = np.array(numbers, np.int64)
    return RowBatch(
        columns=[_column([row[at] for row in rows]) for at in range(width)],
        rows=len(rows),
        lines=lines,
        line_numbers=lambda wanted: known[wanted].tolist(),
    )


def _column(cells: list[Cell]) -> pa.Array:
    kinds = set(map(type, cells)) - {type(None)}
    if not kinds:
        return pa.nulls(len(cells), pa.string())
    if len(kinds) == 1:
        arrow = _ARROW.get(kinds.pop())
        if arrow is not None:
            return pa.array(cells, arrow)
    tokens = [None if cell is None else orjson.dumps(cell, default=str).decode() for cell in cells]
    return pa.StructArray.from_arrays([pa.array(tokens, pa.string())], fields=list(JSON_TOKENS))


def read_workbook(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> WholeReading:
    """Read the rows of the sheet."""
    return WholeReading(lambda: excel_batches(source, layout, limits), split)

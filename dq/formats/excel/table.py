"""Where the table stands in a workbook: its sheet, its header, its columns, and what a person should know of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from itertools import islice
from typing import TypeAlias

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from dq.formats.excel.binary_errors import Errors
from dq.formats.excel.error_cells import MARK, Marked
from dq.formats.excel.refused import BROKEN, LIMIT, NO_HEADER, RefusedError

#: So many blank rows, or columns, between cells are a gap that is worth a word.
GAP = 20
#: Names that make a row of texts look like a header.
_LEAST_NAMES = 2
#: Rows of a title at most.
_MOST_TITLES = 5
#: A sheet that is not read is named, up to so many.
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class ErrorCell:
    """A cell whose formula failed: what it shows."""

    shown: str


Cell: TypeAlias = "str | int | float | bool | date | datetime | clock | timedelta | ErrorCell | None"


@dataclass(frozen=True, slots=True)
class SheetTable:
    """The table of a sheet: its header, whose row in the sheet is `line`, counted from 1, and the rows below it.

    `notes` are sentences on how it was read, `hints` on what looks like a mistake: more may come while rows are read.
    `origin` says which sheet it is, where there are others.
    """

    names: list[str]
    line: int
    rows: Iterator[list[Cell]]
    hints: list[str]
    notes: Sequence[str] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ChosenSheet:
    """A sheet by its place among all of its workbook; `others` names those that people see besides."""

    place: int
    name: str
    others: str
    notes: list[str]


def choose_sheet(book: CalamineWorkbook, name: str | None) -> ChosenSheet:
    """Choose the named sheet, else the first visible one, and say what became of hidden ones."""
    found = [(at, one) for at, one in enumerate(book.sheets_metadata) if one.typ == SheetTypeEnum.WorkSheet]
    if not found:
        raise RefusedError(BROKEN, "the workbook has no worksheet")
    shown = [(at, one) for at, one in found if one.visible == SheetVisibleEnum.Visible]
    chosen = [(at, one) for at, one in found if one.name == name] if name is not None else shown or found
    if not chosen:
        names = ", ".join(repr(one.name) for _, one in found[:_MOST_NAMED])
        raise RefusedError(LIMIT, f"the workbook has no sheet {name!r}; it has {names}")
    at, sheet = chosen[0]
    others = ", ".join(repr(one.name) for other, one in shown[:_MOST_NAMED] if other != at)
    if sheet.visible != SheetVisibleEnum.Visible:
        also = f"; the workbook also has {others}" if others else ""
        return ChosenSheet(at, sheet.name, others, [f"sheet {sheet.name!r} (hidden) was read{also}"])
    skipped = [one.name for other, one in found if other < at and one.visible != SheetVisibleEnum.Visible]
    if not skipped or name is not None:
        return ChosenSheet(at, sheet.name, others, [])
    listed = ", ".join(f"{name!r} (hidden)" for name in skipped[:_MOST_NAMED])
    subject = f"sheet {listed} was" if len(skipped) == 1 else f"sheets {listed} were"
    return ChosenSheet(at, sheet.name, others, [f"{subject} skipped, {sheet.name!r} was read"])


def cell_of(sheet: CalamineSheet, row: int, column: int) -> str | None:
    """What a cell says, days and moments by ISO 8601; rows and columns count from 1. None where it is empty."""
    cells = next(islice(sheet.iter_rows(), row - 1, row), [])
    at = column - 1 - (sheet.start[1] if sheet.start else 0)
    cell = cells[at] if 0 <= at < len(cells) else ""
    if isinstance(cell, date | clock):
        return cell.isoformat()
    return _name(None if cell == "" else cell) or None


def find_table(sheet: CalamineSheet, columns: int, found: Marked) -> SheetTable:
    """Find the header, the first row that is not blank, and the columns below it, at most so many.

    A column is what has a name or a cell with content; blank ones left and right of the header are none. `found`:
    which cells are errors.
    """
    rows = _rows(sheet, found)
    line, header = next(((line, row) for line, row in enumerate(rows, 1) if not _is_blank(row)), (0, []))
    if not line:
        text = f"the sheet {sheet.name!r} has no header: it has no cell with content"
        if found.unresolved:
            text = f"{text}, only {found.unresolved:,} formulas without a stored result; open and save the workbook"
        raise RefusedError(NO_HEADER, text)
    names = [_name(cell) for cell in header]
    merged = _name_merged(names, sheet, line)
    named = [at for at, name in enumerate(names) if name]
    span = range(named[0], named[-1] + 1)
    places = [*span]
    far: list[str] = []
    if len(span) < len(names):
        outside = _filled_outside(_rows(sheet, found), line, span)
        places = sorted({*span, *outside})
        far = _far_columns(span, outside, sheet)
    if len(places) > columns:
        text = f"the sheet has {len(places):,} columns, the most that is read is {columns:,}"
        raise RefusedError(LIMIT, text)
    hints = [*(_title(_rows(sheet, found), line, [names[at] for at in named]) or merged), *far]
    if len(places) < len(names):
        rows = ([row[at] for at in places] for row in rows)
    return SheetTable([names[at] for at in places], line, rows, hints)


def _rows(sheet: CalamineSheet, found: Marked) -> Iterator[list[Cell]]:
    """Give the rows of a sheet from its first one on; the library begins columns where the first cell is."""
    if found.workbook is not None:
        return ([_cell(cell) for cell in row] for row in sheet.iter_rows())
    rows: Iterator[list[Cell]] = ([None if cell == "" else cell for cell in row] for row in sheet.iter_rows())
    return _with_errors(rows, sheet, found.errors) if found.errors else rows


def _with_errors(rows: Iterator[list[Cell]], sheet: CalamineSheet, errors: Errors) -> Iterator[list[Cell]]:
    """Put errors to the rows they stand in; the library has empty cells there."""
    left = sheet.start[1] if sheet.start else 0
    by_row: dict[int, list[tuple[int, str]]] = {}
    for (row, column), shown in errors.items():
        by_row.setdefault(row, []).append((column - left, shown))
    for at, cells in enumerate(rows):
        for column, shown in by_row.get(at, ()):
            if 0 <= column < len(cells):
                cells[column] = ErrorCell(shown)
        yield cells


def _cell(cell: Cell) -> Cell:
    if type(cell) is str:
        return ErrorCell(cell[1:]) if cell.startswith(MARK) else cell or None
    return cell


def _is_blank(row: Sequence[Cell]) -> bool:
    return all(cell is None or (type(cell) is str and not cell.strip()) for cell in row)


def _name(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, ErrorCell):
        return cell.shown
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()


def _name_merged(names: list[str], sheet: CalamineSheet, line: int) -> list[str]:
    """Name all columns that a merged header cell spans, and say so."""
    left = sheet.start[1] if sheet.start else 0
    spanned = False
    for (first_row, first), (_, last) in sheet.merged_cell_ranges or []:
        if first_row == line - 1 and first >= left:
            spanned = spanned or last > first
            for at in range(first + 1 - left, min(last + 1 - left, len(names))):
                names[at] = names[first - left]
    if not spanned:
        return []
    return [f"row {line:,}, the header, has merged cells, which name all the columns they span: name each column alone"]


def _filled_outside(rows: Iterator[list[Cell]], header: int, span: range) -> list[int]:
    """Find the columns left and right of the header that have cells with content below it."""
    filled: set[int] = set()
    for line, row in enumerate(rows, 1):
        if line > header:
            filled.update(at for at, cell in enumerate(row) if cell is not None and at not in span)
    return sorted(filled)


def _far_columns(span: range, outside: Sequence[int], sheet: CalamineSheet) -> list[str]:
    """Say which columns far from the table hold cells."""
    left = sheet.start[1] if sheet.start else 0
    gaps = {at: (at - span[-1] if at > span[-1] else span[0] - at) - 1 for at in outside}
    far = [at for at, gap in gaps.items() if gap >= GAP]
    if not far:
        return []
    names = ", ".join(_letters(at + left) for at in far[:_MOST_NAMED])
    gap = f"{min(gaps[at] for at in far):,} blank columns"
    return [f"cells with content in column {names}, {gap} from the table, count as a column without a name"]


def _title(rows: Iterator[list[Cell]], line: int, names: Sequence[str]) -> list[str]:
    """Tell that the header looks like a title: it is one text, over all columns or not, above a row of several."""
    if len(set(names)) > 1:
        return []
    filled = ((at, [cell for cell in row if cell is not None]) for at, row in enumerate(rows, 1) if at > line)
    below = islice(((at, cells) for at, cells in filled if cells), _MOST_TITLES)
    at, cells = next(((at, cells) for at, cells in below if len(cells) >= _LEAST_NAMES), (0, []))
    if not cells or any(type(cell) is not str for cell in cells):
        return []
    text = f"row {line:,}, taken for the header, holds one text, row {at:,} holds {len(cells):,}"
    return [f"{text}: is it a title? delete what stands above the header"]


def gap_note(above: int, line: int) -> str:
    """Say that many blank rows stand above a row of the sheet."""
    return f"{above:,} blank rows stand above row {line:,}, which counts as a row: is it part of the table?"


def _letters(at: int) -> str:
    """Name a column of a sheet, counted from 0, as its head does: A, Z, AA."""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters

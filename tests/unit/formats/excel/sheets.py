"""Workbooks changed in the way other programs write them: the XML of a sheet, the places of parts, visibility."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import xlsxwriter

from tests.unit.formats.excel.workbooks import archive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xlsxwriter.worksheet import Worksheet

SHEET = "xl/worksheets/sheet1.xml"


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        return {name: source.read(name) for name in source.namelist()}


def sheet(fill: Callable[[Worksheet], object]) -> bytes:
    """A workbook of one sheet."""
    return book({"Data": fill})


def book(sheets: Mapping[str, Callable[[Worksheet], object]], hidden: Sequence[str] = ()) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as target:
        for name, fill in sheets.items():
            one = target.add_worksheet(name)
            fill(one)
            if name in hidden:
                one.hide()
        shown = [one for one in target.worksheets() if one.name not in hidden]
        if shown:
            shown[0].activate()
    return file.getvalue()


def table(rows: Sequence[Sequence[object]], *, row: int = 0, column: int = 0) -> Callable[[Worksheet], None]:
    def fill(one: Worksheet) -> None:
        for at, cells in enumerate(rows, row):
            one.write_row(at, column, cells)

    return fill


def with_rows(data: bytes, rows: str) -> bytes:
    """Put rows, as XML, behind those of the sheet."""
    return changed(data, SHEET, lambda text: text.replace("</sheetData>", f"{rows}</sheetData>"))


def changed(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    found = parts(data)
    before = found[part].decode()
    found[part] = change(before).encode()
    assert found[part].decode() != before
    return archive(found)

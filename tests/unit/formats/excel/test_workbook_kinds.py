"""xls, xlsb and ods give what xlsx gives of the same table, and none of them can make the library take all memory."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
import struct
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
from dq.errors import UnreadableFileError
from dq.formats.excel import child
from dq.formats.excel.refused import RefusedError, refuse_protected
from dq.formats.limits import Limits
from dq.profiling.summary.summary import FileSummary
from dq.verdict.judge import judge
from etl_core.objects.store import ObjectStore
from tests.unit.formats.collected import read_file
from tests.unit.formats.excel import workbooks
from tests.unit.formats.excel.workbooks import WRITERS, Formula, Table, archive, compound_file

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024
MOMENT = dt.datetime(2024, 2, 29, 13, 30)  # noqa: DTZ001 - workbooks know no zones
ROWS: list[list[workbooks.Cell]] = [
    ["id", "name", "day", "moment", "sum", "ok"],
    [1, "é <&> x", dt.date(2024, 2, 29), MOMENT, Formula(42), True],
    [2.5, None, None, None, Formula(-1.5), False],
    [None] * 6,
    [1, "", dt.date(1999, 12, 31), dt.datetime(1999, 1, 1, 0, 0, 1), Formula(0), True],  # noqa: DTZ001
    ["x", "y" * 300, dt.date(2020, 1, 1), MOMENT, None, None],
]
DEFINITION = load_definition(
    {
        "fields": [
            {"name": "id", "type": "integer", "required": True, "unique": True},
            {"name": "name", "type": "string", "maxLength": 100},
            {"name": "day", "type": "date", "min": "2000-01-01"},
            {"name": "moment", "type": "datetime", "required": True},
            {"name": "sum", "type": "number", "min": 0},
            {"name": "ok", "type": "boolean"},
        ]
    }
)


@pytest.mark.parametrize("since_1904", [False, True])
@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_gives_the_rows_of_the_table(kind: str, since_1904: bool) -> None:  # noqa: FBT001 - a test's case
    found = read_file(WRITERS[kind](Table(ROWS, since_1904=since_1904)), f"x.{kind}")
    values = [[cell.value if isinstance(cell, Formula) else cell or None for cell in row] for row in ROWS]
    assert list(found.layout.header) == values[0]
    assert found.rows.rows == [
        (line, [ROWS[line][5] if at == 5 else 0 if cell is None and at == 4 and line == 4 else cell
                for at, cell in enumerate(values[line])])
        for line in (1, 2, 4, 5)
    ]  # fmt: skip


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_gives_the_verdict_of_the_others(kind: str, tmp_path: Path) -> None:
    def verdict_of(kind: str) -> tuple[str, object]:
        path = tmp_path / f"table.{kind}"
        path.write_bytes(WRITERS[kind](Table(ROWS)))
        store = ObjectStore()
        summary = profile_files([SourceObject(1, store.peek(None, str(path)), DEFINITION)], store=store)[1]
        assert isinstance(summary, FileSummary)
        assert (summary.rows_read, summary.unreadable) == (4, None)
        verdict = judge(replace(summary, bytes=0), plan_checks(DEFINITION))
        return json.dumps(verdict.profile_payload), verdict.score

    assert verdict_of(kind) == verdict_of("xlsx")


@pytest.mark.parametrize("kind", WRITERS)
def test_rows_are_those_the_sheet_holds(kind: str) -> None:
    rows: list[list[workbooks.Cell]] = [["n", "text"]]
    rows += [[number, f"t{number % 7}"] for number in range(700)]
    found = read_file(WRITERS[kind](Table(rows)), f"x.{kind}")
    assert found.rows.values == rows[1:]
    assert [line for line, _ in found.rows.rows] == list(range(1, 701))


@pytest.mark.parametrize(("kind", "second"), [("xlsx", "both"), ("xls", "both"), ("xlsb", ""), ("ods", "")])
def test_a_merged_header(kind: str, second: str) -> None:
    """The library tells which cells are merged of xlsx and xls only: of the others the first column alone is named."""
    table = Table([["id", "both", None, "c"], [1, 2, 3, 4]], merged=(1, 2))
    assert read_file(WRITERS[kind](table), f"x.{kind}").layout.header == ("id", "both", second, "c")


@pytest.mark.parametrize(
    "data",
    [
        compound_file({"EncryptionInfo": bytes(300), "EncryptedPackage": bytes(9000)}),
        workbooks.xls(Table(ROWS), encrypted=True),
        workbooks.ods(Table(ROWS), encrypted=True),
    ],
    ids=["xlsx", "xls", "ods"],
)
def test_a_password_is_named(data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="protected by a password"):
        read_file(data, "x.xlsx")


def test_the_name_of_an_encrypted_part_in_a_cell_is_no_password() -> None:
    """Nor is a run of bytes in the middle of a stream that an encrypted workbook begins with."""
    text = "EncryptedPackage"
    table = read_file(workbooks.xls(Table([["id", "what"], [1, text], [2, text + "\0" * 40]])), "x.xls")
    assert table.rows.values[0][1] == text
    begins = b"\x09\x08\x10\0\0\x06\x05\0" + bytes(12) + b"\x2f\0"
    refuse_protected(compound_file({"Workbook": bytes(700) + begins, "Other": text.encode("utf-16-le") * 9}))
    with pytest.raises(RefusedError):
        refuse_protected(compound_file({"Workbook": begins + bytes(700)}))


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        return {name: source.read(name) for name in source.namelist()}


def far_xls() -> bytes:
    """A sheet of two cells, the second in the last row and column that its bytes can name."""
    data = workbooks.xls(Table([["a"], [1234.5]]))
    cell = struct.pack("<3Hd", 1, 0, 0, 1234.5)
    assert data.count(cell) == 1
    return data.replace(cell, struct.pack("<3Hd", 65_535, 65_535, 0, 1234.5))


def far_xlsb() -> bytes:
    parts = parts_of(workbooks.xlsb(Table([["a"], [1234.5]])))
    sheet = parts["xl/worksheets/sheet1.bin"]
    row, cell = struct.pack("<I13x", 1), struct.pack("<2Id", 0, 0, 1234.5)
    assert (sheet.count(row), sheet.count(cell)) == (1, 1)
    sheet = sheet.replace(row, struct.pack("<I13x", 1_048_575)).replace(cell, struct.pack("<2Id", 16_383, 0, 1234.5))
    return archive({**parts, "xl/worksheets/sheet1.bin": sheet})


def far_ods(row: str) -> bytes:
    parts = parts_of(workbooks.ods(Table([["a"], [1]])))
    content = parts["content.xml"].decode().replace("</table:table>", f"{row}</table:table>")
    return archive({**parts, "content.xml": content})


def far_xlsx(name: str = "xl/worksheets/sheet1.xml", place: str = 'r="XFD1048576"') -> bytes:
    """A sheet that may hide behind another name, its cells' places written with other spaces and letters."""
    parts = parts_of(workbooks.xlsx(Table([["a"], [1]])))
    sheet = parts.pop("xl/worksheets/sheet1.xml").decode().replace('r="A2"', place)
    relations = parts["xl/_rels/workbook.xml.rels"].decode()
    parts["xl/_rels/workbook.xml.rels"] = relations.replace("worksheets/sheet1.xml", name.removeprefix("xl/")).encode()
    return archive({**parts, name: sheet})


VALUE = 'office:value-type="float" office:value="1"'
CELL = f"<table:table-cell {VALUE}/>"


FAR_APART = {
    "xls": far_xls(),
    "xlsb": far_xlsb(),
    "xlsx": far_xlsx(),
    "xlsx by another name": far_xlsx("xl/hidden/other"),
    "xlsx in other letters": far_xlsx(place="r\n= 'xfd1048576'"),
    "ods, values repeated": far_ods(
        '<table:table-row table:number-rows-repeated="90000">'
        f'<table:table-cell table:number-columns-repeated="1000" {VALUE}/></table:table-row>'
    ),
    "ods, nothing repeated": far_ods(
        '<table:table-row table:number-rows-repeated="90000"><table:table-cell/></table:table-row><table:table-row>'
        f'<table:table-cell table:number-columns-repeated="999"/>{CELL}</table:table-row>'
    ),
}


@pytest.mark.parametrize("kind", FAR_APART)
def test_cells_far_apart_are_refused_with_the_limit_they_break(kind: str) -> None:
    """The library lays all of them out, and what lies between; its process has no more memory than it may."""
    with pytest.raises(UnreadableFileError, match=r"more than 300 MiB of memory.* lie too far apart"):
        read_file(FAR_APART[kind], "x", limits=Limits(memory=300 * MIB))


def test_empty_rows_and_columns_behind_the_table_count_for_nothing() -> None:
    """LibreOffice fills every sheet of ods up to its last row and column in this way."""
    rest = (
        '<table:table-row table:number-rows-repeated="1048574">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert read_file(far_ods(rest), "x.ods").rows.values == [[1]]


def test_a_sheet_of_more_cells_than_may_be_is_refused() -> None:
    data = workbooks.xls(Table([["a"], *([number] for number in range(99))]))
    assert len(read_file(data, "x.xls", limits=Limits(cells=100)).rows.rows) == 99
    with pytest.raises(UnreadableFileError, match="spans 100 x 1 cells, the most that is read is 99"):
        read_file(data, "x.xls", limits=Limits(cells=99))


@pytest.mark.parametrize("attribute", ["count", "uniqueCount"])
def test_strings_that_no_memory_could_hold_are_not_made_room_for(attribute: str) -> None:
    parts = parts_of(workbooks.xlsx(Table([["a"], ["x"]])))
    strings = parts["xl/sharedStrings.xml"].decode().replace(f' {attribute}="2"', f' {attribute}\n= "99999999999"')
    data = archive({**parts, "xl/sharedStrings.xml": strings})
    if attribute == "count":
        assert read_file(data, "x.xlsx").rows.values == [["x"]]
    else:
        with pytest.raises(UnreadableFileError, match="2,048 MiB of memory"):
            read_file(data, "x.xlsx")


def test_a_sheet_of_xls_that_says_to_be_larger_than_it_is_is_refused() -> None:
    data = workbooks.xls(Table([["a"], [1]]))
    size = struct.pack("<2I3H", 0, 2, 0, 1, 0)
    assert data.count(size) == 1
    with pytest.raises(UnreadableFileError, match="2,048 MiB of memory"):
        read_file(data.replace(size, struct.pack("<2I3H", 0, 4_000_000_000, 0, 65_535, 0)), "x.xls")


@pytest.mark.parametrize("kind", WRITERS)
def test_damaged_workbooks_are_read_or_refused_and_nothing_else(kind: str) -> None:
    """Whatever the library does with them: it is another process that may end."""
    chance = random.Random(kind)
    data = WRITERS[kind](Table(ROWS))
    refused = 0
    for _ in range(60):
        parts = {"": data} if kind == "xls" else parts_of(data)
        name = chance.choice([name for name, part in parts.items() if len(part) > 20])
        damaged = bytearray(parts[name])
        for _ in range(chance.choice([1, 2, 8])):
            damaged[chance.randrange(min(len(damaged), 2500))] = chance.choice([0, 255, chance.randrange(256)])
        try:
            read_file(bytes(damaged) if kind == "xls" else archive({**parts, name: bytes(damaged)}), f"x.{kind}")
        except UnreadableFileError:
            refused += 1
    assert refused > 5


def with_repeated_text(kind: str, count: int) -> bytes:
    """A sheet whose rows all hold the same 3000 characters, which stand in the file once."""
    if kind == "ods":
        cell = f'<table:table-cell office:value-type="string"><text:p>{"z" * 3000}</text:p></table:table-cell>'
        return far_ods(f'<table:table-row table:number-rows-repeated="{count}">{cell}</table:table-row>')
    rows: list[list[workbooks.Cell]] = [["short", "long"], ["other", 0]]
    rows += [["short", "z" * 3000]] * count
    return WRITERS[kind](Table(rows))


@pytest.mark.parametrize("kind", WRITERS)
def test_texts_that_stand_in_the_file_once_count_in_every_cell(kind: str) -> None:
    found = read_file(with_repeated_text(kind, 40), f"x.{kind}")
    assert sum(cell == "z" * 3000 for row in found.rows.values for cell in row) == 40
    if kind == "xls":  # the one of a test has no room for more
        return
    with pytest.raises(UnreadableFileError, match=r"more than 200 MiB of memory.* hold too much text"):
        read_file(with_repeated_text(kind, 60_000), f"x.{kind}", limits=Limits(memory=200 * MIB))


@pytest.mark.parametrize("cells", [1, 50, 10_000])
def test_wide_sheets_come_in_pieces_of_fewer_rows(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "CELLS", cells)
    data = workbooks.xlsx(Table([["id", *map(str, range(19))], *([row] * 20 for row in range(1, 60))]))
    request = child.Request(size=len(data), sheet=None, cells=10**6, columns=100, memory=0, seconds=0)
    header, *pieces, _ = child.frames(request, data)
    assert len(header.head["header"]) == 20
    assert max(piece.head["rows"] for piece in pieces) == {1: 1, 50: 2, 10_000: 59}[cells]
    assert sum(piece.head["rows"] for piece in pieces) == 59


def test_long_texts_come_in_pieces_of_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "TEXT", 1000)
    data = workbooks.xlsx(Table([["text"], *(["x" * 300] for _ in range(20))]))
    request = child.Request(size=len(data), sheet=None, cells=10**6, columns=100, memory=0, seconds=0)
    _, *pieces, _ = child.frames(request, data)
    assert [piece.head["rows"] for piece in pieces] == [4] * 5

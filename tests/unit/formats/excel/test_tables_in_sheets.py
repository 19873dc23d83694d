"""Where a table stands in its workbook: anywhere in its sheet, in the first sheet people see, in parts of any name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dq.errors import UnreadableFileError
from dq.formats.layout import NoHeaderError
from dq.formats.limits import Limits
from dq.schema.definition import FieldType, SchemaDefinition
from tests.unit.formats.collected import read_file
from tests.unit.formats.excel import workbooks
from tests.unit.formats.excel.sheets import book, changed, parts, sheet, table
from tests.unit.formats.excel.workbooks import WRITERS, Table, archive
from tests.unit.formats.judged import judged, payload_of

if TYPE_CHECKING:
    from pathlib import Path

    from xlsxwriter.worksheet import Worksheet

ROWS: list[list[object]] = [["id", "name"], [1, "x"], [2, "y"]]
DEFINITION = {
    "fields": [{"name": "id", "type": "integer", "max": 1}, {"name": "name", "type": "string"}],
    "strict": True,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_blank_rows_above_and_blank_columns_beside_a_table_are_no_part_of_it(kind: str) -> None:
    rows: list[list[workbooks.Cell]] = [[None] * 4, [None] * 4, [None, None, "id", "name"], [None, None, 1, "x"]]
    found = read_file(WRITERS[kind](Table([*rows, [None] * 4, [None, None, 2, "y"]])), f"x.{kind}")
    assert found.layout.header == ("id", "name")
    assert (found.layout.first_line, found.rows.rows) == (3, [(1, [1, "x"]), (3, [2, "y"])])


def test_lines_are_those_of_the_sheet_wherever_the_table_begins(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(sheet(table(ROWS, row=9, column=30)))
    verdict = judged(path, DEFINITION)
    (rule,) = verdict.failed_validation_rules
    assert (rule["rule"], rule["examples"]) == ("max", [{"line": 12, "value": 2}])
    assert verdict.metrics["schemaValidation"]["passed"]
    assert payload_of(verdict)["statisticalSummary"]["columnCount"] == 2


def test_formats_without_content_make_no_columns_and_no_rows() -> None:
    def fill(one: Worksheet) -> None:
        table(ROWS, row=2, column=1)(one)
        for row, column in ((0, 0), (5000, 1), (3, 300), (2, 40)):
            one.write_blank(row, column, None, BOLD)

    import xlsxwriter.format  # noqa: PLC0415

    BOLD = xlsxwriter.format.Format({"bold": True, "xf_index": 0})  # noqa: N806
    found = read_file(sheet(fill))
    assert (found.layout.header, found.rows.values) == (("id", "name"), [[1, "x"], [2, "y"]])
    assert not found.layout.hints


def far_cell(row: int, column: int) -> bytes:
    def fill(one: Worksheet) -> None:
        table(ROWS)(one)
        one.write(row, column, "see above")

    return sheet(fill)


def test_a_cell_far_below_the_table_is_a_row_and_the_gap_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(far_cell(60_000, 1))
    verdict = judged(path)
    text = "59,997 blank rows stand above row 60,001, which counts as a row: is it part of the table?"
    assert verdict.failed_validation_message == f"formatParsing (warning): {text}"
    assert verdict.metrics["formatParsing"]["details"] == f"All 3 rows were parsed. {text}"
    assert (verdict.score, payload_of(verdict)["statisticalSummary"]["rows"]) == (100, 3)


def test_a_cell_far_beside_the_table_is_a_column_and_the_gap_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(far_cell(1, 52))
    verdict = judged(path, DEFINITION | {"fields": DEFINITION["fields"]})
    columns = payload_of(verdict)["statisticalSummary"]["columns"]
    assert [(one["name"], one["count"]) for one in columns] == [("id", 2), ("name", 2), ("[3]", 1)]
    assert "cells with content in column BA, 50 blank columns from the table" in (
        verdict.failed_validation_message or ""
    )
    assert "column 3 (it has no name) is not declared" in (verdict.failed_validation_message or "")


def test_a_sheet_of_too_many_cells_says_what_to_do() -> None:
    with pytest.raises(UnreadableFileError, match=r"spans 60,001 x 2 cells.*; delete the rows and columns far from"):
        read_file(far_cell(60_000, 1), limits=Limits(cells=100_000))


def test_cells_close_to_the_table_count_without_a_word() -> None:
    def fill(one: Worksheet) -> None:
        table(ROWS, column=1)(one)
        one.write(1, 0, "left")
        one.write(2, 5, "right")

    found = read_file(sheet(fill))
    assert found.layout.header == ("", "id", "name", "")
    assert found.rows.values == [["left", 1, "x", None], [None, 2, "y", "right"]]
    assert not found.layout.hints


def test_what_has_a_name_and_no_cell_is_a_column_and_so_is_what_stands_between(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(sheet(table([["id", None, "name", "id"], [1, None, "x", 7]])))
    columns = payload_of(judged(path))["statisticalSummary"]["columns"]
    assert [(one["name"], one["count"]) for one in columns] == [("id", 1), ("[2]", 0), ("name", 1), ("id [4]", 1)]


@pytest.mark.parametrize("fill", [lambda _: None, table([["  "], [None]])], ids=["nothing", "spaces"])
def test_a_sheet_without_a_cell_with_content_has_no_header(fill: object) -> None:
    with pytest.raises(NoHeaderError, match="the sheet 'Data' has no header: it has no cell with content"):
        read_file(sheet(fill))  # type: ignore[arg-type]


def test_where_the_first_sheet_is_empty_the_others_are_named() -> None:
    data = book({"Cover": lambda _: None, "_lists": table([["a"]]), "Data": table(ROWS)}, hidden=["_lists"])
    with pytest.raises(NoHeaderError, match=r"content; the workbook also has 'Data': declare sheet to read another"):
        read_file(data)
    assert read_file(data, definition=SchemaDefinition((), sheet="Data")).layout.header == ("id", "name")


def test_a_title_above_the_header_is_suspected(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(sheet(table([["Report of May"], [], *ROWS])))
    verdict = judged(path, DEFINITION)
    expected = "row 1, taken for the header, holds one text, row 3 holds 2: is it a title? delete what stands above"
    assert expected in (verdict.failed_validation_message or "")


def merged_title(one: Worksheet) -> None:
    one.merge_range(0, 0, 0, 1, "Report of May")
    table(ROWS, row=1)(one)


def merged_header(one: Worksheet) -> None:
    one.merge_range(0, 1, 0, 2, "name")
    table([["id"], [1, "x", "y"]])(one)


def test_a_title_may_be_merged_and_have_several_rows() -> None:
    (hint,) = read_file(sheet(merged_title)).layout.hints
    assert hint.startswith("row 1, taken for the header, holds one text, row 2 holds 2")
    (hint,) = read_file(sheet(table([["Report"], [], ["of May"], ["by us"], *ROWS]))).layout.hints
    assert hint.startswith("row 1, taken for the header, holds one text, row 5 holds 2")


def test_merged_cells_in_the_header_are_named() -> None:
    found = read_file(sheet(merged_header))
    assert found.layout.header == ("id", "name", "name")
    (hint,) = found.layout.hints
    assert hint.startswith("row 1, the header, has merged cells, which name all the columns they span")


@pytest.mark.parametrize("rows", [[["id"], [1]], [["id"], ["a"]], [["id", "name"], ["a", "b"]], [["id"]]])
def test_a_plain_table_has_no_hints(rows: list[list[object]]) -> None:
    assert not read_file(sheet(table(rows))).layout.hints


TWO = {"_lists": table([["a"], [1]]), "Data": table(ROWS), "More": table([["b"]])}


def test_a_hidden_sheet_is_named_where_it_was_skipped_and_where_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(book(TWO, hidden=["_lists"]))
    details = judged(path, DEFINITION).metrics["formatParsing"]["details"]
    assert details == "All 2 rows were parsed. Sheet '_lists' (hidden) was skipped, 'Data' was read."
    named = judged(path, {"fields": [{"name": "a"}], "sheet": "_lists"})
    assert named.failed_validation_message is None
    said = "sheet '_lists' (hidden) was read; the workbook also has 'Data', 'More'"
    assert named.metrics["formatParsing"]["details"] == f"The row was parsed. S{said[1:]}."


def test_where_all_sheets_are_hidden_the_first_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.xls"
    found = parts(book({"one": table(ROWS), "two": table([["a"]])}))
    hidden = found["xl/workbook.xml"].replace(b"<sheet name=", b'<sheet state="veryHidden" name=')
    path.write_bytes(archive({**found, "xl/workbook.xml": hidden}))
    assert judged(path, DEFINITION).metrics["formatParsing"]["details"].endswith("Sheet 'one' (hidden) was read.")


def test_a_hidden_sheet_behind_the_one_that_is_read_needs_no_word() -> None:
    assert not read_file(book(TWO, hidden=["More"])).layout.notes


def test_the_types_of_columns_nobody_declared_are_those_of_their_cells() -> None:
    rows: list[list[object]] = [
        ["n", "x", "t", "b", "mixed", "none"],
        [1, 2.5, "a", True, 1, None],
        [2, 3, "b", False, "y", None],
    ]
    assert read_file(sheet(table(rows))).layout.inferred == {
        "n": FieldType.INTEGER,
        "x": FieldType.NUMBER,
        "t": FieldType.STRING,
        "b": FieldType.BOOLEAN,
        "mixed": FieldType.ANY,
        "none": FieldType.STRING,
    }


def test_a_number_is_shown_as_its_cell_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(sheet(table([["id", "phone"], [12, 441234567890], [13, 441234567890.5], [14, "n/a"]])))
    verdict = judged(path, {"fields": [{"name": "id", "type": "string"}, {"name": "phone", "type": "integer"}]})
    by_column = {rule["column"]: [one["value"] for one in rule["examples"]] for rule in verdict.failed_validation_rules}
    assert by_column == {"id": ["12", "13", "14"], "phone": ["441234567890.5", "n/a"]}
    rows = [["12", "441234567890"], ["13", "441234567890.5"], ["14", "n/a"]]
    assert payload_of(verdict)["sampleData"]["rows"] == rows


RELATIONS = "xl/_rels/workbook.xml.rels"
PLAIN = sheet(table(ROWS))


def relations(change: tuple[str, str], moved: dict[str, str] | None = None) -> bytes:
    """Name parts in another way, and put some elsewhere."""
    found = parts(changed(PLAIN, RELATIONS, lambda text: text.replace(*change)))
    for name, place in (moved or {}).items():
        found[place] = found.pop(name)
    return archive(found)


def elsewhere() -> bytes:
    """The workbook itself at a place of its own."""
    found = parts(PLAIN)
    found["custom/book.xml"] = found.pop("xl/workbook.xml")
    listing = found.pop(RELATIONS).decode().replace('Target="', 'Target="/xl/')
    found["custom/_rels/book.xml.rels"] = listing.encode()
    found["_rels/.rels"] = found["_rels/.rels"].replace(b"xl/workbook.xml", b"custom/book.xml")
    return archive(found)


SHEETS, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
UNUSUAL = {
    "absolute": relations(('Target="worksheets', 'Target="/xl/worksheets')),
    "up": relations(("worksheets/sheet1.xml", "../sheets/one.xml"), {SHEETS: "sheets/one.xml"}),
    "here": relations(("worksheets/sheet1.xml", "./worksheets/sheet1.xml")),
    "backslash": relations(("worksheets/sheet1.xml", "worksheets\\sheet1.xml")),
    "strings": relations(("sharedStrings.xml", "text/all.xml"), {STRINGS: "xl/text/all.xml"}),
    "workbook": elsewhere(),
    "no root": archive({name: part for name, part in parts(PLAIN).items() if name != "_rels/.rels"}),
    "leading slashes": archive({f"/{name}": part for name, part in parts(PLAIN).items()}),
    "no cell names its place": changed(PLAIN, SHEETS, lambda text: re.sub(r'(<(?:c|row)) r="\w+"', r"\1", text)),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_parts_at_unusual_places_are_found(kind: str) -> None:
    found = read_file(UNUSUAL[kind], "x.xlsx", SchemaDefinition((), format="excel"))
    assert (found.layout.header, found.rows.values) == (("id", "name"), [[1, "x"], [2, "y"]])


def test_a_part_that_is_nowhere_is_still_an_error() -> None:
    data = relations(("worksheets/sheet1.xml", "worksheets/gone.xml"))
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_file(data, "x.xlsx")

"""Error cells and formulas without a result: neither null nor gone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.formats.excel import error_cells
from dq.formats.layout import NoHeaderError
from tests.unit.formats.collected import read_file
from tests.unit.formats.excel import workbooks
from tests.unit.formats.excel.sheets import SHEET, changed, parts, sheet, table, with_rows
from tests.unit.formats.excel.workbooks import WRITERS, Failed, Table, archive
from tests.unit.formats.judged import judged, payload_of

if TYPE_CHECKING:
    from pathlib import Path

HEADER = sheet(table([["id", "rate"], [1, 0.5]]))
ERRORS = ("#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA")
DEFINITION = {"fields": [{"name": "id", "type": "integer", "required": True}, {"name": "rate", "type": "number"}]}


def errors(shown: tuple[str, ...] = ERRORS, form: str = '<c r="B{row}" t="e"><v>{shown}</v></c>') -> bytes:
    rows = (
        f'<row r="{row}"><c r="A{row}"><v>{row}</v></c>{form.format(row=row, shown=text)}</row>'
        for row, text in enumerate(shown, 3)
    )
    return with_rows(HEADER, "".join(rows))


@pytest.mark.parametrize("kind", ["number", "integer", "decimal", "string", "boolean", "date", "datetime", "time"])
def test_an_error_cell_is_a_type_issue_in_every_typed_field(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(errors())
    verdict = judged(path, {"fields": [{"name": "rate", "type": kind, "required": True}]})
    (column,) = (one for one in payload_of(verdict)["typeFormatIssues"]["columns"] if one["name"] == "rate")
    found = [(one["line"], one["value"]) for one in column["examples"] if one["line"] > 2]
    assert found == list(enumerate(ERRORS, 3))
    assert column["count"] == len(ERRORS) + (kind not in ("number", "decimal"))
    assert verdict.metrics["completeness"]["passed"]
    assert [row[1] for row in payload_of(verdict)["sampleData"]["rows"]] == ["0.5", *ERRORS]


def test_errors_are_counted_named_and_placed_in_the_message(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(errors(("#DIV/0!", "#N/A")))
    message = judged(path, DEFINITION).failed_validation_message or ""
    assert "rate has 2 of 3 values that are not of type number" in message
    assert 'first at line 3: "#DIV/0!"' in message


def test_a_text_that_looks_like_an_error_is_a_text() -> None:
    assert read_file(sheet(table([["id"], ["#N/A"]]))).rows.values == [["#N/A"]]


def test_in_a_column_of_any_type_an_error_is_what_it_shows(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(errors(("#N/A", "#N/A")))
    verdict = judged(path, {"fields": [{"name": "rate", "type": "any", "enum": ["0.5"]}]})
    (rule,) = verdict.failed_validation_rules
    assert (rule["rule"], rule["failed"], rule["examples"][0]) == ("enum", 2, {"line": 3, "value": "#N/A"})


def prefixed(data: bytes) -> bytes:
    def change(text: str) -> str:
        for tag in ("worksheet", "sheetData", "row", "c", "v", "f"):
            text = (
                text.replace(f"<{tag}>", f"<x:{tag}>")
                .replace(f"<{tag} ", f"<x:{tag} ")
                .replace(f"</{tag}>", f"</x:{tag}>")
            )
        return text.replace("xmlns=", "xmlns:x=")

    return changed(data, SHEET, change)


FORMS = {
    "plain": errors(("#N/A",)),
    "calculated": errors(("#N/A",), '<c r="B{row}" s="0" t="e" cm="1"><f>NA()</f><v>{shown}</v></c>'),
    "without a place": errors(("#N/A",), "<c t='e'><v>{shown}</v></c>"),
    "spaces": errors(("#N/A",), '<c r="B{row}" t = "e" ><v xml:space="preserve"> {shown}</v ></c >'),
    "prefixed": prefixed(errors(("#N/A",))),
    "backslashes": archive({name.replace("/", "\\"): part for name, part in parts(errors(("#N/A",))).items()}),
    "behind an empty cell": errors(("#N/A",), '<c r="A{row}" t="e"/><c r="B{row}" t="e"><v>{shown}</v></c>'),
}


@pytest.mark.parametrize("form", FORMS)
def test_errors_are_found_in_every_spelling(form: str) -> None:
    assert read_file(FORMS[form], "x.xlsx").rows.values[1][1] == {"error": "#N/A"}


def test_what_lies_around_an_error_stays_as_it_is() -> None:
    rows = with_rows(
        errors(("#N/A",)), '<row r="9"><c r="A9"><v>4</v></c><c r="B9" t="inlineStr"><is><t>e</t></is></c></row>'
    )
    assert read_file(rows, "x.xlsx").rows.rows == [
        (1, [1, 0.5]),
        (2, [3, {"error": "#N/A"}]),
        (8, [4, "e"]),
    ]


def test_errors_that_say_where_they_are_need_no_copy_of_the_workbook() -> None:
    for form in ("plain", "calculated"):
        found = error_cells.marked(FORMS[form], 0)
        assert (found.workbook, found.errors) == (None, {(2, 1): "#N/A"})
    for form in ("without a place", "spaces", "prefixed"):
        found = error_cells.marked(FORMS[form], 0)
        assert found.workbook is not None


def test_an_error_that_the_library_does_not_know_needs_a_copy() -> None:
    assert error_cells.marked(errors(("#N/A", "#SPILL!")), 0).workbook is not None


def test_places_of_too_many_errors_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_cells, "_MOST_PLACES", 2)
    rows = errors(("#N/A", "#REF!", "#NULL!"))
    assert error_cells.marked(rows, 0).workbook is not None
    assert [row[1] for row in read_file(rows, "x.xlsx").rows.values[1:]] == [
        {"error": shown} for shown in ("#N/A", "#REF!", "#NULL!")
    ]


@pytest.mark.parametrize(
    ("place", "row", "column"),
    [("A1", 0, 0), ("Z1", 0, 25), ("AA30", 29, 26), ("ZZ7", 6, 701), ("XFD1048576", 1048575, 16383)],
)
def test_places_are_counted_from_0(place: str, row: int, column: int) -> None:
    assert error_cells._placed(f'<c r="{place}" t="e"><v>#N/A</v></c>'.encode()) == {(row, column): "#N/A"}


def test_a_large_sheet_is_looked_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as rows end somewhere; where none does, it is still read."""
    rows = errors(tuple(ERRORS[:7]) * 40, "<c r='B{row}' t='e'><v>{shown}</v></c>")
    whole = error_cells.marked(rows, 0).workbook
    assert whole is not None
    for size, longest in ((64, 1000), (1000, 4000), (7, 50)):
        monkeypatch.setattr(error_cells, "_PIECE", size)
        monkeypatch.setattr(error_cells, "_LONGEST", longest)
        again = error_cells.marked(rows, 0).workbook
        if size > 7:
            assert again is not None
            assert parts(again) == parts(whole)
    assert b"".join(error_cells._pieces(io.BytesIO(b"<row>" * 1000))) == b"<row>" * 1000


def ods(cell: str) -> bytes:
    found = parts(workbooks.ods(Table([["id", "rate"], [1, 0.25]])))
    before = ' office:value-type="float" office:value="0.25"><text:p>0.25</text:p>'
    content = found["content.xml"].decode()
    assert before in content
    return archive({**found, "content.xml": content.replace(before, f" {cell}")})


ODS_ERRORS = {
    "#N/A": 'office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#N/A</text:p>',
    "Err:502": 'office:value-type="float" office:value="0" calcext:value-type="error"><text:p>Err:502</text:p>',
    "#REF!": "calcext:value-type='error' office:value-type='string'><text:p><text:s/>#REF!</text:p>",
}


@pytest.mark.parametrize("shown", ODS_ERRORS)
def test_errors_of_open_document_sheets_are_errors(shown: str) -> None:
    assert read_file(ods(f'table:formula="of:=A2" {ODS_ERRORS[shown]}'), "x.ods").rows.values == [[1, {"error": shown}]]


CODES = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}


@pytest.mark.parametrize("formula", [False, True])
@pytest.mark.parametrize("kind", ["xls", "xlsb"])
def test_errors_of_binary_workbooks_are_errors(kind: str, formula: bool) -> None:  # noqa: FBT001 - a test's case
    rows: list[list[workbooks.Cell]] = [[None] * 3, [None, "id", "rate"], [None, 1, 0.25]]
    rows += [[None, row, Failed(code, formula)] for row, code in enumerate(CODES)]
    found = read_file(WRITERS[kind](Table([*rows, [None, 7, True]])), f"x.{kind}")
    assert found.rows.values[1:-1] == [[row, {"error": shown}] for row, shown in enumerate(CODES.values())]
    assert found.rows.values[0] == [1, 0.25]


@pytest.mark.parametrize("kind", ["xls", "xlsb"])
def test_what_only_looks_like_an_error_in_a_binary_workbook_is_none(kind: str) -> None:
    """A truth value, and texts that hold the bytes of a record."""
    records = [b"\x05\x02\x08\x00\0\0\0\0\0\0\x07\x01".decode("latin-1"), "\x03\x09" + "\x07" * 20]
    rows: list[list[workbooks.Cell]] = [["id", "text"], [1, records[0]], [2, records[1]], [True, "x"]]
    found = read_file(WRITERS[kind](Table(rows)), f"x.{kind}")
    assert [row[0] for row in found.rows.values] == [1, 2, True]
    assert [type(row[1]) for row in found.rows.values] == [str] * 3


@given(st.binary(max_size=3000), st.booleans())
def test_no_bytes_make_the_search_for_errors_fail(data: bytes, compound: bool) -> None:  # noqa: FBT001
    start = workbooks.xls(Table([["id"], [Failed(7)]]))[:512] if compound else b""
    assert error_cells.marked(start + data, 0).workbook is None


NONE = '<c r="B{row}"><f>A{row}*2</f></c>'
UNRESOLVED = (
    NONE,
    NONE.replace("</c>", "<v></v></c>"),
    NONE.replace("</c>", "<v/></c>"),
    '<c r="B{row}"><f si="0"/></c>',
)
RESOLVED = (
    NONE.replace("</c>", "<v>6</v></c>"),
    '<c r="B{row}" t="str"><f>A{row}</f><v></v></c>',
    '<c r="B{row}"><f t="shared" si="0"/><v>7</v></c>',
)


def formulas(forms: tuple[str, ...]) -> bytes:
    rows = (
        f'<row r="{row}"><c r="A{row}"><v>{row}</v></c>{form.format(row=row)}</row>'
        for row, form in enumerate(forms, 3)
    )
    return with_rows(HEADER, "".join(rows))


def test_formulas_without_a_result_are_counted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(formulas((*UNRESOLVED, *RESOLVED)))
    verdict = judged(path, DEFINITION)
    text = "4 formulas have no stored result; open and save the workbook"
    assert verdict.failed_validation_message == f"formatParsing (warning): {text}"
    assert verdict.metrics["formatParsing"]["details"] == f"All 8 rows were parsed. {text}."
    (rule,) = verdict.failed_validation_rules
    assert (rule["rule"], rule["failed"], rule["severity"]) == ("unresolved_formulas", 4, "warning")
    assert (verdict.score, verdict.passed) == (100, True)


def test_a_sheet_of_formulas_without_a_result_alone_is_named_as_such() -> None:
    formula = '<row r="1"><c r="A1"><f>B1</f></c><c r="B1"><f>C1</f></c></row>'
    with pytest.raises(NoHeaderError, match="only 2 formulas without a stored result; open and save the workbook"):
        read_file(
            changed(
                sheet(lambda _: None),
                SHEET,
                lambda text: text.replace("<sheetData/>", f"<sheetData>{formula}</sheetData>"),
            )
        )


def test_formulas_of_other_things_than_cells_are_not_counted() -> None:
    """Rules of validation and formatting have formulas, too, and no result."""
    rules = (
        '<extLst><ext xmlns:x14="a" xmlns:xm="b"><x14:dataValidation><x14:formula1><xm:f>Lists!$A$1</xm:f>'
        "</x14:formula1></x14:dataValidation></ext></extLst>"
    )
    data = changed(formulas(RESOLVED), SHEET, lambda text: text.replace("</sheetData>", f"</sheetData>{rules}"))
    assert read_file(data).layout.unresolved == 0
    assert read_file(prefixed(formulas((*UNRESOLVED, *RESOLVED)))).layout.unresolved == len(UNRESOLVED)


@given(st.lists(st.sampled_from([*UNRESOLVED, *RESOLVED]), min_size=1, max_size=6), st.booleans())
def test_every_formula_without_a_result_is_counted_whatever_stands_beside_it(forms: list[str], spaced: bool) -> None:  # noqa: FBT001
    data = formulas(tuple(form.replace("<v>", " <v>") if spaced else form for form in forms))
    assert error_cells.marked(data, 0).unresolved == sum(form in UNRESOLVED for form in forms)


def test_one_formula_and_none_are_said_rightly(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(formulas(UNRESOLVED[:1]))
    assert "1 formula has no stored result" in (judged(path).failed_validation_message or "")
    path.write_bytes(formulas(RESOLVED))
    assert judged(path).failed_validation_message is None

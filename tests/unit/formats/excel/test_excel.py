"""Workbooks: which sheet, which cells, and which files are refused."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from dq.errors import UnreadableFileError
from dq.formats.layout import NoHeaderError
from dq.formats.limits import Limits
from dq.schema.definition import SchemaDefinition
from tests.unit.formats.collected import read_file
from tests.unit.formats.excel.workbooks import compound_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from xlsxwriter.workbook import Workbook


def workbook(fill: Callable[[Workbook], object], **options: object) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, **options}) as book:
        fill(book)
    return file.getvalue()


def table(rows: list[list[object]], name: str | None = None) -> Callable[[Workbook], object]:
    def fill(book: Workbook) -> None:
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)

    return fill


SIMPLE = workbook(table([["id", " name "], [1, "x"], [2.5, None], [], [3, "y"]]))


def test_the_first_sheet_is_read_and_empty_rows_are_no_rows() -> None:
    found = read_file(SIMPLE, "x.xlsx")
    assert found.layout.header == ("id", "name")
    assert found.rows.rows == [(1, [1.0, "x"]), (2, [2.5, None]), (4, [3.0, "y"])]


def two_sheets(book: Workbook) -> None:
    table([["a"], [1]], "first")(book)
    table([["b"], [2]], "second")(book)


def test_a_named_sheet_is_read_and_a_missing_one_named_with_those_there_are() -> None:
    data = workbook(two_sheets)
    assert read_file(data, definition=SchemaDefinition((), sheet="second")).layout.header == ("b",)
    with pytest.raises(UnreadableFileError, match="no sheet 'third'; it has 'first', 'second'"):
        read_file(data, definition=SchemaDefinition((), sheet="third"))


def hidden_first(book: Workbook) -> None:
    two_sheets(book)
    first, second = book.worksheets()
    first.hide()
    second.activate()


def test_a_hidden_sheet_is_read_only_where_it_is_named() -> None:
    data = workbook(hidden_first)
    assert read_file(data).layout.header == ("b",)
    assert read_file(data, definition=SchemaDefinition((), sheet="first")).layout.header == ("a",)


def merged(book: Workbook) -> None:
    sheet = book.add_worksheet()
    sheet.merge_range(0, 0, 0, 1, "both")
    sheet.write_row(0, 2, ["c"])
    sheet.write_row(1, 0, [1, 2, 3])


def test_a_merged_header_names_all_its_columns() -> None:
    assert read_file(workbook(merged)).layout.header == ("both", "both", "c")


def dates(book: Workbook) -> None:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["d", "t"])
    sheet.write_datetime(1, 0, dt.datetime(2024, 2, 29), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
    sheet.write_datetime(1, 1, dt.datetime(2024, 2, 29, 13, 30), book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))  # noqa: DTZ001


@pytest.mark.parametrize("since_1904", [False, True])
def test_dates_count_from_the_year_the_workbook_says(since_1904: bool) -> None:  # noqa: FBT001 - a test's case
    found = read_file(workbook(dates, date_1904=since_1904)).rows.values
    assert [str(cell)[:10] for cell in found[0]] == ["2024-02-29", "2024-02-29"]
    assert str(found[0][1])[11:16] == "13:30"


def formulas(book: Workbook) -> None:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["n", "sum"])
    sheet.write_number(1, 0, 2)
    sheet.write_formula(1, 1, "=A2*21", None, 42)


def test_formulas_give_their_cached_values() -> None:
    assert read_file(workbook(formulas)).rows.values == [[2.0, 42.0]]


def test_a_sheet_without_a_header_is_refused() -> None:
    with pytest.raises(NoHeaderError):
        read_file(workbook(lambda book: book.add_worksheet()))


def archive(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name.replace("__", "/"), content)
    return file.getvalue()


def far_apart(book: Workbook) -> None:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a"])
    sheet.write_number(1_048_575, 16_383, 1)


PROTECTED = compound_file({"EncryptionInfo": bytes(300), "EncryptedPackage": bytes(range(256)) * 40})
EXCEL = SchemaDefinition((), format="excel")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (archive(**{"a.csv": b"1"}), "holds no workbook \\(but 'a.csv'\\)"),
        (archive(**{"xl__workbook.xml": b"no xml"}), "cannot be read"),
        (SIMPLE[:-30], "cannot be read"),
        (SIMPLE[:300], "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "cannot be read"),
        (b"neither", "cannot be read"),
        (PROTECTED, "protected by a password"),
        (lambda: archive(**{"xl__workbook.xml": bytes(30_000_000)}), "cannot be read"),
        (lambda: archive(**{f"p{number}": b"" for number in range(10_001)}), "holds no workbook"),
        (lambda: workbook(far_apart), "2,048 MiB of memory"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_harmless_workbook_is_refused(data: bytes | Callable[[], bytes], what: str) -> None:
    """The large ones are made when they are needed, not whenever tests are listed."""
    with pytest.raises(UnreadableFileError, match=what):
        read_file(data if isinstance(data, bytes) else data(), "x.xlsx", EXCEL)


def test_a_workbook_beyond_the_limits_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="most that is held in memory is 100"):
        read_file(SIMPLE, limits=Limits(whole=100))
    with pytest.raises(UnreadableFileError, match="spans 5 x 2 cells, the most that is read is 8"):
        read_file(SIMPLE, limits=Limits(cells=8))

"""The header of a file: below blank rows, and with every column it names, or does not."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import orc, parquet

from dq.formats.byte_source import BytesSource
from dq.formats.csv.format import CSV
from dq.formats.layout import NoHeaderError
from dq.formats.limits import Limits
from dq.formats.reading import find_layout
from dq.schema.definition import CsvDialect, FieldType, SchemaDefinition
from tests.unit.formats.collected import read_file
from tests.unit.formats.excel.sheets import sheet, table
from tests.unit.formats.excel.workbooks import Table, xlsx
from tests.unit.formats.judged import judged, payload_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("above", "lines"),
    [
        (b"", 0),
        (b"\n\n", 2),
        (b",\n", 1),
        (b" , \r\n\r\n", 2),
        (b'"",""\n', 1),
        (b'" ",\n,,,,\n \n', 3),
        (b"\xef\xbb\xbf,\n", 1),
        (b'"\n",\n', 2),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_blank_rows_above_the_header_of_a_csv_file_are_no_header(above: bytes, lines: int, end: bytes) -> None:
    found = read_file(above + end.join([b"id,name", b"1,x", b",", b"2,y", b""]), "x.csv")
    assert found.layout.header == ("id", "name")
    assert found.layout.first_line == lines + 1
    assert found.rows.rows == [(1, ["1", "x"]), (2, ["", ""]), (3, ["2", "y"])]
    assert found.layout.inferred == {"id": FieldType.INTEGER, "name": FieldType.STRING}


def test_csv_and_workbooks_say_the_same_of_blank_rows_above_the_header(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b",\n,\nid,name\n1,x\n7,y\n")
    (tmp_path / "x.xlsx").write_bytes(xlsx(Table([[None, None], [None, None], ["id", "name"], [1, "x"], [7, "y"]])))
    definition = {"fields": [{"name": "id", "type": "integer", "max": 5}, {"name": "name"}], "strict": True}
    one, other = (judged(tmp_path / name, definition) for name in ("x.csv", "x.xlsx"))
    assert one.failed_validation_rules == other.failed_validation_rules
    assert one.failed_validation_rules[0]["examples"] == [{"line": 5, "value": 7}]
    assert one.metrics == other.metrics


def test_a_csv_file_of_blank_cells_has_no_header_unless_none_is_expected() -> None:
    with pytest.raises(NoHeaderError):
        read_file(b",\n , \n", "x.csv")
    without = SchemaDefinition((), csv=CsvDialect(header=False))
    assert read_file(b",\n1,2\n", "x.csv", without).rows.values == [["", ""], ["1", "2"]]


@pytest.mark.parametrize(("text", "read"), [(b",\na,b\n", False), (b"\n \na,b\n", True), (b"a,b\n", True)])
def test_sparks_reader_which_takes_blank_cells_for_a_header_is_not_asked(text: bytes, read: bool) -> None:  # noqa: FBT001
    layout = find_layout(BytesSource(text), "x.csv", None, Limits())
    assert CSV.spark is not None
    assert (CSV.spark.refuse(layout, len(text)) is None) is read


def parquet_file(columns: pa.Table) -> bytes:
    file = io.BytesIO()
    parquet.write_table(columns, file)
    return file.getvalue()


def orc_file(columns: pa.Table) -> bytes:
    file = io.BytesIO()
    orc.write_table(columns, file)
    return file.getvalue()


def csv_file(columns: pa.Table) -> bytes:
    rows = [columns.column_names, *zip(*(column.to_pylist() for column in columns.columns), strict=True)]
    return "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows).encode()


def workbook(columns: pa.Table) -> bytes:
    rows = [columns.column_names, *zip(*(column.to_pylist() for column in columns.columns), strict=True)]
    return sheet(table(rows))


WRITERS: dict[str, Callable[[pa.Table], bytes]] = {
    "csv": csv_file,
    "xlsx": workbook,
    "parquet": parquet_file,
    "orc": orc_file,
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_column_of_a_repeated_or_blank_name_stands_for_itself(suffix: str, tmp_path: Path) -> None:
    arrays = [pa.array([2023, 2024]), pa.array(["a", "b"]), pa.array([2.5, None]), pa.array([7, 8]), pa.array([9, 9])]
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(WRITERS[suffix](pa.Table.from_arrays(arrays, ["year", "city", "year", "", "year"])))
    fields = [{"name": "year", "type": "integer", "required": True, "max": 2023}, {"name": "city"}]
    verdict = judged(path, {"fields": fields, "strict": True})
    payload = payload_of(verdict)
    names = ["year", "city", "year [3]", "[4]", "year [5]"]
    assert payload["statisticalSummary"]["columnCount"] == 5
    shown = [(one["name"], one["type"], one["count"]) for one in payload["statisticalSummary"]["columns"]]
    kinds = ["integer", "any", "number", "integer", "integer"]
    assert shown == list(zip(names, kinds, [2, 2, 1, 2, 2], strict=True))
    assert payload["sampleData"]["columns"] == names
    assert sorted(payload["sampleData"]["rows"], key=str) == [
        ["2023", "a", "2.5", "7", "9"],
        ["2024", "b", None, "8", "9"],
    ]
    assert (payload["typeFormatIssues"]["repeatedColumns"], payload["typeFormatIssues"]["extraColumns"]) == (
        ["year"],
        ["[4]"],
    )
    # The columns that repeat a declared name are one fault of that field, not columns nobody declared besides.
    assert [(rule["rule"], rule["column"]) for rule in verdict.failed_validation_rules] == [
        ("repeated", "year"),
        ("extra", "[4]"),
        ("max", "year"),
    ]
    assert "column 4 (it has no name) is not declared" in (verdict.failed_validation_message or "")

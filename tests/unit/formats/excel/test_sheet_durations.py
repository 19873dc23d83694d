"""Durations of workbooks, `[h]:mm:ss`: what they are is what their field asks for, however many digits they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dq.formats.byte_source import BytesSource
from dq.formats.limits import Limits
from dq.formats.reading import find_layout, read_part
from dq.formats.splits import Split
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.durations import Duration
from tests.unit.formats.excel.test_excel import workbook
from tests.unit.profiling.profiled import Table, summary

if TYPE_CHECKING:
    import pyarrow as pa
    from xlsxwriter.workbook import Workbook

    from dq.profiling.summary.summary import ColumnSummary

HOUR = 3600 * 10**9
#: Days, as a sheet has them: 9:30, 12:30, 24:00, 42:00 and an hour and a half less than nothing.
DURATIONS = [9.5 / 24, 12.5 / 24, 1.0, 42 / 24, -1.5 / 24]


def cells_of(days: list[float], others: list[object], form: str = "[h]:mm:ss") -> pa.Array:
    def fill(book: Workbook) -> None:
        sheet, shown = book.add_worksheet(), book.add_format({"num_format": form})
        sheet.write(0, 0, "t")
        for at, number in enumerate(days, 1):
            sheet.write_number(at, 0, number, shown)
        for at, cell in enumerate(others, len(days) + 1):
            sheet.write(at, 0, cell)

    data = workbook(fill)
    source = BytesSource(data)
    layout = find_layout(source, "a.xlsx", None, Limits())
    (batch,) = read_part(source, layout, Split(0, 0, len(data)), Limits()).batches()
    return batch.columns[0]


def figures(cells: pa.Array, kind: str) -> tuple[ColumnSummary, list[Any]]:
    found = summary(Table({"t": cells}, [{"name": "t", "type": kind}], encoding=CellEncoding.SHEET))
    return found.columns[0], [row[0] for row in found.sample_rows]


@pytest.mark.parametrize("others", [[], ["n/a"], ["n/a", 1.5]])
def test_a_time_field_takes_those_of_less_than_a_day(others: list[object]) -> None:
    column, shown = figures(cells_of(DURATIONS, others), "time")
    assert [one.text for one in column.unparsable_examples] == ["24:00:00", "42:00:00", "-1:30:00", *map(str, others)]
    assert {one.value for one in column.top_values} == {"09:30:00", "12:30:00"}
    assert shown[:5] == ["09:30:00", "12:30:00", "24:00:00", "42:00:00", "-1:30:00"]


@pytest.mark.parametrize("others", [[], ["n/a"], ["n/a", 1.5]])
def test_a_duration_field_takes_all(others: list[object]) -> None:
    column, shown = figures(cells_of(DURATIONS, others), "duration")
    assert [one.text for one in column.unparsable_examples] == list(map(str, others))
    assert (column.minimum, column.maximum, column.distinct) == (Duration(-3 * HOUR // 2), Duration(42 * HOUR), 5)
    assert shown[:5] == ["9:30:00", "12:30:00", "24:00:00", "42:00:00", "-1:30:00"]


@pytest.mark.parametrize("others", [[], ["PT1H", "2:00:00"]])
def test_a_duration_field_takes_clocks_and_texts(others: list[object]) -> None:
    column, _ = figures(cells_of([9.5 / 24, 1.5 / 24], others, "hh:mm:ss"), "duration")
    assert (column.unparsable, column.minimum) == (0, Duration((2 if others else 3) * HOUR // 2))


@pytest.mark.parametrize("others", [[], ["n/a"]])
def test_fields_of_another_type_take_none(others: list[object]) -> None:
    for kind in ("number", "datetime", "integer"):
        column, shown = figures(cells_of(DURATIONS, others), kind)
        assert (column.unparsable, shown[3]) == (5 + len(others), "42:00:00")
    assert figures(cells_of(DURATIONS, others), "any")[0].unparsable == 0

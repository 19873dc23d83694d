"""Typed, nested and mixed columns: what counts as a value of the declared type, and what is shown of it."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dq.profiling.cells.physical import type_family
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.tally.file_tally import FileTally
from dq.profiling.tally.recipe import CellEncoding
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.definition import FieldType
from dq.schema.durations import Duration
from dq.schema.fine_moments import FineMoment
from tests.unit.profiling.profiled import Table, column, summary, tally

TYPED, JSON, SHEET = CellEncoding.TYPED, CellEncoding.JSON, CellEncoding.SHEET


def typed(cells: pa.Array, kind: str, encoding: CellEncoding = TYPED, **spec: Any) -> Table:  # noqa: ANN401
    return Table({"a": cells}, [{"name": "a", "type": kind, **spec}], encoding=encoding)


@pytest.mark.parametrize(
    ("cells", "kind", "least", "greatest"),
    [
        (pa.array([1, None, 3], pa.int8()), "integer", 1, 3),
        (pa.array([2**63 - 1, 0], pa.uint64()), "integer", 0, 2**63 - 1),
        (pa.array([1, 3], pa.int32()), "number", 1.0, 3.0),
        (pa.array([0.5, 1.5], pa.float32()), "number", 0.5, 1.5),
        (pa.array([-0.0, 0.0]), "number", 0.0, 0.0),
        (pa.array([Decimal("1.10"), Decimal("-2.00")]), "number", -2.0, 1.1),
        (pa.array([Decimal(0), Decimal("1E-8")], pa.decimal128(20, 8)), "decimal", Decimal(0), Decimal("1E-8")),
        (pa.array([1, 2]), "decimal", Decimal(1), Decimal(2)),
        (pa.array([True, False]), "boolean", False, True),
        (pa.array([date(1, 1, 1), date(9999, 12, 31)]), "date", date(1, 1, 1), date(9999, 12, 31)),
        (pa.array([time(1), time(2, 3, 4, 5)]), "time", time(1), time(2, 3, 4, 5)),
        (pa.array([86399], pa.time32("s")), "time", time(23, 59, 59), time(23, 59, 59)),
        (pa.array([1, 2_000], pa.time64("ns")), "time", FineMoment(time(0), 1), time(0, 0, 0, 2)),
        (pa.array([-1, 60], pa.duration("s")), "duration", Duration(-(10**9)), Duration(60 * 10**9)),
        (pa.array([-1, 1], pa.duration("ns")), "duration", Duration(-1), Duration(1)),
        (pa.array(["b", "a"]), "string", "a", "b"),
        (pa.array([b"\x01", b"\xff"]), "any", "01", "ff"),
        (pa.array([{"x": 1}]), "object", '{"x":1}', '{"x":1}'),
        (pa.array([[1, 2]]), "array", "[1,2]", "[1,2]"),
        (pa.array([[1, 2]]), "any", "[1,2]", "[1,2]"),
    ],
)
def test_typed_cells_of_the_declared_type_are_values(
    cells: pa.Array, kind: str, least: object, greatest: object
) -> None:
    figures = column(typed(cells, kind))
    assert (figures.unparsable, figures.wrong_type) == (0, False)
    assert (figures.minimum, figures.maximum) == (least, greatest)
    assert type(figures.maximum) is type(greatest)
    assert figures.nulls == cells.null_count


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_moments_of_any_unit_and_zone_are_utc(unit: str, zone: str | None) -> None:
    moment = datetime(1969, 12, 31, 23, 59, 58, tzinfo=timezone.utc)
    cells = pa.array([moment, moment + timedelta(seconds=3)], pa.timestamp(unit, zone or "UTC"))
    figures = column(typed(cells if zone else cells.cast(pa.timestamp(unit)), "datetime"))
    assert figures.minimum == moment.replace(tzinfo=None)
    assert figures.maximum == datetime(1970, 1, 1, 0, 0, 1)  # noqa: DTZ001 - UTC, without saying so


def test_nanoseconds_are_kept_also_before_1970() -> None:
    figures = column(typed(pa.array([-1, 1_999], pa.timestamp("ns")), "datetime"))
    assert figures.minimum == FineMoment(datetime(1969, 12, 31, 23, 59, 59, 999999), 999)  # noqa: DTZ001
    assert figures.maximum == FineMoment(datetime(1970, 1, 1, 0, 0, 0, 1), 999)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (pa.array([2**60, 0], pa.timestamp("us")), "datetime"),
        (pa.array([2**60, 0], pa.timestamp("s")), "datetime"),
        (pa.array([-(2**60), 0], pa.timestamp("ms", "UTC")), "datetime"),
        (pa.array([2**30, 0], pa.date32()), "date"),
        (pa.array([86_400_000, 0], pa.int32()).view(pa.time32("ms")), "time"),
        (pa.array([2**62, 0], pa.duration("s")), "duration"),
        (pa.array([float("nan"), 1.0]), "number"),
        (pa.array([float("inf"), 1.0], pa.float32()), "number"),
        (pa.array([2**64 - 1, 0], pa.uint64()), "integer"),
    ],
)
def test_typed_cells_that_are_no_value_are_type_issues(cells: pa.Array, kind: str) -> None:
    """Not a fault: years beyond 9999, numbers that are none, integers beyond 64 bits."""
    figures = column(typed(cells, kind))
    assert (figures.unparsable, figures.wrong_type, figures.nulls) == (1, False, 0)
    assert figures.minimum == figures.maximum
    assert len(figures.unparsable_examples) == 1


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (pa.array(["1"]), "integer"),
        (pa.array([1.0]), "integer"),
        (pa.array([1]), "string"),
        (pa.array([1]), "date"),
        (pa.array([date(2024, 1, 1)]), "datetime"),
        (pa.array(["2024-01-01"]), "date"),
        (pa.array([1.5]), "decimal"),
        (pa.array([{"x": 1}]), "array"),
        (pa.array([1]), "boolean"),
    ],
)
def test_another_physical_type_is_a_type_issue_of_the_whole_column(cells: pa.Array, kind: str) -> None:
    figures = column(typed(cells, kind))
    assert figures.wrong_type
    assert figures.unparsable == 1
    assert figures.minimum is None


def test_a_column_of_nulls_has_no_type_to_be_wrong() -> None:
    for cells in (pa.nulls(3), pa.nulls(3, pa.string()), pa.array([], pa.string())):
        figures = column(typed(cells, "integer"))
        assert (figures.wrong_type, figures.unparsable, figures.nulls) == (False, 0, len(cells))


def tokens(values: list[Any]) -> pa.Array:
    texts = [None if value is None else json.dumps(value) for value in values]
    return pa.StructArray.from_arrays([pa.array(texts, pa.string())], fields=list(JSON_TOKENS))


MIXED = [1, "x", None, 2.5, True, {"a": [1, "b"]}, [1, "b"], "2024-01-01", 2**63, ""]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("integer", [1]),
        ("number", [1, 2.5, 2**63]),
        ("decimal", [1, 2.5, 2**63]),
        ("boolean", [True]),
        ("string", ["x", "2024-01-01"]),
        ("date", ["2024-01-01"]),
        ("datetime", []),
        ("object", [{"a": [1, "b"]}]),
        ("array", [[1, "b"]]),
        ("any", [value for value in MIXED if value not in (None, "")]),
    ],
)
def test_mixed_json_is_judged_cell_by_cell(kind: str, values: list[Any]) -> None:
    figures = column(typed(tokens(MIXED), kind, JSON))
    assert figures.nulls == 2
    assert figures.unparsable == len(MIXED) - 2 - len(values)
    assert figures.distinct == len(values)
    assert not figures.wrong_type


def test_mixed_json_is_shown_as_it_is_written() -> None:
    found = summary(typed(tokens(['say "hi"', 1, None, [1, "b"], {"a": 1.5}]), "any", JSON))
    assert sorted(row[0] or "" for row in found.sample_rows) == ["", "1", '[1,"b"]', 'say "hi"', '{"a":1.5}']
    wrong = column(typed(tokens(["x", [1]]), "integer", JSON))
    assert [one.text for one in wrong.unparsable_examples] == ["x", "[1]"]


def test_json_and_sheets_write_dates_as_text() -> None:
    for encoding in (JSON, SHEET):
        figures = column(typed(pa.array(["02/01/2024", "x"]), "date", encoding, format="%d/%m/%Y"))
        assert (figures.maximum, figures.unparsable) == (date(2024, 1, 2), 1)


MIDNIGHT, NOON = datetime(2024, 3, 1), datetime(2024, 3, 1, 12)  # noqa: DTZ001 - sheets know no zones
SHEET_DATES = {
    "dates": pa.array([date(2024, 3, 1), None, date(2024, 3, 2)]),
    "moments": pa.array([MIDNIGHT, None, NOON], pa.timestamp("us")),
    "mixed": tokens(
        [{"moment": "2024-03-01"}, None, {"moment": "2024-03-01T12:00:00"}, "x", 45_000.0, {"time": "12:00:00"}]
    ),
}


@pytest.mark.parametrize(
    ("cells", "kind", "bad", "shown"),
    [
        ("dates", "date", 0, ["2024-03-01", None, "2024-03-02"]),
        ("dates", "datetime", 0, ["2024-03-01T00:00:00", None, "2024-03-02T00:00:00"]),
        ("dates", "string", 2, ["2024-03-01", None, "2024-03-02"]),
        ("dates", "any", 0, ["2024-03-01", None, "2024-03-02"]),
        ("dates", "time", 2, ["2024-03-01", None, "2024-03-02"]),
        ("dates", "number", 2, ["2024-03-01", None, "2024-03-02"]),
        ("moments", "date", 1, ["2024-03-01", None, "2024-03-01T12:00:00"]),
        ("moments", "datetime", 0, ["2024-03-01T00:00:00", None, "2024-03-01T12:00:00"]),
        ("moments", "any", 0, ["2024-03-01", None, "2024-03-01T12:00:00"]),
        ("moments", "integer", 2, ["2024-03-01", None, "2024-03-01T12:00:00"]),
        ("mixed", "date", 4, ["2024-03-01", None, "2024-03-01T12:00:00", "x", "45000", "12:00:00"]),
        ("mixed", "datetime", 3, ["2024-03-01T00:00:00", None, "2024-03-01T12:00:00", "x", "45000", "12:00:00"]),
        ("mixed", "time", 4, ["2024-03-01", None, "2024-03-01T12:00:00", "x", "45000", "12:00:00"]),
        ("mixed", "string", 4, ["2024-03-01", None, "2024-03-01T12:00:00", "x", "45000", "12:00:00"]),
        ("mixed", "any", 0, ["2024-03-01", None, "2024-03-01T12:00:00", "x", "45000", "12:00:00"]),
    ],
)
def test_a_date_of_a_sheet_is_what_its_field_asks_for(cells: str, kind: str, bad: int, shown: list[str | None]) -> None:
    found = summary(typed(SHEET_DATES[cells], kind, SHEET))
    assert (found.columns[0].unparsable, found.columns[0].nulls) == (bad, 1)
    assert sorted(map(str, found.sample_rows)) == sorted(str((text,)) for text in shown)
    assert (found.columns[0].distinct, found.columns[0].rows) == (len(shown) - 1 - bad, len(shown))


@pytest.mark.parametrize(("kind", "least"), [("date", date(2024, 3, 1)), ("datetime", MIDNIGHT), ("any", "2024-03-01")])
def test_a_date_is_the_same_value_whatever_stands_beside_it(kind: str, least: object) -> None:
    """A batch of dates alone, one of moments, and a mixed one: of one value there is one."""
    columns = [
        pa.array([date(2024, 3, 1)]),
        pa.array([MIDNIGHT, NOON], pa.timestamp("us")).slice(0, 1),
        tokens([{"moment": "2024-03-01"}, "x"]).slice(0, 1),
    ]
    found = [column(typed(one, kind, SHEET)) for one in columns]
    assert {one.minimum for one in found} == {least}
    tallies = [tally(typed(one, kind, SHEET), split=at).profile() for at, one in enumerate(columns)]
    assert (tallies[0] + tallies[1] + tallies[2]).columns[0].distinct.estimate() == 1  # type: ignore[index]


def test_an_error_cell_is_a_value_of_no_type() -> None:
    cells = tokens([{"error": "#N/A"}, 1.5, None, {"error": "#N/A"}])
    for kind in ("number", "integer", "string", "date", "time", "boolean", "object"):
        figures = column(typed(cells, kind, SHEET))
        assert [one.text for one in figures.unparsable_examples if one.text != "1.5"] == ["#N/A", "#N/A"]
        assert figures.nulls == 1
    anything = column(typed(cells, "any", SHEET))
    assert (anything.unparsable, anything.distinct) == (0, 2)


def test_the_same_object_in_json_is_an_object() -> None:
    assert column(typed(tokens([{"error": "#N/A"}, {"moment": "x"}]), "object", JSON)).unparsable == 0


def test_a_sheet_knows_only_doubles() -> None:
    figures = column(typed(pa.array([1.0, 1.5, 2.0**60]), "integer", SHEET))
    assert (figures.maximum, figures.unparsable) == (1, 2)
    assert column(typed(pa.array([1.0]), "integer", JSON)).unparsable == 1


def test_doubles_in_a_decimal_field_keep_their_digits() -> None:
    figures = column(typed(pa.array([0.1, 1e-7, 1e20]), "decimal", JSON))
    assert (figures.minimum, figures.maximum) == (Decimal("0.0000001"), Decimal(10**20))


def test_missing_values_are_nulls_in_text_and_in_strings() -> None:
    text = Table({"a": ["NA", "", "1"]}, [{"name": "a"}], missing=["NA", ""])
    strings = Table({"a": pa.array(["NA", None, "1"])}, [{"name": "a"}], encoding=TYPED, missing=["NA"])
    numbers = Table({"a": pa.array([1, 2])}, [{"name": "a", "type": "integer"}], encoding=TYPED, missing=["1"])
    assert [column(table).nulls for table in (text, strings, numbers)] == [2, 2, 0]
    assert [row[0] for row in summary(text).sample_rows].count(None) == 2


def test_every_arrow_type_has_a_family() -> None:
    kinds = [pa.null(), pa.binary(), pa.binary(3), pa.month_day_nano_interval()]
    assert {type_family(kind) for kind in kinds} == {FieldType.ANY}
    assert type_family(pa.map_(pa.string(), pa.int8())) is FieldType.OBJECT
    assert type_family(pa.large_list(pa.int8())) is FieldType.ARRAY


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (pa.array([Decimal("0E-8"), Decimal("1.5"), None], pa.decimal128(20, 8)), ["0.00000000", "1.50000000", None]),
        (pa.array([0, 1_500, None], pa.timestamp("ms")), ["1970-01-01T00:00:00", "1970-01-01T00:00:01.500000", None]),
        (
            pa.array([-1, 1_000, 0], pa.timestamp("ns")),
            ["1969-12-31T23:59:59.999999999", "1970-01-01T00:00:00.000001", "1970-01-01T00:00:00"],
        ),
        (pa.array([500, 0, None], pa.time32("ms")), ["00:00:00.500000", "00:00:00", None]),
        (pa.array([1, 1_000], pa.time64("ns")), ["00:00:00.000000001", "00:00:00.000001"]),
        (pa.array([42 * 3600, -1, None], pa.duration("s")), ["42:00:00", "-0:00:01", None]),
        (pa.array([date(2024, 1, 2)]), ["2024-01-02"]),
        (pa.array([True, None]), ["true", None]),
        (pa.array([{"a": None}, None]), ['{"a":null}', None]),
        (
            pa.array([1.5, 12.0, 441234567890.0, 1e20, 1e21, None]),
            ["1.5", "12", "441234567890", "1" + "0" * 20, "1e+21", None],
        ),
        (pa.array([12.0, 16777216.0 * 4096], pa.float32()), ["12", "68719480000"]),
    ],
)
def test_typed_cells_are_written_for_people(cells: pa.Array, texts: list[str | None]) -> None:
    assert as_text(cells).to_pylist() == texts


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (
            pa.array([2**50, -(2**50), 0, None], pa.timestamp("s")),
            ["35680317-09-25T18:57:04", "-35676378-04-08T05:02:56", "1970-01-01T00:00:00", None],
        ),
        (
            pa.array([253_402_300_800_123, -62_167_219_200_001], pa.timestamp("ms", "UTC")),
            ["10000-01-01T00:00:00.123000", "-0001-12-31T23:59:59.999000"],
        ),
        (
            pa.array([2**63 - 1, -(2**63)], pa.timestamp("us")),
            ["294247-01-10T04:00:54.775807", "-290308-12-21T19:59:05.224192"],
        ),
        (pa.array([2_932_897, -719_529, 2**31 - 1], pa.date32()), ["10000-01-01", "-0001-12-31", "5881580-07-11"]),
    ],
)
def test_years_that_no_calendar_has_are_written_as_they_are(cells: pa.Array, texts: list[str | None]) -> None:
    """By the rules of the years 1 to 9999, for ever; a year 0 there is, as in ISO 8601."""
    assert as_text(cells).to_pylist() == texts


@pytest.mark.parametrize("kind", ["any", "array"])
@pytest.mark.parametrize(
    ("leaf", "raw", "text"),
    [
        (pa.timestamp("ns"), [1, None], '["1970-01-01T00:00:00.000000001",null]'),
        (pa.timestamp("ms", "UTC"), [253_402_300_800_000], '["10000-01-01T00:00:00"]'),
        (pa.date32(), [2_932_897, 0], '["10000-01-01","1970-01-01"]'),
        (pa.time64("ns"), [1], '["00:00:00.000000001"]'),
        (pa.duration("s"), [2**40], '["305419896:36:16"]'),
        (pa.binary(), [b"\xff"], '["ff"]'),
    ],
)
def test_nested_values_that_python_does_not_hold_are_shown_as_they_are(
    kind: str, leaf: pa.DataType, raw: list[Any], text: str
) -> None:
    lists = pa.array([None, raw], pa.list_(leaf if pa.types.is_binary(leaf) else raw_type(leaf))).cast(pa.list_(leaf))
    assert column(typed(lists, kind)).minimum == text
    assert as_text(lists.cast(pa.large_list(leaf)).slice(1)).to_pylist() == [text]
    packed = pa.ListArray.from_arrays(lists.offsets, lists.values.dictionary_encode())
    assert as_text(packed).to_pylist()[-1] == text
    struct = pa.StructArray.from_arrays([lists], ["a"], mask=pa.array([True, False]))
    assert column(typed(struct, "object")).maximum == f'{{"a":{text}}}'
    keyed = pa.MapArray.from_arrays([0, 0, 2], ["x", "y"], lists)
    assert as_text(keyed).to_pylist() == ["[]", f'[["x",null],["y",{text}]]']


def raw_type(leaf: pa.DataType) -> pa.DataType:
    return pa.int32() if pa.types.is_date32(leaf) else pa.int64()


def test_samples_of_every_type_are_taken_without_a_fault() -> None:
    columns = {
        "a": pa.array([1, None] * 30), "b": pa.nulls(60), "c": pa.array([[1]] * 60), "d": tokens([1, "x"] * 30),
        "e": pa.array([b"x"] * 60), "f": pa.array([np.datetime64("2024-01-01T00:00:00")] * 60),
    }  # fmt: skip
    found = summary(Table(columns, encoding=JSON))
    assert len(found.sample_rows) == 50
    assert {len(row) for row in found.sample_rows} == {len(found.sample_columns)}


def test_a_table_without_columns_has_rows_all_the_same() -> None:
    counted = FileTally(Table({}).recipe)
    counted.add(RowBatch([], 3))
    counted.add(RowBatch([], 2, extras={"later": pa.array(["x", None])}))
    assert counted.profile().rows == 5
    assert counted.profile().extras["later"].present == 1

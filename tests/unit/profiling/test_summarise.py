"""From states to figures: quantiles, histograms, top values, and what the columns of a file are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from dq.definitions import load_definition
from dq.profiling.cells.number_line import as_number
from dq.profiling.summary.summary import Bin, TopValue
from dq.profiling.tally.recipe import CellEncoding, make_recipe
from dq.schema.definition import FieldType
from tests.unit.profiling.profiled import Table, column, summary


def numbers(texts: list[str], kind: str = "integer") -> Table:
    return Table({"a": texts}, [{"name": "a", "type": kind}])


def test_quantiles_are_values_of_the_column() -> None:
    figures = column(numbers([str(number) for number in range(1, 101)]))
    assert dict(figures.quantiles) == {"p05": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95}
    assert figures.quantile_error == 0.0
    dates = column(numbers(["2024-01-01", "2024-01-02", "2024-01-05"], "date"))
    assert dates.quantiles["p50"] == date(2024, 1, 2)
    assert (dates.mean, dates.stddev) == (None, None)


def test_one_value_is_every_quantile() -> None:
    assert set(column(numbers(["7"])).quantiles.values()) == {7}


def test_a_few_whole_numbers_have_a_bin_each() -> None:
    figures = column(numbers(["1", "2", "2", "4"]))
    assert figures.histogram == (Bin(1.0, 2.0, 1), Bin(2.0, 3.0, 2), Bin(3.0, 4.0, 0), Bin(4.0, 4.0, 1))


def test_a_histogram_runs_from_the_least_to_the_greatest_value_and_holds_all_of_them() -> None:
    for texts, kind in (
        ([str(number * 7) for number in range(500)], "integer"),
        ([f"{number}.5" for number in range(30)], "number"),
        (["-1e308", "1e307", "0"], "number"),
        (["9223372036854775807", "-9223372036854775808"], "integer"),
        (["3", "3"], "integer"),
    ):
        figures = column(numbers([*texts, "", "x"], kind))
        assert sum(one.rows for one in figures.histogram) == len(texts)
        assert figures.histogram[0].low == pytest.approx(as_number(figures.minimum))
        assert figures.histogram[-1].high == pytest.approx(as_number(figures.maximum))
        edges = [edge for one in figures.histogram for edge in (one.low, one.high)]
        assert edges == sorted(edges)


def test_a_sampled_histogram_is_scaled_to_all_values() -> None:
    table = Table({"a": [str(row % 1000) for row in range(5000)]}, [{"name": "a", "type": "integer"}], small=100)
    figures = column(table)
    assert sum(one.rows for one in figures.histogram) == 5000
    assert figures.histogram_error == figures.quantile_error == pytest.approx(0.015 * (8192 / 100) ** 0.5)


def test_top_values_are_exact_while_they_are_few() -> None:
    figures = column(Table({"a": ["x", "y", "x", "z", "z", "", "x"]}))
    assert figures.top_values == (TopValue("x", 3), TopValue("z", 2), TopValue("y", 1))
    assert figures.top_values_error == 0.0


def test_a_column_of_unique_texts_has_no_top_values() -> None:
    figures = column(Table({"a": [f"v{row}" for row in range(3000)]}))
    assert figures.top_values == ()
    assert figures.distinct == 3000


def test_frequent_values_among_very_many_are_estimated() -> None:
    texts = [f"v{row}" if row % 2 else "often" for row in range(6000)]
    figures = column(Table({"a": texts}, small=1000))
    assert figures.top_values[0].value == "often"
    assert figures.top_values[0].rows == pytest.approx(3000, rel=0.15)
    assert figures.top_values_error == pytest.approx(0.015 * (8192 / 1000) ** 0.5)


def test_decimals_have_exact_extremes_however_they_are_written() -> None:
    figures = column(numbers(["1.00000000000000000002", "1.00000000000000000001", "1.0", "1.000"], "decimal"))
    assert (figures.minimum, figures.maximum) == (Decimal(1), Decimal("1.00000000000000000002"))
    huge = column(numbers(["9" * 400, "1"], "decimal"))
    assert (huge.maximum, huge.mean, huge.histogram) == (Decimal("9" * 400), None, ())


def test_lengths_are_counted_in_characters() -> None:
    figures = column(Table({"a": ["ü", "😀😀", "abc", ""]}))
    assert (figures.min_length, figures.max_length) == (1, 3)


def test_long_texts_keep_their_order_and_are_cut() -> None:
    figures = column(Table({"a": ["x" * 300, "y" * 300]}))
    assert (figures.minimum, figures.maximum) == ("x" * 256, "y" * 256)
    assert figures.max_length == 300


def test_columns_are_declared_missing_extra_or_repeated() -> None:
    table = Table({"id": ["1"], "more": ["x"]}, [{"name": "id"}, {"name": "gone"}], keys=[["id", "gone"], ["id"]])
    found = summary(table)
    assert (found.missing_columns, found.extra_columns) == (("gone",), ("more",))
    assert [(key.columns, key.missing) for key in found.keys] == [(("id", "gone"), True), (("id",), False)]


def test_a_declared_column_no_json_object_has_is_missing() -> None:
    table = Table({"id": pa.nulls(2), "v": pa.array([1, 2])}, [{"name": "id"}], encoding=CellEncoding.JSON)
    assert summary(table).missing_columns == ("id",)
    assert [one.name for one in summary(table).columns] == ["v"]


def test_every_column_of_a_repeated_name_is_tallied_and_the_first_is_the_declared_one() -> None:
    definition = load_definition({"fields": [{"name": "a", "type": "integer", "required": True, "min": 1}]})
    recipe = make_recipe(("a", "b", "a", ""), definition, inferred={"a [3]": FieldType.DATE, "[4]": FieldType.TIME})
    assert [(one.name, one.position, one.type, one.declared, one.repeats) for one in recipe.columns] == [
        ("a", 0, FieldType.INTEGER, True, None),
        ("b", 1, FieldType.STRING, False, None),
        ("a [3]", 2, FieldType.DATE, False, "a"),
        ("[4]", 3, FieldType.TIME, False, None),
    ]
    assert [(one.required, bool(one.rules)) for one in recipe.columns] == [(True, True)] + [(False, False)] * 3
    assert recipe.width == 4


def test_the_keys_of_json_are_names_as_they_are() -> None:
    recipe = make_recipe(("a", ""), None, encoding=CellEncoding.JSON, inferred={"": FieldType.DATE})
    assert [(one.name, one.type) for one in recipe.columns] == [("a", FieldType.STRING), ("", FieldType.DATE)]


@pytest.mark.parametrize(("columns", "sample", "distinct"), [(1, 8192, 16384), (256, 8192, 16384), (2000, 1024, 4096)])
def test_wide_files_share_a_bounded_memory(columns: int, sample: int, distinct: int) -> None:
    recipe = make_recipe([f"c{at}" for at in range(columns)], None)
    assert (recipe.row_sample, recipe.distinct_size) == (sample, distinct)
    assert columns * recipe.row_sample <= 1 << 21
    assert columns * recipe.distinct_size <= 1 << 23


def test_the_sketches_of_the_widest_files_never_shrink_to_nothing() -> None:
    recipe = make_recipe([f"c{at}" for at in range(50_000)], None)
    assert (recipe.row_sample, recipe.distinct_size) == (1024, 1024)


def test_keys_of_columns_that_are_not_there_are_left_out() -> None:
    definition = load_definition({"fields": [{"name": "a"}, {"name": "b"}], "uniqueKeys": [["a"], ["a", "b"]]})
    assert make_recipe(("x", "a"), definition).keys == ((1,),)

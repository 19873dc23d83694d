"""Columns as libraries have them: what nobody declared stays as it came, and no value is taken for another one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dq import Verdict, check_frame, row_findings, split_rows
from etl_core.errors import UsageError

DEFINITION: dict[str, Any] = {"fields": [{"name": "n", "type": "integer", "max": 5}]}
PANDAS = pd.DataFrame(
    {
        "n": [1, 9, 2],
        "category": pd.Categorical(["a", "b", "a"]),
        "period": pd.period_range("2024-01", periods=3, freq="M"),
        "interval": pd.interval_range(0, 3),
        "complex": [1j, 2j, 3j],
        "objects": [{1}, object, "x"],
        "mixed": [1, "two", None],
        "sparse": pd.arrays.SparseArray(np.array([0, 0, 9])),
        "whole": pd.array([1, None, 3], dtype="Int32"),
        "text": pd.array(["a", None, "b"], dtype="string"),
        "small": np.array([1, 2, 3], "float32"),
        "zone": pd.to_datetime(["2024-01-01"] * 3).tz_localize("Europe/Berlin"),
        "truth": [True, None, False],
    },
    index=[7, 7, 8],
)
POLARS = pl.DataFrame(
    {
        "n": [1, 9, 2],
        "category": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
        "enum": pl.Series(["a", "b", "a"], dtype=pl.Enum(["a", "b"])),
        "objects": pl.Series([{1}, "x", 3], dtype=pl.Object),
        "large": pl.Series([1, 2, 2**100], dtype=pl.Int128),
        "fixed": pl.Series([[1, 2]] * 3, dtype=pl.Array(pl.Int8, 2)),
    }
)


def test_columns_of_pandas_that_nobody_declared_stay_as_they_came() -> None:
    passed, failed = split_rows(PANDAS, DEFINITION)
    more = PANDAS.columns.drop("n")
    pd.testing.assert_frame_equal(passed[more], PANDAS[more][[True, False, True]])
    pd.testing.assert_frame_equal(failed[PANDAS.columns], PANDAS[[False, True, False]])


def test_columns_of_polars_that_nobody_declared_stay_as_they_came() -> None:
    passed, failed = split_rows(POLARS, DEFINITION)
    assert passed.drop("_findings").schema == failed.drop("_findings").schema == POLARS.schema
    for name in POLARS.columns:
        assert passed[name].to_list() == POLARS[name].to_list()[::2]


def test_columns_of_arrow_stay_but_for_layouts_whose_rows_nobody_can_select() -> None:
    plain = {
        "n": pa.array([1, 9, 2]),
        "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
        "large": pa.array(["a", "b", "a"], pa.large_string()),
    }
    odd = {
        "view": pa.array(["a", "b", "a"], pa.string_view()),
        "bytes": pa.array([b"a", b"b", b"a"], pa.binary_view()),
        "runs": pa.RunEndEncodedArray.from_arrays([1, 2, 3], ["a", "b", "a"]),
        "nested": pa.array([["a"], ["b"], ["a"]], pa.list_(pa.string_view())),
    }
    table = pa.table({**plain, **odd})
    passed, failed = split_rows(table, DEFINITION)
    assert [passed.schema.field(name).type for name in plain] == [column.type for column in plain.values()]
    for name in odd:
        assert [*passed[name].to_pylist(), *failed[name].to_pylist()] == [
            table[name].to_pylist()[at] for at in (0, 2, 1)
        ]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("integer", 10**30, "1e+30 is not of type integer"),
        ("integer", 1 << 20_000, "0x10000"),
        ("number", float("inf"), "inf is not of type number"),
        ("number", "\ud800", "ud800 is not of type number"),
        ("string", b"ab", '{"bytes":"6162"} is not of type string'),
        ("string", {1}, '{"set":"{1}"} is not of type string'),
        ("string", np.int64(3), "3 is not of type string"),
    ],
    ids=["30 digits", "20,000 bits", "infinite", "half a surrogate pair", "bytes", "a set", "a number of numpy"],
)
def test_a_value_that_arrow_has_no_type_for_is_a_finding_and_not_an_error(kind: str, value: object, said: str) -> None:
    values = pd.Series([value, "text" if kind == "string" else 1], dtype=object)
    passed, failed = split_rows(
        pd.DataFrame({"v": values, "more": [0, 1]}), {"fields": [{"name": "v", "type": kind}]}, cells="typed"
    )
    assert failed["v"].tolist() == [value]
    assert said in failed["_findings"].iloc[0][0]["message"]
    assert passed["more"].tolist() == [1]


def test_values_of_several_types_are_each_taken_for_what_they_are() -> None:
    moment = datetime(2024, 1, 1, 5)  # noqa: DTZ001 - as many columns are
    numbers = pd.Series([np.int64(4), Decimal(9), "x"], dtype=object)
    frame = pd.DataFrame({"n": numbers, "d": [date(2024, 1, 1), moment, None]})
    definition = {"fields": [{"name": "n", "type": "number", "max": 5}, {"name": "d", "type": "datetime"}]}
    _, failed = split_rows(frame, definition)
    told = [[one["message"] for one in row] for row in failed["_findings"]]
    assert told == [["2024-01-01 is not of type datetime"], ["9 is above 5"], ["x is not of type number"]]


def test_a_column_of_structs_with_any_names_is_a_column_of_structs() -> None:
    table = pa.table({"o": [{"json": "not JSON"}]})
    assert row_findings(table.to_batches()[0], {"fields": [{"name": "o", "type": "object"}]}).to_pylist() == [None]
    assert check_frame(table, {"fields": [{"name": "o", "type": "object"}]}).score == 100


def test_cells_of_any_type_can_be_taken_as_text_and_columns_without_a_value_go_with_texts() -> None:
    typed = pa.table({"n": [1, 9], "day": pa.array([date(2024, 1, 1), None])})
    passed, failed = split_rows(typed, DEFINITION, cells="text")
    assert (passed["n"].to_pylist(), failed["n"].to_pylist()) == ([1], [9])
    assert passed["day"].to_pylist() == [date(2024, 1, 1)]
    texts = pd.DataFrame({"n": ["1", "9"], "note": [None, None]})
    passed, _ = split_rows(texts, {"fields": [*DEFINITION["fields"], {"name": "note", "type": "string"}]})
    assert passed["n"].tolist() == [1]


@pytest.mark.parametrize(
    "frame", [pl.Series("n", [1]), pa.chunked_array([[1]]), pd.Series([1], name="n"), {"n": [1]}], ids=type
)
def test_a_column_alone_is_no_table(frame: object) -> None:
    with pytest.raises(UsageError, match="is no table that can be read; expected a DataFrame"):
        check_frame(frame, DEFINITION)


def test_what_cannot_be_meant_is_said_in_words() -> None:
    table = pa.table({"n": [1]})
    with pytest.raises(UsageError, match="cells cannot be taken as 'csv'; expected one of auto, typed, text"):
        check_frame(table, DEFINITION, cells="csv")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"run_start is .*; expected a datetime with a time zone"):
        check_frame(table, DEFINITION, run_start=datetime(2024, 1, 1))  # noqa: DTZ001 - that is what is refused


def test_nulls_and_nan_are_what_each_library_takes_them_for() -> None:
    definition = {"fields": [{"name": "x", "type": "number"}]}

    def nulls(verdict: Verdict) -> tuple[int, int]:
        payload: Any = verdict.profile_payload
        return payload["statisticalSummary"]["columns"][0]["nulls"], verdict.score

    assert nulls(check_frame(pd.DataFrame({"x": [1.0, float("nan"), None]}), definition)) == (2, 100)
    assert nulls(check_frame(pl.DataFrame({"x": [1.0, float("nan"), None]}), definition)) == (1, 60)


def test_a_key_whose_nanoseconds_a_table_would_cut_off_fails_once_and_for_all() -> None:
    """Two moments that a file tells apart would be one key among typed rows; elsewhere nanoseconds are cut off."""
    moments = ["2024-01-01T00:00:00.0000001", "2024-01-01T00:00:00.0000002", "2024-01-01T00:00:00", None]
    table = pa.table({"t": moments, "other": moments})
    definition = {
        "fields": [{"name": "t", "type": "datetime"}, {"name": "other", "type": "datetime"}], "uniqueKeys": [["t"]],
    }  # fmt: skip
    passed, failed = split_rows(table, definition, cells="text")
    told = [[(one["rule"], one["column"]) for one in found] for found in failed["_findings"].to_pylist()]
    assert told == [[("digits", "t")]] * 2
    assert "6 behind the second" in failed["_findings"][0][0]["message"].as_py()
    again, none = split_rows(passed, definition)
    assert (again.num_rows, none.num_rows) == (2, 0)

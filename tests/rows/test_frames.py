"""Tables of every library: one verdict, one split, whatever they came as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq import Verdict, check_frame, judge, load_definition, plan_checks, row_findings, split_rows
from etl_core.errors import UsageError
from tests.rows.found import counted, summary_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "fare", "type": "number", "constraints": {"minimum": 0, "maximum": 190}},
    {"name": "driver", "type": "string", "constraints": {"required": True, "maxLength": 5}},
    {"name": "day", "type": "date"},
    {"name": "paid", "type": "decimal", "constraints": {"minimum": 1}},
    {"name": "at", "type": "datetime"},
    {"name": "sure", "type": "boolean"},
]
DEFINITION: dict[str, Any] = {"fields": FIELDS, "primaryKey": ["id"]}
TEXT = pa.table(
    {
        "id": ["1", "2", "2", "x", "", "6"],
        "fare": ["1.5", "250", "3", "4", "5", "-1"],
        "driver": ["Ann", "Bob", "Cy", "", "Margarete", "Zoë"],
        "day": ["2024-01-01", "2024-02-30", "2024-01-02", "", "2024-01-03", "2024-01-04"],
        "paid": ["1.10", "2", "0.5", "7", "8", "9.000"],
        "at": ["2024-01-01T12:00:00+01:00", "2024-01-01T00:00:00", "", "", "", ""],
        "sure": ["true", "0", "", "1", "false", "True"],
        "more": ["a", "b", "c", "d", "e", "f"],
    }
)


class Stream:
    """Anything that gives Arrow's C stream."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


MADE: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": lambda table: table.to_pandas(),
    "polars": pl.from_arrow,
    "lazy": lambda table: pl.DataFrame(pl.from_arrow(table)).lazy(),
    "table": lambda table: table,
    "reader": lambda table: table.to_reader(),
    "batch": lambda table: table.combine_chunks().to_batches()[0],
    "stream": Stream,
}


def as_arrow(frame: Any) -> pa.Table:  # noqa: ANN401 - of any library
    match frame:
        case pd.DataFrame():
            return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
        case pl.LazyFrame():
            return frame.collect().to_arrow()
        case pl.DataFrame():
            return frame.to_arrow()
        case pa.RecordBatch():
            return pa.Table.from_batches([frame])
        case pa.RecordBatchReader():
            return frame.read_all()
    return frame


KINDS = list(MADE)
CAME_BACK = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "lazy": pl.LazyFrame,
    "table": pa.Table,
    "reader": pa.RecordBatchReader,
    "batch": pa.RecordBatch,
    "stream": pa.Table,
}


@pytest.mark.parametrize("kind", KINDS)
def test_good_rows_come_typed_and_bad_ones_as_they_came_in_the_kind_that_came(kind: str) -> None:
    passed, failed = split_rows(MADE[kind](TEXT), DEFINITION)
    assert isinstance(passed, CAME_BACK[kind])
    assert isinstance(failed, CAME_BACK[kind])
    good, bad = as_arrow(passed), as_arrow(failed)
    assert good["id"].to_pylist() == [1]
    assert str(good["paid"].to_pylist()[0]) == "1.100000000000000000"
    assert good["at"].to_pylist()[0].isoformat() == "2024-01-01T11:00:00+00:00"
    assert good["sure"].to_pylist() == [True]
    assert good["more"].to_pylist() == ["a"]
    assert bad["id"].to_pylist() == ["2", "2", "x", "", "6"]
    assert bad["paid"].to_pylist() == ["2", "0.5", "7", "8", "9.000"]
    rules = [[(one["rule"], one["column"]) for one in row] for row in bad["_findings"].to_pylist()]
    assert rules == [
        [("max", "fare"), ("type", "day")],
        [("min", "paid"), ("unique", "id")],
        [("type", "id"), ("required", "driver")],
        [("required", "id"), ("maxLength", "driver")],
        [("min", "fare")],
    ]
    assert good["_findings"].to_pylist() == [None]


def test_a_finding_says_what_is_wrong_and_shows_the_value() -> None:
    findings = row_findings(TEXT.to_batches()[0], DEFINITION).to_pylist()
    assert findings[1][0] == {
        "rule": "max",
        "dimension": "bounds",
        "column": "fare",
        "severity": "error",
        "tolerated": False,
        "message": "250 is above 190",
        "value": "250",
    }
    assert [one["message"] for one in findings[3]] == ["x is not of type integer", "required and null"]
    assert findings[2][1]["message"] == "2 repeats an earlier row"


def test_sensitive_values_are_in_the_rows_and_in_no_finding() -> None:
    definition = {**DEFINITION, "fields": [{**one, "sensitive": True} for one in FIELDS]}
    _, failed = split_rows(TEXT, definition)
    assert failed["driver"].to_pylist()[3] == "Margarete"
    told = str(failed["_findings"].to_pylist())
    assert "250" not in told
    assert "Margarete" not in told
    assert "*** is above 190" in told


def test_tolerated_findings_and_warnings_travel_with_rows_that_pass() -> None:
    definition = {
        "fields": [
            {"name": "n", "type": "integer", "constraints": {"maximum": {"value": 5, "threshold": 0.5}}},
            {"name": "m", "type": "integer", "constraints": {"maximum": {"value": 1, "severity": "warning"}}},
        ]
    }
    passed, failed = split_rows(pa.table({"n": [1, 9, 3], "m": [1, 1, 2]}), definition)
    assert failed.num_rows == 0
    told = [[(one["column"], one["tolerated"]) for one in row or ()] for row in passed["_findings"].to_pylist()]
    assert told == [[], [("n", True)], [("m", False)]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_is_that_of_a_parquet_file_of_the_same_rows(tmp_path: Path, kind: str) -> None:
    typed = pa.table(
        {
            "id": pa.array([1, 2, 2, None], pa.int64()),
            "fare": [1.5, 250.0, None, 3.0],
            "driver": ["Ann", None, "Margarete", "Z"],
            "day": pa.array([0, 1, 2, None], pa.int32()).cast(pa.date32()),
            "sure": [True, None, False, True],
        }
    )
    path = tmp_path / "rows.parquet"
    pq.write_table(typed, path)
    definition = load_definition(DEFINITION)
    of_file = judge(summary_of(path, definition), plan_checks(definition))
    frame = MADE[kind](typed)
    if kind == "pandas":
        frame = typed.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get)
    assert said(check_frame(frame, DEFINITION)) == said(of_file)


def said(verdict: Verdict) -> dict[str, Any]:
    """All that a verdict says but the size of the file."""
    payload: Any = dict(verdict.profile_payload)  # type: ignore[arg-type]
    payload["statisticalSummary"] = {**payload["statisticalSummary"], "bytes": None}
    return {"payload": payload, "score": verdict.score, "rules": verdict.failed_validation_rules, "m": verdict.metrics}


def test_columns_that_repeat_a_name_or_mix_types_or_have_no_row_are_split_all_the_same() -> None:
    twins = pd.DataFrame([[1, 2], [3, 4]], columns=["id", "id"])
    passed, failed = split_rows(twins, {"fields": [{"name": "id", "type": "integer"}]})
    assert passed.values[:, :2].tolist() == [[1, 2], [3, 4]]
    assert len(failed) == 0
    mixed = pd.DataFrame({"id": [1, "two", None]})
    passed, failed = split_rows(mixed, {"fields": [{"name": "id", "type": "integer"}]})
    assert failed["id"].tolist() == ["two"]
    assert len(passed) == 2
    passed, failed = split_rows(TEXT.slice(0, 0), DEFINITION)
    assert (passed.num_rows, failed.num_rows) == (0, 0)
    passed, failed = split_rows(pa.table({}), DEFINITION)
    assert (passed.num_rows, failed.num_rows) == (0, 0)


def test_an_index_of_pandas_stays() -> None:
    frame = pd.DataFrame({"n": [1, 20, 3]}, index=["a", "b", "c"])
    passed, failed = split_rows(frame, {"fields": [{"name": "n", "type": "integer", "constraints": {"maximum": 9}}]})
    assert passed.index.tolist() == ["a", "c"]
    assert failed.index.tolist() == ["b"]


def test_what_is_no_table_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match=r"a builtins\.list is no table that can be read; expected a DataFrame"):
        split_rows([1, 2], DEFINITION)
    with pytest.raises(UsageError, match=r"'nowhere\.json' cannot be read: No such file"):
        check_frame(TEXT, "nowhere.json")


def test_a_decimal_with_more_digits_than_a_column_holds_is_a_finding_of_its_own() -> None:
    table = pa.table({"d": ["1.5", "123456789012345678901.5"]})
    passed, failed = split_rows(table, {"fields": [{"name": "d", "type": "decimal"}]})
    assert passed.num_rows == 1
    assert failed["_findings"].to_pylist()[0][0]["rule"] == "digits"


CELLS = {
    "integer": st.sampled_from(["1", "2", "2", "-4", "", "x"]),
    "number": st.sampled_from(["1", "1.0", "2.5", "", "1e2", "nan"]),
    "decimal": st.sampled_from(["1", "1.0", "2.50", "", "-.5", "x"]),
    "string": st.sampled_from(["a", "ab", "abc", "", "ü"]),
    "boolean": st.sampled_from(["true", "0", "", "maybe"]),
    "date": st.sampled_from(["2024-02-29", "2023-02-29", ""]),
    "datetime": st.sampled_from(["2024-02-29T12:00:00", "2024-02-29T13:00:00+01:00", "", "x"]),
    "time": st.sampled_from(["00:00:00", "23:59:59.5", "24:00:00", ""]),
    "duration": st.sampled_from(["1:00:00", "PT42H", "", "P1M"]),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[pa.Table, dict[str, Any]]:
    kinds = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4))
    rows = draw(st.integers(0, 12))
    fields, columns = [], {}
    for at, kind in enumerate(kinds):
        constraints: dict[str, Any] = {}
        if draw(st.booleans()):
            constraints["required"] = True
        if kind in ("integer", "number", "decimal") and draw(st.booleans()):
            constraints["minimum"] = draw(st.sampled_from([0, 2]))
        if kind == "string" and draw(st.booleans()):
            constraints["pattern"] = "[a-z]+"
        fields.append({"name": f"c{at}", "type": kind, "constraints": constraints})
        columns[f"c{at}"] = pa.array(draw(st.lists(CELLS[kind], min_size=rows, max_size=rows)), pa.string())
    definition: dict[str, Any] = {"fields": fields}
    if draw(st.booleans()):
        definition["uniqueKeys"] = [draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=2, unique=True))]
    return pa.table(columns), definition


@given(tables(), st.sampled_from(["pandas", "polars", "table"]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_split_rows_are_all_rows_and_those_that_passed_have_nothing_left_to_find(
    drawn: tuple[pa.Table, dict[str, Any]], kind: str
) -> None:
    table, definition = drawn
    passed, failed = split_rows(MADE[kind](table), definition, cells="text")
    good, bad = as_arrow(passed), as_arrow(failed)
    assert good.num_rows + bad.num_rows == table.num_rows
    verdict = check_frame(table, definition, cells="text")
    told = counted([*good["_findings"].to_pylist(), *bad["_findings"].to_pylist()])
    failures = {(rule["rule"], rule["column"]): rule["failed"] for rule in verdict.failed_validation_rules}
    assert told == failures
    again, nothing = split_rows(passed, definition, cells="typed")
    assert as_arrow(nothing).num_rows == 0
    assert as_arrow(again).drop_columns("_findings").equals(good.drop_columns("_findings"))
    assert good.num_rows == 0 or check_frame(passed, definition, cells="typed").score == 100

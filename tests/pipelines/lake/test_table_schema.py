"""Columns of tables: any name is kept, types never change, new ones come as the policy says."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lake.errors import ColumnTypeError, FrozenSchemaError, TableAlteredError
from pipelines.lake.schema.column_names import folded
from pipelines.lake.schema.column_types import DECIMAL, TIMESTAMP, arrow_type, delta_type
from pipelines.lake.schema.drift import drift
from pipelines.lake.schema.system_columns import SYSTEM_COLUMNS
from pipelines.lake.schema.table_schema import TableSchema, new_schema, read_schema

FINDINGS = pa.list_(pa.struct([("rule", pa.string()), ("tolerated", pa.bool_())]))
TYPES = [
    *(pa.int64(), pa.float64(), DECIMAL, pa.bool_(), pa.date32(), TIMESTAMP, pa.string(), pa.binary(), FINDINGS),
    *(pa.int32(), pa.int16(), pa.int8(), pa.float32(), pa.list_(pa.int64())),
]


def names(schema: TableSchema) -> list[str]:
    return [column.name for column in schema.data]


@pytest.mark.parametrize("arrow", TYPES, ids=str)
def test_every_type_a_table_holds_comes_back_from_the_log(arrow: pa.DataType) -> None:
    assert arrow_type(delta_type(arrow, "a"), "a") == arrow


@pytest.mark.parametrize(
    "arrow", [pa.timestamp("ns", "UTC"), pa.timestamp("us"), pa.uint64(), pa.time64("us"), pa.large_string()], ids=str
)
def test_a_type_no_table_holds_is_refused_by_the_columns_name(arrow: pa.DataType) -> None:
    with pytest.raises(ColumnTypeError, match="column 'taken at' is of type"):
        new_schema({"taken at": arrow})


def test_plain_names_need_no_mapping_and_stand_in_files_as_they_are() -> None:
    schema = new_schema({"id": pa.int64(), "Größe": pa.string(), "a-b_c": FINDINGS})
    assert not schema.mapped
    assert [column.physical for column in schema.columns] == [*SYSTEM_COLUMNS, "id", "Größe", "a-b_c"]
    assert "columnMapping" not in schema.to_json()
    assert read_schema(schema.to_json(), mapped=False) == schema


HOSTILE = ["a.b", "`tick`", "two words", "fare", "Fare", "FARE", "", "x" * 300, "_line", "a\tb\n;{}()=,", '"', "😀 €"]


def test_names_that_delta_does_not_take_are_mapped_and_none_is_dropped() -> None:
    schema = new_schema(dict.fromkeys(HOSTILE, pa.string()))
    assert schema.mapped
    assert names(schema) == [
        *("a.b", "`tick`", "two words", "fare", "Fare (2)", "FARE (3)", "(no name)", "x" * 300, "_line (2)"),
        *("a\tb\n;{}()=,", '"', "😀 €"),
    ]
    assert [column.source for column in schema.data] == HOSTILE
    assert all(column.physical.replace("-", "").replace("_", "").isalnum() for column in schema.columns)
    assert [column.physical for column in schema.columns][: len(SYSTEM_COLUMNS)] == [*SYSTEM_COLUMNS]
    assert read_schema(schema.to_json(), mapped=True, newest_id=schema.newest_id) == schema


@given(st.lists(st.text(max_size=8), unique=True, max_size=12), st.integers(0, 12))
def test_whatever_files_call_their_columns_each_has_one_and_keeps_it(sources: list[str], at: int) -> None:
    """Also when they come in two steps."""
    first = new_schema(dict.fromkeys(sources[:at], pa.string()))
    schema = first.with_columns(dict.fromkeys(sources[at:], pa.string()))
    assert schema.columns[: len(first.columns)] == first.columns
    found = [schema.of_source(source) for source in sources]
    assert [column.source for column in found if column is not None] == sources
    assert len({folded(column.name) for column in schema.columns}) == len(schema.columns)
    assert len({column.physical for column in schema.columns}) == len(schema.columns)
    assert read_schema(schema.to_json(), mapped=schema.mapped, newest_id=schema.newest_id) == schema


def test_a_dropped_columns_name_in_files_does_not_come_to_life_again() -> None:
    mapped = new_schema({"two words": pa.int64(), "id": pa.int64()})
    told = json.loads(mapped.to_json())
    told["fields"] = [field for field in told["fields"] if field["name"] not in {"id", "two words"}]
    dropped = read_schema(json.dumps(told), mapped=True, newest_id=mapped.newest_id)
    again = dropped.with_columns({"id": pa.string(), "two words": pa.string()})
    before = {column.physical for column in mapped.data}
    assert before.isdisjoint(column.physical for column in again.data)


def test_new_columns_come_as_the_policy_says() -> None:
    table = new_schema({"id": pa.int64(), "fare": DECIMAL})
    brought = {"id": pa.int64(), "note": pa.string()}
    evolved = drift(table, brought, "evolve")
    assert (names(evolved.schema), evolved.added, evolved.missing) == (["id", "fare", "note"], ("note",), ("fare",))
    discarded = drift(table, brought, "discard")
    assert (discarded.schema, discarded.discarded, discarded.added) == (table, ("note",), ())
    with pytest.raises(FrozenSchemaError, match="the file brings 'note', which the table does not have"):
        drift(table, brought, "freeze")
    assert drift(table, {"id": pa.int64()}, "freeze").schema == table


def test_a_change_of_type_is_refused_and_both_types_are_named() -> None:
    table = new_schema({"id": pa.int64(), "fare": DECIMAL})
    with pytest.raises(ColumnTypeError) as caught:
        drift(table, {"id": pa.string(), "fare": pa.float64()}, "evolve")
    assert "column 'id' is int64 in the table and string in the file" in str(caught.value)
    assert "column 'fare' is decimal128(38, 18) in the table and double in the file" in str(caught.value)


def test_a_table_without_our_columns_is_somebody_elses() -> None:
    told = json.loads(new_schema({"id": pa.int64()}).to_json())
    told["fields"] = [field for field in told["fields"] if field["name"] != "_run_hour"]
    with pytest.raises(TableAlteredError, match="the table's column _run_hour is missing, expected int64"):
        read_schema(json.dumps(told), mapped=False)

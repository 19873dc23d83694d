"""Statistics of files never hide a row: bounds are exact, or wider than the rows, or not there."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta, timezone
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lake.files.statistics import PREFIX, IndexedColumn, file_statistics
from pipelines.lake.schema.column_types import DECIMAL, TIMESTAMP
from pipelines.lake.schema.table_schema import new_schema
from pipelines.lake.tables.replace_runs import replace_runs
from tests.pipelines.lake.lake_tables import batch, identity, run_part, written

if TYPE_CHECKING:
    from pipelines.lake.files.table_folder import TableFolder

_EXACT = Context(prec=38)
#: Of every type that has bounds, values near the edges of what is exact.
VALUES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "integers": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "doubles": (pa.float64(), st.floats(allow_nan=True, allow_infinity=True)),
    "decimals": (
        DECIMAL,
        st.integers(-(10**38) + 1, 10**38 - 1).map(lambda digits: Decimal(digits).scaleb(-18, _EXACT)),
    ),
    "dates": (pa.date32(), st.dates()),
    "instants": (TIMESTAMP, st.datetimes(timezones=st.just(timezone.utc))),
    "texts": (
        pa.string(),
        st.text(st.sampled_from("aZ\x00\x7f é€\ud7ff\uffff😀\U0010ffff"), max_size=PREFIX + 4),
    ),
    "booleans": (pa.bool_(), st.booleans()),
}


def told(values: pa.Array, groups: int = 3, *, whole: bool = False) -> dict[str, Any]:
    """The statistics of a file with one column, in several row groups."""
    table = pa.table({"c": values})
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema) as writer:
        for start in range(0, max(len(values), 1), groups):
            writer.write_table(table.slice(start, groups))
    footer = pq.read_metadata(pa.BufferReader(sink.getvalue()))
    is_nan = pa.types.is_floating(values.type) and any(
        value is not None and math.isnan(value) for value in values.to_pylist()
    )
    text = file_statistics(footer, [IndexedColumn("c", values.type, whole=whole)], ["c"] if is_nan else [])
    return dict(json.loads(text, parse_float=Decimal))


def bound(kind: str, value: Any) -> Any:  # noqa: ANN401 - any value of a column
    """A bound as readers parse it."""
    match kind:
        case "dates":
            return date.fromisoformat(value)
        case "instants":
            return datetime.fromisoformat(value)
        case "doubles":
            return float(value)
        case "decimals":
            return Decimal(value)
        case _:
            return value


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_no_value_lies_outside_the_bounds(kind: str, data: st.DataObject) -> None:
    arrow, values = VALUES[kind]
    rows = data.draw(st.lists(st.none() | values, min_size=1, max_size=9))
    found = told(pa.array(rows, arrow))
    present = [value for value in rows if value is not None]
    assert found["numRecords"] == len(rows)
    assert found["nullCount"] == {"c": len(rows) - len(present)}
    lows, highs = found["minValues"], found["maxValues"]
    if not present or kind == "booleans":
        assert (lows, highs) == ({}, {})
    if "c" in lows:
        assert all(bound(kind, lows["c"]) <= value for value in present)
    if "c" in highs:
        assert all(bound(kind, highs["c"]) >= value for value in present)


@pytest.mark.parametrize("kind", ["integers", "decimals", "dates", "instants"])
@given(data=st.data())
def test_bounds_are_there_and_narrow_where_they_can_be(kind: str, data: st.DataObject) -> None:
    """Else nothing would be left out; a statistic of nothing hides nothing either."""
    arrow, values = VALUES[kind]
    rows = data.draw(st.lists(values, min_size=1, max_size=9))
    found = told(pa.array(rows, arrow))
    if kind != "instants":
        assert (bound(kind, found["minValues"]["c"]), bound(kind, found["maxValues"]["c"])) == (min(rows), max(rows))
    elif max(rows) < datetime(9999, 12, 31, tzinfo=timezone.utc):
        assert min(rows) - bound(kind, found["minValues"]["c"]) < timedelta(milliseconds=1)
        assert bound(kind, found["maxValues"]["c"]) - max(rows) < timedelta(milliseconds=1)


def test_long_texts_are_cut_and_still_bound_what_they_were_cut_from() -> None:
    long = "x" * 100
    found = told(pa.array([long, "y"]))
    assert found["minValues"]["c"] == "x" * PREFIX
    assert told(pa.array([long]))["maxValues"]["c"] == "x" * PREFIX + "\U0010ffff"
    assert told(pa.array(["x" * PREFIX + "\U0010ffff" * 2]))["maxValues"] == {}
    assert told(pa.array([long]), whole=True)["maxValues"]["c"] == long


def test_numbers_that_are_none_have_no_bounds() -> None:
    """NaN counts as the greatest number in Delta, and Parquet's writer does not see it."""
    assert told(pa.array([1.0, math.nan]))["maxValues"] == {}
    assert told(pa.array([1.0, math.inf]))["maxValues"] == {}
    assert told(pa.array([1.0, math.inf]))["minValues"] == {"c": 1}


def test_instants_outside_the_years_people_write_have_no_bounds() -> None:
    far = pa.array([-(10**17), 10**17 * 3], pa.int64()).cast(TIMESTAMP)
    assert told(far)["minValues"] == told(far)["maxValues"] == {}


FILTERED: dict[str, tuple[pa.DataType, list[Any], str]] = {
    "integer": (pa.int64(), [2**62 + 1, -5, 2**53 + 1], "{}"),
    "double": (pa.float64(), [0.1, -1e300, 5e-324], "CAST('{}' AS DOUBLE)"),
    "decimal": (
        DECIMAL,
        [Decimal("12345678901234567890.123456789012345678"), Decimal("0.000000000000000001")],
        "CAST('{}' AS DECIMAL(38,18))",
    ),
    "day": (pa.date32(), [date(1583, 1, 1), date(2026, 1, 4)], "DATE '{}'"),
    "instant": (
        TIMESTAMP,
        [datetime(2026, 1, 4, 12, 0, 0, 123456, timezone.utc), datetime(1970, 1, 1, tzinfo=timezone.utc)],
        "TIMESTAMP '{}'",
    ),
    "text": (pa.string(), ["x" * 40 + "é", "", "😀" * 33, "it's"], "'{}'"),
    "flag": (pa.bool_(), [True, False], "{}"),
}


def filters(decimal: str = "CAST('{}' AS DECIMAL(38,18))", quote: str = "\\'") -> list[tuple[str, str]]:
    """For every value of every column, a condition that one row fulfils.

    Args:
        decimal: how the dialect writes an exact number.
        quote: how it writes a quote within a text.
    """
    made = []
    for name, (_, values, form) in FILTERED.items():
        for value in values:
            text = format(value, "f") if isinstance(value, Decimal) else str(value).replace("'", quote)
            made.append((name, f"{name} = {(decimal if name == 'decimal' else form).format(text)}"))
    return made


def fill(folder: TableFolder) -> None:
    """One file a value, so that whatever has wrong bounds is left out."""
    schema = new_schema({name: arrow for name, (arrow, _, _) in FILTERED.items()})
    runs, hour = [], 0
    for name, (arrow, values, _) in FILTERED.items():
        for value in values:
            rows = [batch({name: pa.array([value], arrow)})]
            runs.append(written(folder, run_part(hour % 24, agency=f"a{hour}"), 1, rows, schema))
            hour += 1
    replace_runs(folder, schema, runs, identity())


def test_every_row_is_found_by_a_filter_on_every_type_by_delta_rs(folder: TableFolder) -> None:
    fill(folder)
    table = DeltaTable(folder.uri)
    for name, condition in filters("arrow_cast('{}', 'Decimal128(38, 18)')", "''"):
        assert pa.table(table.scan(predicate=condition).read_all()).num_rows == 1, condition
        everyone = pa.table(table.scan(predicate=f"{name} IS NOT NULL").read_all())
        assert everyone.num_rows == len(FILTERED[name][1])

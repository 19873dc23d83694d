"""Objects written from columns are what a JSON library would write."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.records.checking.json_texts import json_cells, json_objects


@given(
    st.lists(st.tuples(st.none() | st.text(), st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.booleans()))
)
def test_any_texts_numbers_and_truth_values_come_back(rows: list[tuple[str | None, int | None, bool | None]]) -> None:
    texts, numbers, flags = ([row[at] for row in rows] for at in range(3))
    columns = {
        "a text": pa.array(texts, pa.string()),
        'n"': pa.array(numbers, pa.int64()),
        "f": pa.array(flags, pa.bool_()),
    }
    written = json_objects({name: json_cells(column) for name, column in columns.items()}).to_pylist()
    assert [json.loads(one) for one in written] == [dict(zip(columns, row, strict=True)) for row in rows]


def test_moments_are_texts_and_decimals_numbers() -> None:
    moment = pa.array([datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)], pa.timestamp("us", "UTC"))
    decimal = pa.array([Decimal("1.50")], pa.decimal128(38, 18))
    assert json.loads(json_cells(moment)[0].as_py()) == "2026-01-02T03:04:05Z"
    assert json.loads(json_cells(decimal)[0].as_py()) == 1.5

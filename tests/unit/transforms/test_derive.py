"""Columns derived from others."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq import PipelineError
from pipelines.transforms.derive import derive, derived, sources
from pipelines.transforms.derived.band import Band
from pipelines.transforms.derived.concat import Concat
from pipelines.transforms.derived_column import DerivedColumn
from pipelines.transforms.normalize import tried

EDGES = st.lists(st.decimals(-100, 100, places=1), min_size=1, max_size=5, unique=True).map(sorted)


def band(column: pa.Array, edges: list[Decimal]) -> list[Any]:
    labels = tuple(f"band {place}" for place in range(len(edges)))
    way = DerivedColumn("band", "band", Band("x", tuple(edges), labels))
    done: list[Any] = derive({"x": column}, (way,))["band"].to_pylist()
    return done


def plain(cells: list[Any], edges: list[Decimal]) -> list[str | None]:
    """The place of the last edge that is not greater."""
    reached = [None if cell is None else sum(edge <= cell for edge in edges) for cell in cells]
    return [f"band {count - 1}" if count else None for count in reached]


@given(cells=st.lists(st.none() | st.integers(-110, 110), max_size=10), edges=EDGES)
def test_a_whole_number_has_the_band_of_the_last_edge_it_reaches(cells: list[int | None], edges: list[Decimal]) -> None:
    assert band(pa.array(cells, pa.int64()), edges) == plain(cells, edges)
    assert band(pa.array(cells, pa.int16()), edges) == plain(cells, edges)


@given(cells=st.lists(st.none() | st.decimals(-110, 110, places=2), max_size=10), edges=EDGES)
def test_a_decimal_has_the_band_of_the_last_edge_it_reaches(cells: list[Decimal | None], edges: list[Decimal]) -> None:
    for kind in (pa.decimal128(5, 2), pa.decimal128(38, 18)):
        assert band(pa.array(cells, kind), edges) == plain(cells, edges)
    floats = pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    assert band(floats, edges) == plain(cells, edges)


def test_odd_numbers_and_far_edges_have_their_bands() -> None:
    far = [Decimal(-(10**25)), Decimal(0), Decimal(10**25)]
    assert band(pa.array([-(2**63), 2**63 - 1, None]), far) == ["band 0", "band 1", None]
    assert band(pa.array([float("nan"), float("-inf"), float("inf"), 1e30]), far) == [None, None, "band 2", "band 2"]
    assert band(pa.array([2**64 - 1], pa.uint64()), [Decimal(0), Decimal(2**64 - 1)]) == ["band 1"]
    assert band(pa.array([Decimal("1e30")], pa.decimal256(60, 5)), far) == ["band 2"]
    assert band(pa.array([], pa.int64()), far) == []


def test_texts_are_put_together_as_they_are_written() -> None:
    columns = {
        "agency": pa.array(["bay", "bay", None]),
        "day": pa.array([date(2026, 1, 31)] * 3),
        "at": pa.array([datetime(2026, 1, 31, 14, 5, tzinfo=timezone.utc)] * 3, pa.timestamp("us", "UTC")),
        "fare": pa.array([Decimal("12.50"), None, Decimal(0)], pa.decimal128(38, 18)),
        "count": pa.array([1.0, 2.5, 3.0]),
        "hour": pa.array([7, 8, 9]),
        "ok": pa.array([True, False, True]),
    }
    way = DerivedColumn("all", "concat", Concat(tuple(columns), "|"))
    assert derive(columns, (way,))["all"].to_pylist() == [
        "bay|2026-01-31|2026-01-31T14:05:00|12.5|1|7|true",
        None,
        None,
    ]


@pytest.mark.parametrize("separator", ["", "_", " / "])
def test_one_column_alone_has_no_separator(separator: str) -> None:
    way = DerivedColumn("one", "concat", Concat(("x",), separator))
    assert derive({"x": pa.array(["a", "", None])}, (way,))["one"].to_pylist() == ["a", "", None]


def test_a_derived_column_names_what_it_is_made_from() -> None:
    assert sources(DerivedColumn("x", "concat", Concat(("a", "b")))) == ("a", "b")
    assert sources(DerivedColumn("x", "band", Band("a", (Decimal(0),), ("low",)))) == ("a",)


def test_what_cannot_be_tried_is_an_error_that_says_why() -> None:
    with pytest.raises(PipelineError, match="concat is 5; expected a list of columns"):
        derived({"concat": 5}, a=[1])
    with pytest.raises(PipelineError, match=r'"uper" is no step; .* .did you mean upper'):
        tried("uper", "a")

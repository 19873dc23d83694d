"""Estimates over a million values of several kinds keep within the error they state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from dq.profiling.tally.recipe import CellEncoding
from tests.unit.profiling.profiled import Table, summary

ROWS = 1_000_000


NUMBERS = np.arange(ROWS)
#: By name: the declared type, how a million cells of it are made, and how many of them are distinct.
KINDS: dict[str, tuple[str, Callable[[], pa.Array], int]] = {
    "a sequence": ("integer", lambda: pa.array(NUMBERS), ROWS),
    "multiples of 2**32": ("integer", lambda: pa.array(NUMBERS << 32), ROWS),
    "every number twice": ("integer", lambda: pa.array(NUMBERS // 2), ROWS // 2),
    "just beyond the exact range": ("integer", lambda: pa.array(NUMBERS % 16_385), 16_385),
    "the exact range": ("integer", lambda: pa.array(NUMBERS % 16_384), 16_384),
    "random floats": ("number", lambda: pa.array(np.random.default_rng(5).random(ROWS)), ROWS),
    "whole floats": ("number", lambda: pa.array(NUMBERS.astype(np.float64)), ROWS),
    "texts": ("string", lambda: pa.array([f"id-{number}" for number in range(ROWS)]), ROWS),
    "dates": ("date", lambda: pa.array((NUMBERS % 40_000).astype(np.int32)).cast(pa.date32()), 40_000),
    "moments": ("datetime", lambda: pa.array(NUMBERS * 1_000_000).cast(pa.timestamp("us")), ROWS),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_million_values_are_counted_within_three_percent(kind: str) -> None:
    declared, cells, exact = KINDS[kind]
    table = Table({"a": cells()}, [{"name": "a", "type": declared}], CellEncoding.TYPED)
    (figures,) = summary(table, [ROWS // 3], batch=100_000).columns
    assert abs(figures.distinct - exact) <= 0.03 * exact
    assert (figures.distinct_error == 0.0) == (exact <= 16_384)
    if figures.distinct_error == 0.0:
        assert figures.distinct == exact


@pytest.mark.parametrize("order", ["ascending", "random", "sawtooth"])
def test_quantiles_of_a_million_rows_are_within_their_error_in_any_order(order: str) -> None:
    numbers = np.arange(ROWS)
    if order == "random":
        numbers = np.random.default_rng(9).permutation(numbers)
    elif order == "sawtooth":  # a pattern as long as the rows of a batch
        numbers = numbers.reshape(-1, 1000).T.ravel()
    table = Table({"a": pa.array(numbers)}, [{"name": "a", "type": "integer"}], CellEncoding.TYPED)
    (figures,) = summary(table, [1, 250_000, 250_001], batch=65_536).columns
    for share, quantile in ((0.05, "p05"), (0.25, "p25"), (0.5, "p50"), (0.75, "p75"), (0.95, "p95")):
        found = figures.quantiles[quantile]
        assert isinstance(found, int)
        assert abs(found / ROWS - share) <= 0.015

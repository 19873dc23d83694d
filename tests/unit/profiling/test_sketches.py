"""Distinct sketch, row sample and moments: exact while small, bounded beyond, the same whatever the batches."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from dq.profiling.figures.distinct import STATED_ERROR, DistinctSketch
from dq.profiling.figures.frequencies import MOST_TEXT, MOST_VALUES, OVERFLOWN, Frequencies
from dq.profiling.figures.moments import Moments
from dq.profiling.figures.row_sample import RowSample, SampleBuilder, priorities
from dq.profiling.profile.file_profile import FileProfile
from tests.unit.profiling.profiled import Table, parts, profile


def hashes(count: int, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.random.default_rng(seed).integers(0, 2**64, count, np.uint64)


@pytest.mark.parametrize("count", [0, 1, 16383, 16384])
def test_a_distinct_count_is_exact_up_to_the_size_of_the_sketch(count: int) -> None:
    found = hashes(count)
    sketch = DistinctSketch(16384).add(found).add(found)
    assert (sketch.estimate(), sketch.error(), sketch.full) == (count, 0.0, False)


def test_beyond_its_size_a_sketch_estimates_and_says_so() -> None:
    sketch = DistinctSketch(16384).add(hashes(16385))
    assert sketch.full
    assert sketch.error() == STATED_ERROR
    assert sketch.estimate() == pytest.approx(16385, rel=STATED_ERROR)
    assert len(sketch.hashes) == 16384


def test_sketches_of_two_sizes_merge_to_the_smaller() -> None:
    small, large = DistinctSketch(64).add(hashes(1000)), DistinctSketch(1024).add(hashes(1000, 1))
    assert small + large == large + small
    assert len((small + large).hashes) == 64
    assert DistinctSketch(64) + DistinctSketch(8) == DistinctSketch(8)


def test_a_merged_sketch_is_that_of_all_values() -> None:
    found = hashes(5000)
    whole = DistinctSketch(256).add(found)
    merged = DistinctSketch(256)
    for cut in range(0, 5000, 700):
        merged = DistinctSketch(256).add(found[cut : cut + 700]) + merged
    assert merged == whole


def test_values_are_counted_exactly_until_there_are_too_many_of_them() -> None:
    some = Frequencies.of({str(number): 2 for number in range(MOST_VALUES)})
    assert some.counts is not None
    assert (some + some).top(1) == (("0", 4),)
    assert some + Frequencies.of({"one more": 1}) == OVERFLOWN
    assert Frequencies.of({"x" * (MOST_TEXT + 1): 1}) == OVERFLOWN
    assert some + Frequencies() == Frequencies() + some == some
    assert OVERFLOWN + some == some + OVERFLOWN == OVERFLOWN
    assert OVERFLOWN.top(5) == ()


def test_long_values_with_one_beginning_are_counted_apart() -> None:
    one, other = "x" * 300 + "a", "x" * 300 + "b"
    found = profile(Table({"a": [one, other, one]})).columns
    assert found is not None
    assert found[0].frequencies.top(2) == ((one, 2), (other, 1))


def sample_of(rows: int, size: int, batch: int, split: int = 0) -> RowSample:
    builder = SampleBuilder(size, split)
    for start in range(0, rows, batch):
        places = np.arange(start, min(start + batch, rows))
        priority = priorities(split, places)
        chosen = builder.choose(priority)
        builder.add(priority[chosen], places[chosen], pa.table({"0": places[chosen]}))
    return builder.sample()


@pytest.mark.parametrize("batch", [1, 7, 100, 999, 5000])
def test_a_sample_does_not_depend_on_the_batches(batch: int) -> None:
    whole, batched = sample_of(3000, 200, 3000), sample_of(3000, 200, batch)
    assert np.array_equal(batched.priority, whole.priority)
    assert np.array_equal(batched.row, whole.row)
    assert batched.cells == whole.cells
    assert batched.cells is not None
    assert batched.cells.column(0).to_pylist() == batched.row.tolist()


def test_a_sample_is_uniform_over_the_rows_and_the_splits() -> None:
    """Each tenth of the rows has its share, within four standard deviations."""
    size, rows = 2000, 40_000
    for split in (0, 1, 9999):
        share = np.histogram(sample_of(rows, size, 10_000, split).row, 10, (0, rows))[0]
        assert np.abs(share - size / 10).max() < 4 * math.sqrt(size * 0.1 * 0.9)
    merged = sample_of(rows, size, 10_000, 0) + sample_of(rows // 4, size, 10_000, 1)
    of_second = int((merged.split == 1).sum())
    assert of_second == pytest.approx(size / 5, abs=4 * math.sqrt(size * 0.2 * 0.8))


def test_samples_are_shown_in_the_order_of_the_file() -> None:
    table = Table({"a": [str(row) for row in range(500)]})
    merged = sum((one.profile() for one in parts(table, [100, 300], batch=50)), FileProfile())
    assert merged.shown is not None
    assert merged.shown.cells is not None
    texts = merged.shown.cells.column(0).to_pylist()
    rows = [int(texts[at]) for at in merged.shown.file_order()]
    assert rows == sorted(rows)
    assert len(rows) == 50


def test_moments_are_those_of_the_statistics_module() -> None:
    for values in ([1.5, 2.5, -1e9], [1e300, -1e300, 3.0], [5e-324, 0.0], [0.1] * 7, [1e9 + 0.1, 1e9 + 0.2]):
        moments = Moments.of(np.array(values))
        assert moments.mean() == pytest.approx(statistics.fmean(values), abs=1e-12 * max(map(abs, values)))
        # the exact deviation, before it becomes a double
        mean = sum(map(Fraction, values), Fraction(0)) / len(values)
        variance = sum(((Fraction(value) - mean) ** 2 for value in values), Fraction(0)) / (len(values) - 1)
        assert moments.stddev() == pytest.approx(exact_root(variance), rel=1e-9, abs=1e-323)


def exact_root(number: Fraction) -> float:
    """The square root of a fraction of any size."""
    shift = 1 << 4000
    return float(Fraction(math.isqrt(int(number * shift * shift)), shift))


def test_whole_numbers_have_exact_moments() -> None:
    values = np.array([2**31 - 1, -(2**31), 5, 5], np.int64)
    assert Moments.of(values).total == Fraction(9)
    assert Moments.of(values) + Moments.of(values) == Moments.of(np.concatenate((values, values)))
    huge = np.array([2**63 - 1, -(2**63), 2**62])
    assert Moments.of(huge).mean() == pytest.approx(float(sum(map(int, huge)) / 3))


def test_moments_of_nothing_of_one_and_beyond_the_doubles() -> None:
    nothing = Moments.of(np.empty(0))
    assert (nothing.mean(), nothing.stddev()) == (None, None)
    assert (Moments.of(np.array([3])).mean(), Moments.of(np.array([3])).stddev()) == (3.0, None)
    assert Moments.of(np.array([1.7e308, -1.7e308])).stddev() is None
    beyond = Moments.of(np.array([1.0, math.inf])) + Moments.of(np.array([1.0]))
    assert (beyond.count, beyond.mean(), beyond.stddev()) == (3, None, None)

"""Batches of Spark's readers have a bounded number of bytes, by what a look at the file said of its lines."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from dq.engine.spark_readers.batch_sizes import MOST_BYTES, MOST_ROWS, batch_options
from dq.formats.csv.probe import Probe, probe_text
from dq.schema.definition import CsvDialect

ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"
BYTES = "spark.sql.execution.arrow.maxBytesPerBatch"
#: Beyond this a window of the probe is left, so lines around it take both ways through it.
NEAR = 4096


@given(
    st.lists(st.sampled_from([0, 1, 50, NEAR - 1, NEAR, NEAR + 1, 3 * NEAR]), max_size=8),
    st.lists(st.integers(0, 20_000), max_size=4),
)
@example([3 * NEAR], [5, 5, 12_000])
@example([], [])
def test_the_longest_line_is_known_wherever_the_text_is_cut(lengths: list[int], cuts: list[int]) -> None:
    text = b"\n".join(b"x" * length for length in lengths)
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    probes = (probe_text(text[begin:end], CsvDialect()) for begin, end in pairwise(places))
    found = sum(probes, Probe()).longest_row
    longest = max(map(len, text.split(b"\n")))
    assert longest <= found <= max(longest, NEAR) + NEAR + 1


@given(
    st.lists(st.text(st.sampled_from('a\n",'), max_size=40), max_size=12),
    st.lists(st.integers(0, 500), max_size=4),
)
@example(["a\n" * 9000, "\n\n"], [1, 12_000, 30_000])
def test_a_row_of_quoted_line_breaks_is_as_long_as_all_its_lines(cells: list[str], cuts: list[int]) -> None:
    rows = ['"' + cell.replace('"', '""') + '"\n' for cell in cells]
    text = "".join(rows).encode()
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    probes = (probe_text(text[begin:end], CsvDialect()) for begin, end in pairwise(places))
    found = sum(probes, Probe()).longest_row
    longest = max(map(len, rows), default=0)
    assert longest <= found <= max(longest, NEAR) + 1


def test_short_lines_make_full_batches_that_spark_need_not_measure() -> None:
    chosen = batch_options([150, 80])
    assert chosen[ROWS] == str(MOST_ROWS)
    assert int(chosen[BYTES]) == 2**31 - 1


@given(st.lists(st.integers(1, 1 << 26), min_size=1, max_size=5))
def test_unmeasured_batches_are_bounded_by_their_rows(lengths: list[int]) -> None:
    chosen = batch_options(lengths)
    assert 1 <= int(chosen[ROWS]) <= MOST_ROWS
    if BYTES in chosen:
        assert int(chosen[ROWS]) * max(lengths) * 2 <= MOST_BYTES


def test_what_is_not_known_is_left_to_spark() -> None:
    assert batch_options([100, None]) == {}


def test_giant_lines_come_in_small_batches_that_spark_measures() -> None:
    chosen = batch_options([16 << 20])
    assert int(chosen[ROWS]) < 100
    assert BYTES not in chosen

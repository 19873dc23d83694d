"""Files counted together have the figures, to the byte, of each counted for itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dq.profiling.figures.frequencies import MOST_VALUES
from dq.profiling.profile.codec import encode_profile
from dq.profiling.tally.file_tally import FileTally
from dq.profiling.tally.files_together import tally_small_files
from dq.profiling.tally.recipe import CellEncoding
from dq.profiling.tally.row_batch import LineNumbers, MalformedRow, RowBatch
from tests.profiling.test_merge_laws import tables
from tests.unit.profiling.profiled import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from dq.profiling.profile.file_profile import FileProfile

THOROUGH = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def lines_from(first: int) -> LineNumbers:
    def numbers(rows: npt.NDArray[np.int64]) -> list[int]:
        return [row + first for row in rows.tolist()]

    return numbers


def files_of(table: Table, cuts: Sequence[int]) -> list[RowBatch]:
    """Cut a table into files of at least one row, every second one with rows that could not be read."""
    edges = sorted({0, *(cut for cut in cuts if cut < table.rows), table.rows})
    return [
        RowBatch(
            [column.slice(start, end - start) for column in table.arrays],
            end - start,
            malformed=at % 2,
            malformed_rows=[MalformedRow(3, "x" * 300)] * (at % 2),
            lines=2 * (end - start),
            line_numbers=lines_from(at + 2),
        )
        for at, (start, end) in enumerate(pairwise(edges))
    ]


def as_bytes(profile: FileProfile) -> bytes:
    """Write a profile, its samples copied: a slice has the cells of a copy, and is written with other gaps."""
    copied = {name: sample.ordered() for name in ("sample", "shown") if (sample := getattr(profile, name)) is not None}
    return encode_profile(replace(profile, **copied))


def assert_as_alone(table: Table, files: Sequence[RowBatch]) -> None:
    together = tally_small_files(table.recipe, files)
    assert len(together) == len(files)
    for file, (profile, keys) in zip(files, together, strict=True):
        alone = FileTally(table.recipe)
        alone.add(file)
        expected = alone.profile()
        assert profile.columns == expected.columns
        assert as_bytes(profile) == as_bytes(expected)
        counted = alone.taken_keys()
        assert [one.keys.to_bytes() for one in keys] == [one.keys.to_bytes() for one in counted]
        assert [one.examples for one in keys] == [one.examples for one in counted]


@given(tables(), st.lists(st.integers(1, 59), max_size=12))
@THOROUGH
def test_files_of_text_have_the_figures_they_have_alone(table: Table, cuts: list[int]) -> None:
    files = [file for file in files_of(table, cuts) if 0 < file.rows <= table.recipe.row_sample]
    assume(files)
    assert_as_alone(table, files)


MOMENT = datetime(2024, 2, 29, 23, 59, 59, tzinfo=timezone.utc)
TYPED: dict[str, tuple[str, list[Any], pa.DataType]] = {
    "integer": ("integer", [1, -5, 2**62, None, 1], pa.int64()),
    "unsigned": ("integer", [1, 2**64 - 1, None], pa.uint64()),
    "number": ("number", [1.5, -0.0, 0.0, float("nan"), float("inf"), 1e300, None], pa.float64()),
    "half": ("number", [1.5, None], pa.float32()),
    "decimal": ("decimal", [Decimal("1.50"), Decimal("-0.00"), Decimal("99.99"), None], pa.decimal128(6, 2)),
    "boolean": ("boolean", [True, False, None], pa.bool_()),
    "date": ("date", [date(2024, 2, 29), date(1, 1, 1), None], pa.date32()),
    "datetime": ("datetime", [MOMENT, MOMENT + timedelta(microseconds=1), None], pa.timestamp("us", "UTC")),
    "time": ("time", [time(1, 2, 3), time(0), None], pa.time64("us")),
    "string": ("string", ["a", "", "ä" * 300, "a", None], pa.string()),
    "object": ("object", [{"a": 1}, {"a": None}, None], pa.struct([("a", pa.int64())])),
    "array": ("array", [[1, 2], [], None], pa.list_(pa.int64())),
    "another": ("date", ["2024-01-01", None], pa.string()),
    "nothing": ("integer", [None], pa.null()),
}
RULES: dict[str, dict[str, Any]] = {
    "integer": {"min": 1, "max": 100},
    "number": {"min": 0},
    "decimal": {"max": "50"},
    "string": {"maxLength": 4, "enum": ["a", "b"]},
}


@st.composite
def typed_tables(draw: st.DrawFn) -> Table:
    """Columns of physical types, some of them other than declared."""
    rows = draw(st.integers(1, 40))
    columns, fields = {}, []
    for name in draw(st.lists(st.sampled_from(sorted(TYPED)), min_size=1, max_size=5, unique=True)):
        kind, values, physical = TYPED[name]
        cells = draw(st.lists(st.sampled_from(values), min_size=rows, max_size=rows))
        columns[name] = pa.array(cells, physical)
        fields.append({"name": name, "type": kind, **RULES.get(name, {})})
    comparable = [name for name in columns if TYPED[name][0] not in ("object", "array")]
    keys = [comparable[:1], comparable][: len(comparable)]
    encoding = draw(st.sampled_from([CellEncoding.TYPED, CellEncoding.JSON, CellEncoding.SHEET]))
    return Table(columns, fields, encoding=encoding, keys=keys)


@given(typed_tables(), st.lists(st.integers(1, 39), max_size=8))
@THOROUGH
def test_files_of_typed_cells_have_the_figures_they_have_alone(table: Table, cuts: list[int]) -> None:
    assert_as_alone(table, files_of(table, cuts))


@pytest.mark.parametrize("distinct", [MOST_VALUES, MOST_VALUES + 1])
def test_values_are_counted_as_long_as_a_file_has_few_of_them_however_many_all_have(distinct: int) -> None:
    texts = [f"value {at}" for at in range(distinct)] + ["value 0"] * 5
    table = Table({"text": [*texts, *texts[::-1], "other", "other"]})
    files = files_of(table, [len(texts), 2 * len(texts)])
    assert_as_alone(table, files)
    counted = [profile.columns[0].frequencies.counts for profile, _ in tally_small_files(table.recipe, files)]  # type: ignore[index]
    assert [one is None for one in counted] == [distinct > MOST_VALUES] * 2 + [False]


def test_a_file_without_columns_of_its_own_has_rows_all_the_same() -> None:
    table = Table({}, encoding=CellEncoding.JSON)
    assert_as_alone(table, [RowBatch([], 3, lines=3), RowBatch([], 1, lines=1)])

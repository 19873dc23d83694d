"""Parquet's moments of 96 bits: of any year, to the nanosecond."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dq.formats.byte_source import BytesSource
from dq.formats.limits import Limits
from dq.formats.reading import find_layout, plan_parts, read_part
from dq.profiling.cells.texts import as_text
from dq.profiling.tally.recipe import CellEncoding
from tests.unit.profiling.profiled import Table, column

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The Julian day of 1970-01-01, from which such a moment counts its days.
EPOCH = 2_440_588
_MARK = 77_000_000_000_000
NEVER, FIRST = 2_932_896, -719_162  # 9999-12-31 and 0001-01-01


def int96_file(moments: Sequence[tuple[int, int]], rows: int = 1000, *, nested: bool = False) -> bytes:
    """Write days since 1970 and nanoseconds of the day: first others, for Arrow writes only what it reads."""
    file = io.BytesIO()
    plain = pa.array([_MARK + at for at in range(len(moments))], pa.timestamp("ns"))
    cells = pa.ListArray.from_arrays(list(range(len(moments) + 1)), plain) if nested else plain
    pq.write_table(
        pa.table({"before": pa.array(["x"] * len(moments)), "t.at": cells}), file, use_deprecated_int96_timestamps=True,
        use_dictionary=False, compression="none", write_statistics=False, row_group_size=rows,
    )  # fmt: skip
    data = file.getvalue()
    for at, (day, of_day) in enumerate(moments):
        old = struct.pack("<qI", _MARK + at, EPOCH)
        assert data.count(old) == 1
        data = data.replace(old, struct.pack("<qI", of_day, EPOCH + day))
    return data


def cells_of(data: bytes, limits: Limits | None = None) -> list[pa.Array]:
    limits = limits or Limits()
    source = BytesSource(data)
    layout = find_layout(source, "a.parquet", None, limits)
    parts = plan_parts(layout, len(data), limits)
    return [batch.columns[1] for part in parts for batch in read_part(source, layout, part, limits).batches()]


MIXED = [(NEVER, 0), (0, 1), (FIRST, 999), (-1, 86_399_999_999_999), (19_782, 86_399_123_456_789)]
TEXTS = [
    "9999-12-31T00:00:00",
    "1970-01-01T00:00:00.000000001",
    "0001-01-01T00:00:00.000000999",
    "1969-12-31T23:59:59.999999999",
    "2024-02-29T23:59:59.123456789",
]


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_days_of_every_year_are_exact_to_the_nanosecond(rows: int) -> None:
    assert [text for cells in cells_of(int96_file(MIXED, rows)) for text in as_text(cells).to_pylist()] == TEXTS


def test_moments_within_64_bits_stay_as_arrow_reads_them() -> None:
    (cells,) = cells_of(int96_file([(0, 1), (-1, 5)]))
    assert cells.type == pa.timestamp("ns")


def test_their_figures_are_those_of_the_texts() -> None:
    (cells,) = cells_of(int96_file([*MIXED, MIXED[1]]))
    field = {"name": "t", "type": "datetime", "max": "2024-02-29T23:59:59.123456788"}
    typed = column(Table({"t": cells}, [field], encoding=CellEncoding.TYPED))
    text = column(Table({"t": [*TEXTS, TEXTS[1]]}, [field]))
    assert (typed.minimum, typed.maximum, typed.distinct) == (text.minimum, text.maximum, 5)
    assert (typed.quantiles, typed.histogram, typed.violations) == (text.quantiles, text.histogram, text.violations)
    assert typed.physical == "timestamp[ns]"
    assert column(Table({"t": cells}, [{"name": "t"}], encoding=CellEncoding.TYPED)).maximum == max(TEXTS)


def test_days_beyond_the_calendar_are_type_issues_shown_as_they_are() -> None:
    (cells,) = cells_of(int96_file([(NEVER + 1, 1), (0, 0)]))
    found = column(Table({"t": cells}, [{"name": "t", "type": "datetime"}], encoding=CellEncoding.TYPED))
    assert [one.text for one in found.unparsable_examples] == ["10000-01-01T00:00:00.000000001"]


def test_nulls_among_them_stay_nulls() -> None:
    cells = cells_of(int96_file([(NEVER, 0), (0, 1)]))[0]
    with_null = pa.concat_arrays([cells, pa.nulls(1, cells.type)])
    assert column(Table({"t": with_null}, [{"name": "t", "type": "datetime"}], encoding=CellEncoding.TYPED)).nulls == 1
    assert as_text(with_null).to_pylist()[-1] is None


@pytest.mark.parametrize(("moments", "shown"), [([(0, 1)], "1970-01-01T00:00:00.000000001"), ([(NEVER, 0)], TEXTS[0])])
def test_lists_of_them_are_shown_as_they_are(moments: list[tuple[int, int]], shown: str) -> None:
    (cells,) = cells_of(int96_file(moments, nested=True))
    assert as_text(cells).to_pylist() == [f'["{shown}"]']

"""The figures that are compared between runs are those of the whole state."""

from __future__ import annotations

from typing import Any

import pytest

from dq.profiling.profile.codec import ProfileCodecError
from dq.profiling.profile.state_codec import encode_state
from dq.profiling.profile.state_figures import figures_of_state
from dq.profiling.summary.summarise_state import summarise_state
from dq.schema.definition import FieldType
from tests.unit.profiling.profiled import Table
from tests.unit.profiling.test_profile_state import state

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer"},
    {"name": "share", "type": "number"},
    {"name": "day", "type": "date"},
    {"name": "kind"},
    {"name": "driver", "sensitive": True},
]


@pytest.mark.parametrize("rows", [0, 300, 9000])
def test_they_are_those_of_the_state(rows: int) -> None:
    """Where the sample has all rows, and where it has not."""
    cells = {
        "id": [str(at % 7000) for at in range(rows)],
        "share": [f"{at % 11}.5" if at % 3 else "" for at in range(rows)],
        "day": [f"2026-01-{at % 28 + 1:02d}" for at in range(rows)],
        "kind": ["abc"[at % 3] for at in range(rows)],
        "driver": [f"driver {at}" for at in range(rows)],
    }
    kept = state(Table(cells, FIELDS))
    figures, summary = figures_of_state(encode_state(kept)), summarise_state(kept)
    assert (figures.rows, figures.malformed, figures.bytes) == (summary.rows_read, summary.rows_malformed, kept.bytes)
    assert [column.name for column in figures.columns] == [column.name for column in summary.columns]
    for one, other in zip(figures.columns, summary.columns, strict=True):
        assert one.rows - one.present == other.nulls
        if one.type in (FieldType.INTEGER, FieldType.NUMBER):
            assert (one.mean, one.stddev) == (other.mean, other.stddev)
        assert one.distinct == (None if one.sensitive else other.distinct)
    driver, kind = figures.columns[4], figures.columns[3]
    assert (driver.sensitive, driver.counts, driver.numbers) == (True, None, None)
    assert kind.counts == (dict.fromkeys("abc", rows // 3) if rows else {})


def test_other_bytes_are_refused() -> None:
    for data in (b"", b"\x93\xb0dq.profile.state\x01\xc0", encode_state(state(Table({"id": ["1"]}, FIELDS[:1])))[:-9]):
        with pytest.raises(ProfileCodecError):
            figures_of_state(data)

"""Lines of rows are the same however far the text was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dq.formats.csv import lines as csv_lines
from dq.formats.csv.lines import CsvLines
from dq.formats.csv.quotes import all_record_ends
from dq.schema.definition import CsvDialect

if TYPE_CHECKING:
    import pytest

PIECES = [b"a,b", b'"x\ny",', b'"\r\n"', b'"""",1', b"\n", b"\r\n", b"\r", b"\n\n"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)


def lines_of(text: bytes, skipped: list[int]) -> list[int]:
    """The lines of all records, asked for one after the other."""
    lines = CsvLines(text, CsvDialect(), skipped)
    found: list[int] = []
    try:
        while True:
            found.append(lines.of_record(len(found)))
    except IndexError:
        return found


@given(TEXTS, st.integers(1, 9), st.sets(st.integers(0, 12)), st.data())
def test_lines_do_not_depend_on_how_far_one_looked(
    text: bytes, first: int, skipped: set[int], data: st.DataObject
) -> None:
    whole = lines_of(text, [])
    rows = [line for record, line in enumerate(whole) if record not in skipped]
    asked = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=5)) if rows else []
    before, csv_lines._FIRST_LOOK = csv_lines._FIRST_LOOK, first
    try:
        assert lines_of(text, []) == whole
        lines = CsvLines(text, CsvDialect(), sorted(skipped))
        assert [lines(np.array([row], np.int64)) for row in asked] == [[rows[row]] for row in asked]
        assert lines(np.array(asked, np.int64)) == [rows[row] for row in asked]
    finally:
        csv_lines._FIRST_LOOK = before


def test_early_rows_cost_no_look_at_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def noted(text: bytes, dialect: CsvDialect) -> object:
        looked.append(len(text))
        return all_record_ends(text, dialect)

    monkeypatch.setattr("dq.formats.csv.lines.all_record_ends", noted)
    lines = CsvLines(b"1,2\n" * 1_000_000, CsvDialect(), [])
    assert lines(np.array([], np.int64)) == []
    assert lines(np.array([0, 9])) == [1, 10]
    assert lines(np.array([3])) == [4]
    assert looked == [64 * 1024]
    assert lines(np.array([999_999])) == [1_000_000]

"""Texts parsed in one call have the rows they have alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.formats.csv.rows import CsvRows
from dq.formats.csv.together import is_plain, rows_together
from dq.formats.limits import Limits
from dq.schema.definition import CsvDialect

if TYPE_CHECKING:
    from dq.profiling.tally.row_batch import RowBatch

DIALECT = CsvDialect()
WIDTH = 2
#: Pieces of text as they stand next to each other in odd files.
PIECES = ["a,1", "é,ü", ",", "1,2,3", "x", " ", "", "\x00,1", "\ufeff,1", '"a",1', "a\tb,2"]
ENDS = ["\n", "\r\n", "\r", "\n\n"]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(st.sampled_from([*PIECES, "b,2", "c,3"]), min_size=1, max_size=6))
    ends = draw(st.lists(st.sampled_from(ENDS), min_size=len(lines), max_size=len(lines)))
    text = "".join(line + end for line, end in zip(lines, ends, strict=True))
    return (text if draw(st.booleans()) else text.rstrip("\r\n")).encode()


def alone(text: bytes) -> list[RowBatch]:
    rows = CsvRows(WIDTH, DIALECT, Limits())
    return [*rows.feed(text), *rows.finish()]


def content(batch: RowBatch) -> tuple[object, ...]:
    lines = batch.line_numbers(np.arange(batch.rows))
    return [column.to_pylist() for column in batch.columns], batch.rows, batch.malformed, batch.lines, lines


@given(st.lists(texts(), min_size=1, max_size=4))
def test_texts_have_the_rows_they_have_alone_or_are_not_parsed_together(found: list[bytes]) -> None:
    plain = [text for text in found if is_plain(text, WIDTH, DIALECT)]
    together = rows_together(plain, WIDTH, DIALECT) if plain else None
    for text, batch in zip(plain, together or (), strict=False):
        [expected] = alone(text)
        assert content(batch) == content(expected)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (b"a,1\nb,2\n", True),
        (b"a,1\r\nb,2\r\n", True),
        ("é,1\n".encode(), True),
        (b"a,1\nb,2", False),
        (b"", False),
        (b"a,1\n\n", False),
        (b"a,1\r\n\r\n", False),
        (b"a,1\rb,2\n", False),
        (b'"a",1\n', False),
        (b"\xe9,1\n", False),
        (b"\xef\xbb\xbfa,1\n", False),
    ],
)
def test_a_look_tells_which_texts_are_plain(text: bytes, plain: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_plain(text, WIDTH, DIALECT) is plain


def test_a_column_alone_is_never_plain_for_its_empty_cells_are_empty_lines() -> None:
    assert not is_plain(b"a\nb\n", 1, DIALECT)


@pytest.mark.parametrize("odd", [b"a\n", b"a,1,2\n", b"a,1\n\nb,2\n", b" \na,1\n"])
def test_a_line_that_is_no_row_is_noticed(odd: bytes) -> None:
    sound = b"a,1\nb,2\n"
    assert rows_together([sound, sound], WIDTH, DIALECT) is not None
    assert rows_together([sound, odd, sound], WIDTH, DIALECT) is None

"""CSV text, in whatever pieces it comes, gives the rows of the csv module."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dq.errors import UnreadableFileError
from dq.formats.csv.rows import CsvRows
from dq.formats.limits import Limits
from dq.schema.definition import CsvDialect
from tests.unit.formats.collected import Rows, collected
from tests.unit.formats.csv.csv_texts import DIALECTS, texts
from tests.unit.formats.csv.naive_csv import read_naively

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.profiling.tally.row_batch import RowBatch


def read(text: bytes, width: int, dialect: CsvDialect, sizes: list[int], limits: Limits | None = None) -> Rows:
    """Feed a text in pieces of the given sizes, in turn."""
    rows = CsvRows(width, dialect, limits or Limits())

    def batches() -> Iterator[RowBatch]:
        position = turn = 0
        while position < len(text):
            size = sizes[turn % len(sizes)]
            yield from rows.feed(text[position : position + size])
            position, turn = position + size, turn + 1
        yield from rows.finish()

    return collected(batches())


@st.composite
def cases(draw: st.DrawFn) -> tuple[bytes, int, tuple[str, str], list[int]]:
    """Give a text, its width, its dialect and sizes of pieces."""
    dialect = draw(st.sampled_from(DIALECTS))
    sizes = draw(st.lists(st.integers(1, 30), min_size=1, max_size=4))
    return draw(texts(*dialect)), draw(st.integers(1, 4)), dialect, sizes


@given(cases())
@example((b'a,b\r1,"2\r\n3"\r', 2, (",", '"'), [2]))
@example((b'"\n"', 1, (",", '"'), [2]))
@example((b"\xef\xbb\xbfa,b\n\xef\xbb\xbfc,d\n", 2, (",", '"'), [8]))
def test_any_text_in_any_pieces_gives_the_rows_of_the_csv_module(
    case: tuple[bytes, int, tuple[str, str], list[int]],
) -> None:
    text, width, (delimiter, quote), sizes = case
    dialect = CsvDialect(delimiter, quote)
    expected = read_naively(text, width, delimiter, quote)
    assert read(text, width, dialect, [len(text) + 1]) == expected
    assert read(text, width, dialect, sizes) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dq.formats.csv.rows._CAREFUL_BLOCK", 9)
        assert read(text, width, dialect, [len(text) + 1]) == expected
    assert read(text[:60], width, dialect, [1]) == read_naively(text[:60], width, delimiter, quote)


def test_a_clean_text_takes_the_fast_path_and_gives_what_the_careful_one_gives() -> None:
    text = b'1,"a ""b"", c",\r\n\r\n2,"two\nlines","x"\n3,too few\n \n4,,"\xc3\xa9"\r5,,\n'
    rows = CsvRows(3, CsvDialect(), Limits())
    assert rows._is_clean(text, last=True)
    fast, careful = collected([rows._parse_fast(text)]), collected([rows._parse_carefully(text)])
    assert fast == careful
    assert fast.rows == [
        (1, ["1", 'a "b", c', ""]),
        (3, ["2", "two\nlines", "x"]),
        (7, ["4", "", "é"]),
        (8, ["5", "", ""]),
    ]
    assert fast.malformed == [(5, "3,too few")]
    assert fast.lines == 8


def test_blank_lines_are_no_rows_unless_white_space_delimits() -> None:
    assert read(b"1,2\n \t \n\n3,4\n", 2, CsvDialect(), [99]).values == [["1", "2"], ["3", "4"]]
    assert read(b"1\n  \n\n2\n", 1, CsvDialect(), [99]).values == [["1"], ["2"]]
    assert read(b"1\t2\n\t\n3\t4\n", 2, CsvDialect(delimiter="\t"), [99]).values == [["1", "2"], ["", ""], ["3", "4"]]


def test_a_quoted_blank_is_a_row_of_a_file_with_one_column() -> None:
    assert read(b'1\n""\n" "\n\n2\n', 1, CsvDialect(), [99]).rows == [(1, ["1"]), (2, [""]), (3, [" "]), (5, ["2"])]


def test_a_quote_that_is_never_closed_spoils_its_row_only() -> None:
    found = read(b'1,2\n3,"4\n5,6\n', 2, CsvDialect(), [99])
    assert found.values == [["1", "2"]]
    assert found.malformed == [(2, '3,"4\n5,6')]


def test_lines_that_end_with_a_carriage_return_alone_are_lines_in_a_stream_too() -> None:
    text = b"1,2\r3,4\r" * 1000
    found = read(text, 2, CsvDialect(), [64], Limits(line=100))
    assert len(found.rows) == found.lines == 2000
    assert found.rows[-1] == (2000, ["3", "4"])


@pytest.mark.parametrize("text", [b"x" * 300, b'"' + b"x\n" * 150, b'a"b,"' + b"x\n" * 150, b"\r\n" * 9 + b"y" * 300])
def test_a_record_beyond_the_limit_is_refused_and_the_limit_named(text: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="longer than 200 bytes"):
        read(text, 2, CsvDialect(), [50], Limits(line=200))


LINES = st.lists(st.sampled_from([b"a", b",", b"aaaaa", b"\n", b"\r\n", b"\r"]), max_size=30).map(b"".join)


def is_refused(text: bytes, limits: Limits) -> bool:
    try:
        list(CsvRows(2, CsvDialect(), limits).feed(text))
    except UnreadableFileError:
        return True
    return False


@given(LINES, st.integers(1, 12))
def test_a_text_is_refused_when_one_of_its_lines_is_beyond_the_limit(text: bytes, most: int) -> None:
    # A carriage return at the end of a text may be half of a line break.
    known = text.rfind(b"\n") + 1 or text.rfind(b"\r", 0, -1) + 1
    ends = [0, *(found.end() for found in re.finditer(rb"\r\n|\n|\r", text[:known])), len(text)]
    assert is_refused(text, Limits(line=most)) == (max(end - start for start, end in pairwise(ends)) > most)


def test_the_text_of_a_malformed_row_is_cut() -> None:
    found = read(b"x" * 5000 + b"\n1,2\n\xff" + b"y" * 5000 + b",2\n", 2, CsvDialect(), [99_999])
    assert [len(text) for _, text in found.malformed] == [1024, 1024]

"""A file cut into ranges of any size gives the rows and lines it gives in one piece."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dq.errors import UnreadableFileError
from dq.formats.byte_source import BytesSource
from dq.formats.limits import Limits
from dq.formats.lines.ranges import plan_splits
from dq.formats.reading import find_layout, read_part
from dq.formats.splits import NOWHERE, Split
from dq.schema.definition import CsvDialect, SchemaDefinition
from tests.unit.formats.collected import collected, read_file
from tests.unit.formats.csv.csv_texts import DIALECTS, texts
from tests.unit.formats.csv.naive_csv import read_naively


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, SchemaDefinition, int, int, int]:
    """Give a CSV file with a header, its definition, its width, a size of splits and one of blocks."""
    delimiter, quote = draw(st.sampled_from(DIALECTS))
    width = draw(st.integers(1, 4))
    header = delimiter.join("abcd"[:width]).encode() + draw(st.sampled_from([b"\n", b"\r\n"]))
    start = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    definition = SchemaDefinition((), format="csv", csv=CsvDialect(delimiter, quote))
    data = start + header + draw(texts(delimiter, quote))
    return data, definition, width, draw(st.integers(1, 40)), draw(st.integers(1, 40))


def body_of(data: bytes) -> bytes:
    return data[data.index(b"\n") + 1 :]


@given(files())
@example((b'a\n\r,"', SchemaDefinition((), format="csv"), 1, 1, 1))
@example((b'a,b\n1,"x\n2,y\n3,"\n4,z\n', SchemaDefinition((), format="csv"), 2, 3, 3))
def test_any_split_size_gives_the_rows_and_lines_of_the_csv_module(
    file: tuple[bytes, SchemaDefinition, int, int, int],
) -> None:
    data, definition, width, split, block = file
    assume(data.count(b"\0") * 4 <= len(data))  # else it is taken for UTF-16
    dialect = definition.csv
    expected = read_naively(body_of(data), width, dialect.delimiter, dialect.quote)
    for limits in (Limits(), Limits(split=split), Limits(split=split, block=block)):
        found = read_file(data, definition=definition, limits=limits)
        assert found.rows == expected
        assert found.layout.first_line == 1


SIZES = st.integers(1, 30)
LINES = [b'{"a":1}', b'{"a":"x\\ny"}', b"", b" ", b"nope", b"[1]", b'{"a":\xff}', b'{"a":2}\r', b'{"b":{"a":[1]}}']


@given(
    st.lists(st.sampled_from(LINES), max_size=12), st.sampled_from([b"", b"\n"]), st.integers(1, 30), st.integers(1, 30)
)
def test_any_split_size_gives_the_same_json_lines(lines: list[bytes], end: bytes, split: int, block: int) -> None:
    data = b'{"a":0}\n' + b"\n".join(lines) + end
    whole = read_file(data, "x.jsonl")
    assert read_file(data, "x.jsonl", limits=Limits(split=split, block=block)).rows == whole.rows
    assert len(whole.rows.rows) + whole.rows.count == 1 + sum(1 for line in lines if line.strip())


QUOTED = b'a,b\n1,"one\ntwo,2\n3"\n2,"x,""y""\n,\n"\n3,plain\n'


@pytest.mark.parametrize("split", range(1, len(QUOTED) + 1))
def test_quoted_line_breaks_at_every_boundary(split: int) -> None:
    found = read_file(QUOTED, limits=Limits(split=split))
    assert found.rows.rows == [(2 - 1, ["1", "one\ntwo,2\n3"]), (4, ["2", 'x,"y"\n,\n']), (7, ["3", "plain"])]


@pytest.mark.parametrize("split", [3, 50, 333])
def test_records_longer_than_a_split(split: int) -> None:
    rows = [(number, f"{'long ' * number}\n{number}") for number in range(20)]
    data = "n,text\n" + "".join(f'{number},"{text}"\n' for number, text in rows)
    found = read_file(data.encode(), limits=Limits(split=split))
    assert found.rows.values == [[str(number), text] for number, text in rows]
    assert [line for line, _ in found.rows.rows] == [1 + 2 * number for number in range(20)]


def test_starts_inside_quotes_are_guessed_right_when_the_rows_around_tell() -> None:
    data = b"a,b\n" + b'1,"a\nb\nc"\n' * 200
    found = read_file(data, limits=Limits(split=101))
    assert (found.rounds, found.parts) == (1, 20)
    assert len(found.rows.rows) == 200


def test_wrong_guesses_are_found_out_and_read_again() -> None:
    """The quoted cell looks like rows, so every guess inside it is wrong."""
    data = b"a,b\n0,x\n" + b'1,"' + b"2,y\n" * 200 + b'"\n3,z\n'
    found = read_file(data, limits=Limits(split=100))
    assert found.rounds > 1
    assert [row[0] for row in found.rows.values] == ["0", "1", "3"]
    assert found.rows.rows[-1][0] == 203


def test_a_wrong_guess_that_cannot_be_read_is_no_error_of_the_file() -> None:
    """From within its quoted cell the rest of the file is one record beyond the limit."""
    data = b'a,b\n1,"' + b"2,y\n" * 50 + b'"\n' + b"3,z\n" * 400
    source = BytesSource(data)
    layout = find_layout(source, "x.csv", None, Limits())
    reading = read_part(source, layout, Split(1, 200, len(data), given=True), Limits(line=100, block=50))
    collected(reading.batches())
    assert (reading.began, reading.ended) == (NOWHERE, NOWHERE)
    limits = Limits(split=60, line=300, block=50)
    assert len(read_file(data, limits=limits).rows.rows) == 401


def test_a_record_beyond_the_limit_is_refused_wherever_the_file_is_cut() -> None:
    data = b"a,b\n" + b"1,2\n" * 50 + b"3," + b"x" * 500 + b"\n" + b"4,5\n" * 50
    for split in (50, 200, 10_000):
        with pytest.raises(UnreadableFileError, match="longer than 300 bytes"):
            read_file(data, limits=Limits(split=split, line=300, block=100))


def test_splits_cover_the_rows_and_nothing_else() -> None:
    splits = plan_splits(10, 1000, 128)
    assert [splits[0].start, splits[-1].end] == [10, 1000]
    assert all(one.end == other.start for one, other in pairwise(splits))
    assert [split.sure for split in splits] == [True] + [False] * (len(splits) - 1)
    assert plan_splits(10, 10, 128) == [Split(0, 10, 10, sure=True)]

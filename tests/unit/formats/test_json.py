"""JSON Lines and JSON arrays: the values json.loads gives, in whatever pieces the text comes."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dq.errors import UnreadableFileError
from dq.formats.json.array import json_array_batches
from dq.formats.json.rows import json_batch
from dq.formats.json.values import MOST_NESTING, json_token, nested_too_deep
from dq.formats.limits import Limits
from dq.profiling.cells.values import JSON_TOKENS
from dq.schema.definition import FieldDefinition, FieldType, SchemaDefinition
from tests.unit.formats.collected import Rows, collected, read_file

TEXTS = st.text(st.sampled_from('a"\\[]{},:é \n\U0001f600'), max_size=6)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(-1e9, 1e9), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
OBJECTS = st.fixed_dictionaries({"a": VALUES, "b": VALUES})


def pieces(text: bytes, size: int) -> list[bytes]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def array(text: bytes, size: int = 1 << 20, limits: Limits | None = None) -> Rows:
    return collected(json_array_batches(pieces(text, size), ["a", "b"], limits))


def same(found: Any, expected: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Compare values; an integer beyond 64 bits may have become a double, as in most JSON parsers."""
    if isinstance(expected, int) and not isinstance(expected, bool) and abs(expected) >= 2**63:
        return found in (expected, float(expected), str(expected))
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], value) for key, value in expected.items())
    return type(found) is type(expected) and found == expected


@given(st.lists(st.one_of(OBJECTS, OBJECTS, VALUES), max_size=5), st.sampled_from([None, 1]), st.integers(1, 40))
@example([{"a": '\\"', "b": "\\\\"}], None, 1)
def test_the_elements_of_an_array_are_those_of_the_json_module(
    elements: list[Any], indent: int | None, size: int
) -> None:
    text = json.dumps(elements, ensure_ascii=False, indent=indent).encode()
    found = array(b"\xef\xbb\xbf \n" + text + b"\n", size)
    objects = [(number, one) for number, one in enumerate(elements, 1) if isinstance(one, dict)]
    assert [line for line, _ in found.rows] == [number for number, _ in objects]
    assert all(same(row, [one.get("a"), one.get("b")]) for row, (_, one) in zip(found.values, objects, strict=True))
    assert found.count == len(elements) - len(objects)
    assert found.lines == len(elements)


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("text", ["[]", " [ \n ] \n", "\ufeff[]"])
def test_an_empty_array_has_no_rows(text: str, size: int) -> None:
    assert array(text.encode(), size) == Rows()


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "nothing but white space"),
        (b" \n\t ", "nothing but white space"),
        (b'{"a": 1}', "begins with '{'"),
        (b"5", "begins with '5'"),
        (b'"[1]"', "begins with"),
        (b"\xff\xff", "begins with"),
        (b'[{"a": 1},', "never closed: the file ends after 1 elements"),
        (b'[{"a": 1}, {"a": "x}]', "never closed"),
        (b'[{"a": 1}, {"a": [2}', "never closed"),
        (b"[" * 5000, "never closed"),
        (b"[1] x", "more text behind"),
        (b"[1][2]", "more text behind"),
        (b"[1]]", "more text behind"),
        (b'["\\', "never closed"),
    ],
)
def test_a_text_that_is_no_whole_array_is_refused(text: bytes, what: str, size: int) -> None:
    with pytest.raises(UnreadableFileError, match=what):
        array(text, size)


@pytest.mark.parametrize(
    "broken",
    [b"", b" ", b"{a: 1}", b'{"a": NaN}', b'{"a": 01}', b'{"a": "\xff"}', b'{"a": "\\ud800"}', b'{"a" 1}', b'{"a": 1]',
     b'{"a": Infinity}', b'{"a": 1} {"a": 2}', b"5", b"null", b'"x"', b'[{"a": 1}]', b'{"a": "\x01"}',
     b'{"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", b"[" * 2000 + b"]" * 2000,
     b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}", b'{"a": ' + b'{"a": ' * 300 + b"1e999" + b"}" * 301],
    ids=lambda text: text[:16].decode("latin-1"),
)  # fmt: skip
def test_a_broken_record_is_a_malformed_row_among_its_neighbours(broken: bytes) -> None:
    around = b'{"a": 1}', b'{"a": 3}'
    for size in (1 << 20, 5):
        found = array(b"[" + b", ".join([around[0], broken, around[1]]) + b"]", size)
        assert (found.rows, found.count) == ([(1, [1, None]), (3, [3, None])], 1)
        assert found.malformed[0][0] == 2
    lines = collected([json_batch([around[0], broken, around[1]], ["a"])])
    assert (lines.rows, lines.count) == ([(1, [1]), (3, [3])], 1 if broken.strip() else 0)


def test_a_last_comma_stands_for_a_missing_record() -> None:
    assert (array(b'[{"a": 1},]').count, array(b'[{"a": 1},,{"a": 2}]').count, array(b"[,]").count) == (1, 1, 2)


@pytest.mark.parametrize("size", [10, 64, 5000])
def test_an_element_beyond_the_limit_is_refused(size: int) -> None:
    for inside in (b"x" * 500, b'"' * 250 + b"\\" * 250, b"]" * 500):
        with pytest.raises(UnreadableFileError, match="longer than 300 bytes"):
            array(b'[{"a": 1}, {"a": "' + inside.replace(b'"', b'\\"') + b'"}]', size, Limits(line=300))


def test_many_small_elements_stream() -> None:
    text = b"[" + b",".join(b'{"a":%d}' % number for number in range(60_000)) + b"]"
    batches = list(json_array_batches(pieces(text, 1 << 17), ["a"], Limits()))
    assert sum(batch.rows for batch in batches) == 60_000
    assert max(batch.rows for batch in batches) < 20_000
    assert collected(batches).rows[-1] == (60_000, [59_999])


def test_columns_keep_physical_types() -> None:
    lines = [b'{"i":1,"f":1.5,"s":"x","t":true,"m":1,"o":{"k":[1]},"n":null}', b'{"i":-2,"f":2.0,"s":null,"m":"1"}']
    batch = json_batch(lines, ["i", "f", "s", "t", "m", "o", "n", "gone"])
    types = [column.type for column in batch.columns]
    assert types == [
        pa.int64(),
        pa.float64(),
        pa.string(),
        pa.bool_(),
        JSON_TOKENS,
        JSON_TOKENS,
        pa.string(),
        pa.null(),
    ]
    assert collected([batch]).values[0] == [1, 1.5, "x", True, 1, {"k": [1]}, None, None]


@pytest.mark.parametrize("number", ["1e400", "-1E+999", "9" * 400, "123456789012345678901234567890", str(2**64)])
def test_a_number_no_column_can_hold_does_not_spoil_its_row(number: str) -> None:
    batch = json_batch([b'{"a":1,"b":2}', b'{"a":%s,"b":3}' % number.encode()], ["a", "b"])
    assert (batch.rows, batch.malformed) == (2, 0)
    assert batch.columns[1].to_pylist() == [2, 3]


def test_of_a_repeated_key_the_last_value_counts() -> None:
    assert collected([json_batch([b'{"a":1,"a":2}'], ["a"])]).values == [[2]]


def test_nesting_is_counted_as_the_writer_counts_it() -> None:
    deepest: Any = 1
    for _ in range(MOST_NESTING):
        deepest = [deepest]
    assert not nested_too_deep(deepest)
    assert json_token(deepest).count("[") == MOST_NESTING
    assert nested_too_deep([deepest])
    assert nested_too_deep({"a": deepest})


def test_a_record_with_a_million_keys_costs_no_more_than_its_bytes() -> None:
    line = b"{" + b",".join(b'"k%d":%d' % (number, number) for number in range(100_000)) + b"}"
    batch = json_batch([line, line], ["k1"])
    assert batch.rows == 2
    assert len(batch.extras) == 1000


def test_a_key_of_its_own_in_every_record_makes_a_bounded_number_of_columns() -> None:
    lines = [b'{"id":%d,"k%d":1}' % (number, number) for number in range(20_000)]
    found = read_file(b"\n".join(lines), "x.jsonl")
    assert found.layout.header == ("id",)
    assert len(found.rows.rows) == 20_000
    batch = json_batch(lines, ["id"])
    assert {len(column) for column in batch.extras.values()} == {1}


def test_the_first_records_tell_columns_and_types() -> None:
    lines = [
        {"b": True, "i": 1, "f": 1, "d": "2020-01-01", "t": "10:00:00", "s": "x", "o": {}, "l": [], "m": 1, "n": None},
        {"f": 1.5, "m": "x", "dt": "2020-01-01T00:00:00"},
    ]
    data = "\n".join(map(json.dumps, lines)).encode()
    definition = SchemaDefinition((FieldDefinition("i", FieldType.STRING), FieldDefinition("gone")))
    expected = {
        "b": FieldType.BOOLEAN, "f": FieldType.NUMBER, "d": FieldType.DATE, "t": FieldType.TIME, "s": FieldType.STRING,
        "o": FieldType.OBJECT, "l": FieldType.ARRAY, "m": FieldType.ANY, "n": FieldType.ANY, "dt": FieldType.DATETIME,
    }  # fmt: skip
    for text, name in ((data, "x.jsonl"), (b"[" + data.replace(b"\n", b",") + b"]", "x.json")):
        layout = read_file(text, name, definition).layout
        assert layout.header == ("i", "gone", "b", "f", "d", "t", "s", "o", "l", "m", "n", "dt")
        assert dict(layout.inferred) == expected


def test_json_lines_may_begin_with_a_byte_order_mark() -> None:
    assert read_file(b'\xef\xbb\xbf{"a":1}\n{"a":2}', "x.jsonl").rows.rows == [(1, [1]), (2, [2])]


def test_a_file_declared_as_an_array_that_is_an_object_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="expected '\\['"):
        read_file(b'{"item": [1]}', "x", SchemaDefinition((), format="json"))


@pytest.mark.parametrize("split", [10, 100, 10_000])
def test_a_line_beyond_the_limit_is_refused_wherever_the_file_is_cut(split: int) -> None:
    data = b'{"a":1}\n' * 20 + b'{"a":"' + b"x" * 300 + b'"}\n' + b'{"a":2}\n' * 20
    with pytest.raises(UnreadableFileError, match="longer than 200 bytes"):
        read_file(data, "x.jsonl", limits=Limits(split=split, line=200, block=50))

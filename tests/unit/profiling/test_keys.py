"""Exact uniqueness: repeats are counted as a naive count of typed values does, and shown where they stand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dq.profiling.figures.row_keys import KEY_HASH, RowKeys, count_repeats
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.definition import FieldType
from tests.unit.profiling.profiled import Table, key_figures, parts, summary, tally


def repeats(texts: list[str] | pa.Array, kind: str, encoding: CellEncoding = CellEncoding.TEXT) -> tuple[int, int]:
    table = Table({"k": texts}, [{"name": "k", "type": kind}], encoding=encoding, keys=[["k"]])
    (key,) = summary(table).keys
    return key.full, key.repeated


@pytest.mark.parametrize(
    ("kind", "texts", "repeated"),
    [
        ("integer", ["1", "01", "+1", "2"], 2),
        ("integer", ["9223372036854775807", "9223372036854775806"], 0),
        ("number", ["1.0", "1.00", "1", "10e-1"], 3),
        ("number", ["0", "-0.0", "-0"], 2),
        ("decimal", ["0.1", "0.10", "+.1"], 2),
        ("decimal", ["1.00000000000000000001", "1.00000000000000000002"], 0),
        ("decimal", ["123456789012345678901234567890", "123456789012345678901234567891"], 0),
        ("boolean", ["true", "1", "TRUE", "false"], 2),
        ("date", ["2024-01-01", "2024-01-01", "2024-01-02"], 1),
        ("datetime", ["2024-01-01T00:00:00Z", "2024-01-01 01:00:00+01:00", "2024-01-01 00:00:00.0"], 2),
        ("time", ["12:00:00", "12:00:00.000"], 1),
        ("string", ["1", "01", "1 ", "1"], 1),
        ("integer", ["x", "x", "X", "1", "1.0"], 1),
        ("date", ["2024-02-30", "2024-02-30", "2024-02-29"], 1),
    ],
)
def test_keys_are_equal_as_typed_values(kind: str, texts: list[str], repeated: int) -> None:
    assert repeats(texts, kind) == (len(texts), repeated)


def test_an_unparsable_text_is_never_equal_to_a_value() -> None:
    """Text cells are hashed apart, so that 1.0 in an integer column is not the 1 beside it."""
    assert repeats(["1", "1.0", "one"], "integer") == (3, 0)
    # Polars gives zero and the empty text one hash.
    table = Table({"k": ["0", "", "0"]}, [{"name": "k", "type": "integer"}], keys=[["k"]], missing=["NA"])
    assert [(key.full, key.repeated) for key in summary(table).keys] == [(3, 1)]


def test_rows_with_a_null_in_the_key_are_not_counted() -> None:
    assert repeats(["1", "", "", "1", "2"], "integer") == (3, 1)
    table = Table(
        {"a": ["1", "1", "", "1"], "b": ["x", "", "x", "x"]}, [{"name": "a"}, {"name": "b"}], keys=[["a", "b"]]
    )
    assert [(key.full, key.repeated) for key in summary(table).keys] == [(2, 1)]


def test_the_columns_of_a_key_are_not_interchangeable() -> None:
    fields = [{"name": "a"}, {"name": "b"}]
    table = Table({"a": ["1", "2", "12", ""], "b": ["2", "1", "", "12"]}, fields, keys=[["a", "b"]], missing=["NA"])
    assert [(key.full, key.repeated) for key in summary(table).keys] == [(4, 0)]


def test_typed_keys_are_compared_by_value() -> None:
    typed = CellEncoding.TYPED
    assert repeats(pa.array([1, 2, 2, None], pa.int8()), "integer", typed) == (3, 1)
    assert repeats(pa.array([0.0, -0.0, 1.5]), "number", typed) == (3, 1)
    assert repeats(pa.array([float("nan"), float("nan"), 1.0]), "number", typed) == (3, 1)


def naive(columns: dict[str, list[str]], kinds: dict[str, str], key: list[str], missing: set[str]) -> tuple[int, int]:
    seen: set[tuple[Any, ...]] = set()
    full = 0
    for row in zip(*(columns[name] for name in key), strict=True):
        if missing.intersection(row):
            continue
        full += 1
        values = [(parse_cell(text, FieldType(kinds[name])), text) for name, text in zip(key, row, strict=True)]
        seen.add(tuple(("text", text) if value is UNPARSABLE else ("value", value) for value, text in values))
    return full, full - len(seen)


POOLS = {
    "integer": ["1", "01", "2", "x", "1.0", "", "NA", "-1"],
    "number": ["1", "1.0", "2.5", "nan", "-0.0", "0", "", "NA"],
    "decimal": ["0.1", "0.10", ".1", "5", "5.", "1e3", "", "NA"],
    "string": ["a", "b", "1", "01", "", "NA", "ü"],
    "date": ["2024-01-01", "2024-1-1", "2024-02-30", "2024-01-02", "", "NA"],
}


@pytest.mark.parametrize("seed", range(12))
def test_repeats_are_those_of_a_naive_count_however_the_file_is_cut(seed: int) -> None:
    chance = random.Random(seed)
    names = chance.sample(sorted(POOLS), 3)
    rows = chance.choice([0, 1, 40, 120])
    columns = {name: [chance.choice(POOLS[name]) for _ in range(rows)] for name in names}
    keys = [names[:1], names[:2], names]
    fields = [{"name": name, "type": name} for name in names]
    table = Table(columns, fields, keys=keys, missing=["", "NA"])
    expected = [naive(columns, {name: name for name in names}, key, {"", "NA"}) for key in keys]
    ways: list[list[int]] = [[], [chance.randrange(rows + 1) for _ in range(5)]]
    for cuts in ways:
        found = [
            (figures.full, figures.repeated)
            for figures in key_figures(parts(table, cuts, batch=chance.choice([3, 50])))
        ]
        assert found == expected


@pytest.mark.parametrize("ranges", [1, 2, 3, 7, 64, 1000])
def test_the_count_does_not_depend_on_the_number_of_ranges(ranges: int) -> None:
    numbers = np.random.default_rng(3)
    parts_ = []
    for rows in (0, 1, 5000, 3000):
        part = np.empty(rows, KEY_HASH)
        part["first"] = numbers.integers(0, 2**64, rows, np.uint64)
        part["second"] = numbers.integers(0, 2**64, rows, np.uint64)
        parts_.append(part)
    parts_[3][:500] = parts_[2][:500]
    parts_[2][4000:4100] = parts_[2][0]
    parts_[2]["first"][4500:4600] = parts_[2]["first"][1]  # half a hash in common is no repeat
    numbers_ = [part["first"] for part in parts_]  # of one number, half the hash is all there is
    for keys, repeated in ([RowKeys(hashes=part) for part in parts_], 600), ([RowKeys(one) for one in numbers_], 700):
        assert count_repeats(keys) == repeated
        dealt = [part.dealt(ranges) for part in keys]
        assert all(len(one) == ranges for one in dealt)
        assert sum(count_repeats(group) for group in zip(*dealt, strict=True)) == repeated
        sizes = [sum(map(len, group)) for group in zip(*dealt, strict=True)]
        assert sum(sizes) == 8001
        if ranges <= 7:
            assert max(sizes) < 8001 / ranges * 1.3


@pytest.mark.parametrize(
    ("numbers", "bytes_each"),
    [
        ([], 0),
        ([7], 0),
        ([5, 3, 4, 3], 1),
        (range(-50_000, 50_000), 1),
        ([0, 1, 2**16], 4),
        ([-(2**63), 2**63 - 1], 8),
    ],
)
def test_keys_travel_as_they_are_and_small(numbers: Sequence[int], bytes_each: int) -> None:
    hashes = np.ones(3, KEY_HASH)
    table = Table({"k": [str(number) for number in numbers]}, [{"name": "k", "type": "integer"}], keys=[["k"]])
    (counted,) = tally(table).taken_keys()
    keys = RowKeys(counted.keys.numbers, hashes)
    written = keys.to_bytes()
    back = RowKeys.from_bytes(written)
    assert back.numbers.tolist() == sorted(keys.numbers.tolist())
    assert np.array_equal(back.hashes, hashes)
    assert len(back) == len(keys) == len(numbers) + 3
    assert len(written) <= 64 + hashes.nbytes + bytes_each * max(len(numbers) - 1, 0)


def test_the_first_repeats_are_shown_with_their_lines() -> None:
    texts = [str(row % 40) for row in range(100)]
    table = Table({"k": texts, "v": ["x"] * 100}, [{"name": "k", "type": "integer"}, {"name": "v"}], keys=[["k", "v"]])
    for batch in (1000, 7):
        (key,) = summary(table, batch=batch).keys
        assert key.repeated == 60
        assert [(one.line, one.text) for one in key.examples[:3]] == [(41, "0, x"), (42, "1, x"), (43, "2, x")]
        assert len(key.examples) == 25


def test_a_key_can_be_dealt_into_all_ranges_there_are() -> None:
    hashes = np.zeros(2, KEY_HASH)
    hashes["first"] = [0, 2**64 - 1]
    dealt = RowKeys(hashes=hashes).dealt(65536)
    assert (len(dealt), len(dealt[0]), len(dealt[-1])) == (65536, 1, 1)


def test_no_rows_have_no_repeats() -> None:
    assert count_repeats([RowKeys()]) == 0
    assert repeats([], "integer") == (0, 0)
    assert repeats(["", ""], "integer") == (0, 0)

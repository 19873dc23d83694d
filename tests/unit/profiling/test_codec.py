"""Stored profiles: read back as they were, refused when they are something else, and readable by later versions."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pyarrow as pa
import pytest

from dq.profiling.cells.parsing import Parsed
from dq.profiling.figures.hashing import hash_values
from dq.profiling.profile import codec
from dq.profiling.profile.codec import ProfileCodecError, decode_profile, encode_profile
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.profile.profile_state import ProfileState, state_of
from dq.profiling.profile.state_codec import STATE, decode_state, encode_state
from dq.profiling.summary.summarise_state import summarise_state
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.definition import FieldType
from tests.unit.profiling.profiled import Table, opened, profile

EVERYTHING = Table(
    {
        "i": ["1", "-2", "x", ""],
        "n": ["1.5", "-0.0", "1e300", ""],
        "c": ["0.10", "123456789012345678901234567890.5", "x", ""],
        "b": ["true", "0", "maybe", ""],
        "d": ["2024-02-29", "0001-01-01", "9999-12-31", ""],
        "m": ["2024-02-29 12:00:00.000001", "0001-01-01 00:00:00", "9999-12-31 23:59:59", ""],
        "t": ["00:00:00", "23:59:59.999999", "x", ""],
        "s": ["ü", "😀" * 300, "x", ""],
        "o": ['{"a": 1}', "[]", "x", ""],
    },
    [
        {"name": "i", "type": "integer", "min": 0, "max": 0},
        {"name": "n", "type": "number"},
        {"name": "c", "type": "decimal"},
        {"name": "b", "type": "boolean"},
        {"name": "d", "type": "date"},
        {"name": "m", "type": "datetime"},
        {"name": "t", "type": "time"},
        {"name": "s"},
        {"name": "o", "type": "object"},
    ],
)


def state(table: Table) -> ProfileState:
    return state_of(profile(table).settled(), table.recipe, table.definition, source="s3://b/k 1", size=7)


def test_a_profile_with_every_type_is_read_back_as_it_was() -> None:
    written = profile(EVERYTHING)
    read = decode_profile(encode_profile(written))
    assert encode_profile(read) == encode_profile(written)
    assert read.columns == written.columns
    assert read.columns is not None
    assert [type(column.maximum) for column in read.columns] == [
        int, float, Decimal, bool, date, datetime, time, str, str,
    ]  # fmt: skip
    assert [column.minimum for column in read.columns][:7] == [
        -2, 0.0, Decimal("0.1"), False, date.min, datetime(1, 1, 1), time.min,  # noqa: DTZ001
    ]  # fmt: skip


@pytest.mark.parametrize(
    "nothing", [FileProfile(), profile(Table({})), profile(Table({"a": []})), profile(Table({"a": [""]}))]
)
def test_a_profile_of_next_to_nothing_is_read_back_as_it_was(nothing: FileProfile) -> None:
    assert encode_profile(decode_profile(encode_profile(nothing))) == encode_profile(nothing)


def test_a_state_is_read_back_as_it_was() -> None:
    for each in (ProfileState(), state(EVERYTHING), state(EVERYTHING) + state(EVERYTHING)):
        merged = decode_state(encode_state(each)) + state(EVERYTHING)
        assert encode_state(merged) == encode_state(each + state(EVERYTHING))
        read = decode_state(encode_state(each))
        assert encode_state(read) == encode_state(each)
        assert (read.columns, read.keys, read.files, read.bytes) == (each.columns, each.keys, each.files, each.bytes)
        assert read.profile.columns == each.profile.columns


def test_what_follows_from_a_small_files_sample_is_not_stored_and_made_again() -> None:
    """Also in a merge of small files; a large one's sketches are stored."""
    texts = [f"text {number}" for number in range(900)]
    table = Table(
        {"a": texts, "n": [str(number) for number in range(900)]}, [{"name": "a"}, {"name": "n", "type": "integer"}]
    )
    long = Table({"a": [text * 40 for text in texts]}, [{"name": "a"}])
    for each, hashed in ((table, False), (long, True)):
        whole = state(each)
        assert whole.profile.columns is not None
        assert (whole.profile.columns[0].distinct.hashes.tobytes() in opened(encode_state(whole))) == hashed
        for kept in (whole, whole + whole):
            assert decode_state(encode_state(kept)).profile.columns == kept.profile.columns
            sample = kept.profile.sample
            assert sample is not None
            assert (sample.priority.tobytes() in opened(encode_state(kept))) == (kept.files > 1)


FOREIGN = [b"", b"\x00", b"PAR1", b"{}", b"\x80", b"\x93\x01", b'["dq.profile.state",2]', bytes(range(256)), b"\xc1"]


@pytest.mark.parametrize("data", FOREIGN)
def test_other_bytes_are_refused(data: bytes) -> None:
    for decode in (decode_state, decode_profile):
        with pytest.raises(ProfileCodecError, match="profile the file again"):
            decode(data)


@pytest.mark.parametrize("body", [None, 1, "x", [], [1], {"a": 1}, [STATE], [STATE, codec.VERSION], [STATE, None, 1]])
def test_other_messages_are_refused(body: Any) -> None:  # noqa: ANN401
    with pytest.raises(ProfileCodecError, match="profile the file again"):
        decode_state(msgpack.packb(body))


def test_a_profile_of_another_layout_is_refused_by_name() -> None:
    newer = msgpack.packb([STATE, 99])
    with pytest.raises(ProfileCodecError, match=r"layout 99, this version reads \d+; profile the file again"):
        decode_state(newer)


def test_a_part_of_a_profile_and_a_state_are_not_mistaken_for_each_other() -> None:
    with pytest.raises(ProfileCodecError):
        decode_state(encode_profile(profile(EVERYTHING)))
    with pytest.raises(ProfileCodecError):
        decode_profile(encode_state(state(EVERYTHING)))


def test_a_damaged_profile_is_refused_and_breaks_nothing_else() -> None:
    data = encode_state(state(EVERYTHING))
    for cut in range(0, len(data), 97):
        with pytest.raises(ProfileCodecError):
            decode_state(data[:cut])


STORED = Path(__file__).parent / f"stored_state_{codec.VERSION}.bin"


def test_a_state_stored_by_this_layout_stays_readable() -> None:
    """Written once; when the layout has to change, give it a new number and store a new one beside it."""
    stored = summarise_state(decode_state(STORED.read_bytes()))
    fresh = summarise_state(state(EVERYTHING))
    assert stored == fresh
    merged = decode_state(STORED.read_bytes()) + state(EVERYTHING)
    assert [column.distinct for column in summarise_state(merged).columns] == [
        column.distinct for column in fresh.columns
    ]


PINNED: list[tuple[list[float], list[int]]] = [
    ([0, 1, -1, 2**63 - 1], [5197578548964807871, 11385487063155714807, 17492683508065611904, 4136705488814653760]),
    ([0.0, 1.5, -1e300], [5197578548964807871, 8778262762665239311, 5531196224866469831]),
]
PINNED_TEXT = [3244421341483603138, 16629034431890738719, 13212855025755556678, 2910446557406061734]


def test_the_hashes_of_stored_sketches_do_not_change() -> None:
    """Sketches outlive a version; those of text are what XXH3's reference implementation gives with seed 0."""
    for numbers, expected in PINNED:
        assert hash_values(Parsed(None, None, np.array(numbers)), FieldType.NUMBER).tolist() == expected
    text = pa.array(["", "a", "zone 12", "ü" * 50])
    assert hash_values(Parsed(None, text, None), FieldType.STRING).tolist() == PINNED_TEXT


def test_a_state_hashed_by_another_version_is_refused() -> None:
    body = msgpack.unpackb(encode_state(state(EVERYTHING)), strict_map_key=False)
    body[2] = b"another" + body[2]
    with pytest.raises(ProfileCodecError, match="hashed in another way; profile the file again"):
        decode_state(msgpack.packb(body))


def hashes(kind: FieldType, texts: list[str]) -> list[int]:
    table = Table({"a": texts}, [{"name": "a", "type": kind.value}])
    found = profile(table).columns
    assert found is not None
    hashed: list[int] = found[0].distinct.hashes.tolist()
    return hashed


def test_equal_values_have_one_hash_however_they_are_written() -> None:
    assert len(hashes(FieldType.INTEGER, ["1", "01", "+1", "0001"])) == 1
    assert len(hashes(FieldType.NUMBER, ["1", "1.0", "10e-1", "+1."])) == 1
    assert len(hashes(FieldType.NUMBER, ["0", "-0.0", "0e5"])) == 1
    assert len(hashes(FieldType.DECIMAL, ["0.1", ".10", "+00.1"])) == 1
    assert len(hashes(FieldType.BOOLEAN, ["true", "1", "TRUE"])) == 1
    assert len(hashes(FieldType.DATETIME, ["2024-01-01T00:00:00Z", "2024-01-01 01:00:00+01:00"])) == 1


def test_a_value_has_one_hash_in_every_format() -> None:
    """Profiles of a CSV and of a Parquet file of one layout merge."""
    typed = {
        FieldType.INTEGER: pa.array([5], pa.int8()),
        FieldType.NUMBER: pa.array([5.5], pa.float32()),
        FieldType.DECIMAL: pa.array([Decimal("5.50")], pa.decimal128(10, 2)),
        FieldType.DATE: pa.array([date(2024, 1, 2)]),
        FieldType.DATETIME: pa.array([datetime(2024, 1, 2, 3)], pa.timestamp("ns")),  # noqa: DTZ001
        FieldType.TIME: pa.array([time(3, 4)], pa.time32("s")),
        FieldType.BOOLEAN: pa.array([True]),
        FieldType.STRING: pa.array(["x"]),
    }
    written = ["5", "5.5", "5.5", "2024-01-02", "2024-01-02T03:00:00", "03:04:00", "true", "x"]
    for (kind, cells), text in zip(typed.items(), written, strict=True):
        table = Table({"a": cells}, [{"name": "a", "type": kind.value}], encoding=CellEncoding.TYPED)
        found = profile(table).columns
        assert found is not None
        assert found[0].distinct.hashes.tolist() == hashes(kind, [text]), kind


def test_seeds_give_independent_hashes() -> None:
    values = Parsed(None, pa.array([str(number) for number in range(1000)]), np.arange(1000))
    one, other = (hash_values(values, FieldType.INTEGER, seed) for seed in (1, 2))
    assert not np.isin(one, other).any()

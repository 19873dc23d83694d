"""Keys of a file too many to hold are counted as if they were held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from dq.engine.keys import gathered_keys
from dq.engine.keys.gathered_keys import GatheredKeys
from dq.profiling.figures.row_keys import KEY_HASH, RowKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt


def as_hashes(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.void]:
    """Hashes of which the first halves of neighbours are equal, as hardly any are."""
    hashes = np.zeros(len(numbers), KEY_HASH)
    hashes["first"] = (numbers // np.uint64(2)) * np.uint64(0x9E3779B97F4A7C15)
    hashes["second"] = numbers
    return hashes


def some_repeat(draw: np.random.Generator, rows: int) -> npt.NDArray[np.uint64]:
    return draw.integers(0, 700, rows, dtype=np.uint64)


def all_differ(draw: np.random.Generator, rows: int) -> npt.NDArray[np.uint64]:
    return draw.integers(0, 2**63, rows, dtype=np.uint64)


def all_are_equal(_draw: np.random.Generator, rows: int) -> npt.NDArray[np.uint64]:
    return np.full(rows, 7, np.uint64)


def one_is_frequent(draw: np.random.Generator, rows: int) -> npt.NDArray[np.uint64]:
    return np.where(draw.random(rows) < 0.3, np.uint64(1), draw.integers(0, 2**63, rows, dtype=np.uint64))


KINDS = [some_repeat, all_differ, all_are_equal, one_is_frequent]


def parts(kind: Callable[[np.random.Generator, int], npt.NDArray[np.uint64]], seed: int = 1) -> list[RowKeys]:
    draw = np.random.default_rng(seed)
    return [RowKeys(kind(draw, rows), as_hashes(kind(draw, rows // 2))) for rows in (500, 0, 15_000, 3, 2_000)]


def gathered(some: Sequence[RowKeys], most_held: int) -> GatheredKeys[str]:
    keys: GatheredKeys[str] = GatheredKeys(most_held)
    for one in some:
        keys.add("key", one)
    return keys


def repeats(some: Sequence[RowKeys]) -> tuple[int, int]:
    """The count by plain Python."""
    rows = [("number", int(one)) for part in some for one in part.numbers]
    rows += [("hash", int(one)) for part in some for one in part.hashes["second"]]
    return len(rows), len(rows) - len(set(rows))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("most_held", [0, 20_000, 10**9])
def test_keys_are_counted_the_same_in_memory_and_on_disk(
    kind: Callable[..., npt.NDArray[np.uint64]], most_held: int
) -> None:
    some = parts(kind)
    keys = gathered(some, most_held)
    assert keys.count("key") == keys.count("key") == repeats(some)
    assert (keys._file is None) == (most_held == 10**9)
    keys.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_range_too_large_to_be_held_is_counted_in_parts(
    kind: Callable[..., npt.NDArray[np.uint64]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathered_keys, "_MOST_COUNTED", 500)
    some = parts(kind)
    keys = gathered(some, 0)
    assert keys.count("key") == repeats(some)
    counted = [part.nbytes for part in keys._by_range("key")]
    assert max(counted) < 4 * 500
    keys.close()


def test_one_key_in_all_rows_takes_hardly_any_room_on_disk() -> None:
    """No range can be cut through equal keys, so they must not pile up."""
    keys = gathered([RowKeys(np.full(100_000, 7, np.uint64)) for _ in range(20)], 0)
    assert keys.count("key") == (2_000_000, 1_999_999)
    assert sum(chunk.size(at) for chunk in keys._chunks["key"] for at in range(chunk.ranges)) == 20 * 8
    keys.close()


def test_keys_that_were_dealt_once_are_dealt_apart_again() -> None:
    """What meets in a place of the merge is of one range of the file, and lies in many on disk all the same."""
    dealt = RowKeys(np.arange(400_000, dtype=np.uint64)).dealt(64)
    keys = gathered([dealt[5]], 0)
    (chunk,) = keys._chunks["key"]
    sizes = [chunk.size(at) for at in range(chunk.ranges)]
    assert sum(sizes) == 8 * len(dealt[5])
    assert max(sizes) < 2.5 * sum(sizes) / len(sizes)
    keys.close()


@pytest.mark.parametrize("most_held", [0, 20_000, 10**9])
@pytest.mark.parametrize("ranges", [1, 3])
def test_keys_of_a_part_are_dealt_the_same_in_memory_and_on_disk(most_held: int, ranges: int) -> None:
    some = parts(all_differ)
    keys = gathered(some, most_held)
    found: dict[int, list[int]] = {}
    for number, dealt in keys.dealt("key", ranges):
        found.setdefault(number, []).extend([*dealt.numbers.tolist(), *dealt.hashes["second"].tolist()])
    expected = RowKeys(np.concatenate([one.numbers for one in some]), np.concatenate([one.hashes for one in some]))
    for number, one in enumerate(expected.dealt(ranges)):
        assert sorted(found[number]) == sorted([*one.numbers.tolist(), *one.hashes["second"].tolist()])
    keys.close()


@pytest.mark.parametrize("held", [(0, 0), (0, 10**9), (10**9, 0), (10**9, 10**9)])
def test_keys_of_parts_are_counted_together(held: tuple[int, int]) -> None:
    some = parts(some_repeat)
    whole = gathered(some[:2], held[0])
    later = gathered(some[2:], held[1])
    later.add("other", some[0])
    whole.absorb(later)
    assert whole.count("key") == repeats(some)
    assert whole.count("other") == repeats(some[:1])
    assert later.names == []
    whole.close()


def test_names_share_the_memory_and_the_file() -> None:
    """Twenty keys of a definition take no more of either than one."""
    keys: GatheredKeys[int] = GatheredKeys(20 * 8 * 100)
    for _ in range(3):
        for name in range(20):
            keys.add(name, RowKeys(np.arange(100, dtype=np.uint64)))
        assert keys._bytes <= 20 * 8 * 100
    assert keys._file is not None
    assert [keys.count(name) for name in keys.names] == [(300, 200)] * 20
    keys.close()


def test_the_disk_is_given_back() -> None:
    keys = gathered(parts(all_differ), 0)
    assert keys._file is not None
    file = keys._file._file
    keys.close()
    assert file.closed
    assert keys.names == []

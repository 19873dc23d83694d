"""Keys of a file too many to hold are counted as if they were held."""

from __future__ import annotations

import numpy as np
import pytest

from dq.engine.byte_ranges.gathered_keys import GatheredKeys
from dq.profiling.figures.keys import KEY_HASH, RowKeys


def parts(seed: int) -> list[RowKeys]:
    """Some parts with numbers and hashes, many of which repeat, also between parts."""
    draw = np.random.default_rng(seed)
    found = []
    for rows in (500, 0, 1500, 3):
        hashes = np.zeros(rows // 2, KEY_HASH)
        hashes["first"] = draw.integers(0, 2**63, rows // 2, dtype=np.uint64) >> np.uint64(draw.integers(40, 56))
        hashes["second"] = hashes["first"]
        found.append(RowKeys(draw.integers(0, 700, rows, dtype=np.uint64), hashes))
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("most_held", [0, 5_000, 20_000])
def test_keys_on_disk_count_as_keys_in_memory(seed: int, most_held: int) -> None:
    """Wherever the change from one to the other falls."""
    held, put_away = GatheredKeys(), GatheredKeys(most_held)
    for part in parts(seed):
        held.add(part)
        put_away.add(part)
    assert put_away.rows == held.rows
    assert put_away.repeats() == held.repeats() > 1000
    put_away.close()


def test_the_disk_is_given_back() -> None:
    keys = GatheredKeys(most_held=0)
    keys.add(parts(1)[0])
    files = [one for pair in keys._files for one in (pair.numbers, pair.hashes)]
    assert len(files) == 128
    keys.close()
    assert all(file.closed for file in files)

"""Columns that only turn up while a JSON file is read: a bounded number, counted to the last cell in any parts."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from dq.engine import small
from dq.engine.profile_files import profile_files
from dq.formats.limits import Limits
from dq.profiling.profile.codec import encode_profile
from dq.profiling.profile.file_profile import MOST_EXTRAS, FileProfile
from dq.profiling.tally.file_tally import FileTally
from dq.profiling.tally.recipe import CellEncoding, make_recipe
from dq.profiling.tally.row_batch import RowBatch
from etl_core.objects.store import ObjectStore
from tests.engine.batches import local_sources, readable

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

ROWS = 4000


@pytest.fixture
def records() -> list[dict[str, int]]:
    """Records without a key but `id` in the first ones, then with some of 1500 others, the last names first."""
    chance = random.Random(3)
    rare = [{f"k{chance.randrange(max(1499 - number, 0), 1500):04}": number} for number in range(ROWS)]
    return [{"id": number, **(rare[number] if number > 1000 else {})} for number in range(ROWS)]


@pytest.mark.parametrize("lane", ["threads", "spark tasks"])
@pytest.mark.parametrize("split", [1 << 20, 8000, 1500])
def test_the_first_by_name_are_counted_exactly(
    spark: SparkSession,
    tmp_path: Path,
    records: list[dict[str, int]],
    lane: str,
    split: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(small, "SMALL_BYTES", 0)
    path = tmp_path / "records.jsonl"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    found = profile_files(
        local_sources([path], None),
        store=ObjectStore(),
        spark=spark if lane == "spark tasks" else None,
        limits=Limits(split=split, block=3000),
    )
    counts = Counter(name for record in records for name in record if name != "id")
    assert len(counts) > MOST_EXTRAS
    columns = readable(found[0]).columns
    assert [column.name for column in columns] == ["id", *sorted(counts)[:MOST_EXTRAS]]
    assert {column.name: ROWS - column.nulls for column in columns[1:]} == {
        name: counts[name] for name in sorted(counts)[:MOST_EXTRAS]
    }


def part(number: int, names: list[str]) -> FileProfile:
    recipe = make_recipe(("id",), None, encoding=CellEncoding.JSON)
    tally = FileTally(recipe, number)
    for start in range(0, len(names), 400):
        extras = {name: pa.array([number]) for name in names[start : start + 400]}
        tally.add(RowBatch([pa.array([1])], 1, lines=1, extras=extras))
    return tally.profile()


def test_the_order_of_merging_changes_nothing() -> None:
    chance = random.Random(5)
    names = [f"name {number}" for number in range(2500)]
    parts = [part(number, chance.sample(names, chance.choice([0, 3, 900, 1800]))) for number in range(8)]
    whole = sum(parts, FileProfile())
    assert len(whole.extras) == MOST_EXTRAS
    for seed in range(3):
        left = [*parts, FileProfile()]
        random.Random(seed).shuffle(left)
        while len(left) > 1:
            left.append(left.pop(0) + left.pop(random.Random(seed).randrange(len(left))))
        assert encode_profile(left[0]) == encode_profile(whole)
        assert list(left[0].extras) == list(whole.extras)

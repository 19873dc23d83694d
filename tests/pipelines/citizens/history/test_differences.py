"""What a snapshot says differently from the state before it, decided without a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.citizens.history.differences import Differences, differences
from pipelines.citizens.history.row_hashes import KEY_HASH, ROW_HASH, with_hashes
from tests.pipelines.citizens.history.histories import THINGS, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.pipelines.citizens.history.oracle import Key, Values

A, B = ("A", None), ("B", None)


def said(rows: Mapping[Key, Values]) -> pa.Table:
    return with_hashes(table_of(THINGS, rows), THINGS)


def state(rows: Mapping[Key, Values]) -> pa.Table:
    return said(rows).select([KEY_HASH, ROW_HASH, "a", "b"])


def counts(found: Differences) -> tuple[int, int, int, int]:
    return found.new, found.changed, found.gone, found.twins


def test_only_rows_that_differ_are_left_and_what_is_gone_has_its_key_alone() -> None:
    before = {("same", "1"): A, ("other", "1"): A, ("gone", "1"): B}
    found = differences(said({("same", "1"): A, ("other", "1"): B, ("new", "1"): B}), state(before), THINGS)
    assert counts(found) == (1, 1, 1, 0)
    rows = {row["a"]: row for row in found.rows.to_pylist()}
    assert set(rows) == {"other", "new", "gone"}
    was = dict(zip(before, state(before)[ROW_HASH].to_pylist(), strict=True))
    assert (rows["other"]["before_hash"], rows["other"]["name"]) == (was["other", "1"], "B")
    assert (rows["new"]["before_hash"], rows["new"]["name"]) == (None, "B")
    assert (rows["gone"]["before_hash"], rows["gone"][ROW_HASH], rows["gone"]["name"]) == (was["gone", "1"], None, None)


def test_in_the_first_snapshot_all_is_new_and_in_an_empty_one_all_is_gone() -> None:
    rows = {("a", "1"): A, ("b", "1"): B}
    assert counts(differences(said(rows), state({}), THINGS)) == (2, 0, 0, 0)
    assert counts(differences(said({}), state(rows), THINGS)) == (0, 0, 2, 0)


def test_a_key_with_the_hash_of_another_one_is_counted() -> None:
    rows = said({("a", "1"): A, ("b", "1"): A})
    one_hash = pa.array([7, 7], pa.int64())
    at = rows.column_names.index(KEY_HASH)
    twins = rows.set_column(at, KEY_HASH, one_hash)
    assert differences(twins, state({}), THINGS).twins == 1
    earlier = twins.select([KEY_HASH, ROW_HASH, "a", "b"])[1:]
    assert differences(twins[:1], earlier, THINGS).twins == 1

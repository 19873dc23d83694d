"""What is made of rows that passed, in the pass that checks them and in the one behind it where some of them fail."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipelines.etl.errors import FlowError, UnfitValueError
from tests.pipelines.etl.etl_world import FIRST, EtlWorld

if TYPE_CHECKING:
    from pathlib import Path as FolderPath

_STEPS = "    email: [trim, lower]\n    age: {pad: [5, '0']}\n    cents: {scale: 0.01}\n    exact: {scale: 1000}\n"
_FIELDS = "".join(f"\n    - {{name: {name}, type: {kind}}}" for name, kind in (
    ("age", "integer"), ("cents", "integer"), ("exact", "decimal"), ("born", "date")
))  # fmt: skip
_ROWS = """
SELECT n AS id, ' U' || n || '@EXAMPLE.ORG' AS email, n AS age, DATE '2026-01-01' AS born,
       n * 101::bigint AS cents, n + 0.125 AS exact,
       {total} AS total_spent
FROM generate_series(1, {rows}) AS n
"""


def _shaped(world: EtlWorld, folder: FolderPath, **parts: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run the checks of a flow anew: the rows that are left, and the report."""
    parts["total"] = parts.get("total", "{name: total_spent, type: number, min: 0}") + _FIELDS
    flow = world.with_flow(folder, share="max_failed_share: 0.5", score="min_score: 0", **parts)
    done = flow.run(FIRST, ("extract", "transform")).steps[-1]
    report = max(Path(world.root).glob("*/*/report/*"))
    rows = pq.read_table(done.place or "").to_pylist() if done.state == "done" else []
    return sorted(rows, key=lambda row: row["id"]), json.loads(report.read_bytes())


def test_where_a_row_cannot_be_shaped_the_others_and_the_verdict_are_what_they_were(
    world: EtlWorld, tmp_path: Path
) -> None:
    """One number fails, and its steps leave no number: nothing can be derived of its part before it is out of it."""
    good = _ROWS.format(total="n * 60", rows=20)
    one_bad = _ROWS.format(total="CASE WHEN n = 21 THEN -1 ELSE n * 60 END", rows=21)
    steps = f"{_STEPS}    total_spent: {{map: {{'-1': none}}}}\n"
    passed, _ = _shaped(world, tmp_path / "good", query=good, silver=steps)
    others, told = _shaped(world, tmp_path / "bad", query=one_bad, silver=steps)
    assert len(passed) == 20
    assert others == passed
    assert (others[0]["age"], others[0]["total_spent"], others[1]["customer_segment"]) == ("00001", "60", "Silver")
    _, unshaped = _shaped(world, tmp_path / "as_they_are", query=one_bad, silver="    email: [lower]\n")
    for name in ("rows", "rejected", "score", "passed", "rules", "metrics", "deductions"):
        assert told[name] == unshaped[name], name
    assert told["rejected"] == 1


def test_steps_take_numbers_as_the_texts_that_they_are(world: EtlWorld, tmp_path: Path) -> None:
    rows, _ = _shaped(world, tmp_path / "flows", query=_ROWS.format(total="n * 60.0", rows=2), silver=_STEPS)
    assert [(row["age"], row["cents"], Decimal(row["exact"]), row["email"]) for row in rows] == [
        ("00001", "1.01", Decimal(1125), "u1@example.org"), ("00002", "2.02", Decimal(2125), "u2@example.org")
    ]  # fmt: skip


def test_a_step_that_can_do_nothing_with_a_column_and_a_value_that_is_no_number_are_named(
    world: EtlWorld, tmp_path: Path
) -> None:
    query = _ROWS.format(total="n * 60", rows=2)
    with pytest.raises(
        FlowError, match=r"column 'born' has values of type date32\[day\], and step 'pad'.*in the query"
    ):
        _shaped(world, tmp_path / "a", query=query, silver="    born: {pad: [12, '0']}\n")
    with pytest.raises(UnfitValueError, match="shaping the rows of user_analytics: the column total_spent, from which"):
        _shaped(world, tmp_path / "b", query=query, silver="    total_spent: {map: {'120': much}}\n")

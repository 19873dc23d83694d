"""A day of the shipped flow, from its source to its table: what changes it, and what does not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from etl_core.errors import UsageError
from etl_core.shipped_files import shipped_file
from pipelines.etl.errors import MissingStepError, SourceChangedError, StaleExtractError
from pipelines.etl.ledger.steps import STEPS
from pipelines.etl.run_flow import run_days
from tests.pipelines.etl.etl_world import FIRST, SECOND, THIRD, EtlWorld

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from etl_core.objects.store import ObjectStore
    from pipelines.etl.run_flow import DayOutcome

_DONE = [(step, "done") for step in STEPS]
_SKIPPED = [(step, "skipped") for step in STEPS]


def _states(outcome: DayOutcome) -> list[tuple[str, str]]:
    return [(row.step, row.state) for row in outcome.steps]


def test_a_day_comes_to_its_table_with_the_totals_over_all_orders(world: EtlWorld) -> None:
    outcome = world.run(FIRST)
    assert _states(outcome) == _DONE
    assert [row[:-1] for row in world.loaded()] == [
        (1, "ada@example.com", "Ada", 2, "110.50", "Silver"),
        (2, "bob@example.com", "Bob", 1, "1200.00", "Gold"),
        (3, "cy@example.com", "Cy", 1, "99.99", "Bronze"),
        (4, "dee@example.com", "Dee", 0, "0.00", "Bronze"),
        (5, "eve@example.com", "Eve", 1, "15.25", "Bronze"),
    ]
    extracted, shaped, loaded = (row.counts for row in outcome.steps)
    assert extracted is not None
    assert shaped is not None
    assert loaded is not None
    assert extracted.rows_in == (loaded.rows_out + shaped.rows_rejected) == 5
    assert (loaded.rows_inserted, loaded.rows_updated, loaded.rows_unchanged) == (5, 0, 0)
    audit = "SELECT step, status, rows_in, rows_out FROM pipeline.audit ORDER BY at"
    assert world.rows(world.ledger_url, audit) == [(step, "succeeded", 5, 5) for step in STEPS]


def test_again_nothing_is_done_and_no_row_is_touched_until_a_late_order_comes(world: EtlWorld) -> None:
    world.run(FIRST)
    before = world.loaded()
    assert _states(world.run(FIRST)) == _SKIPPED
    assert world.loaded() == before
    full = world.run(FIRST, full=True)
    assert _states(full) == _DONE
    assert full.steps[-1].message == "0 inserted, 0 updated, 5 unchanged"
    assert world.loaded() == before
    world.change(world.source_url, "INSERT INTO orders VALUES (6, 4, 100.00, '2026-01-01 23:59:59.999999+00')")
    late = world.run(FIRST)
    assert late.steps[-1].message == "0 inserted, 1 updated, 4 unchanged"
    changed = [row for row, old in zip(world.loaded(), before, strict=True) if row != old]
    assert [row[:-1] for row in changed] == [(4, "dee@example.com", "Dee", 1, "100.00", "Silver")]


def test_a_window_takes_what_changed_in_it_and_its_bounds_are_midnights(world: EtlWorld) -> None:
    """User 5 changed on the 2nd, and user 1 has an order of it; user 3 has one in the last moment of the 3rd."""
    world.run(SECOND)
    assert [row[0] for row in world.loaded()] == [1, 5]
    world.run(THIRD)
    assert [row[0] for row in world.loaded()] == [1, 3, 5]


def test_days_that_were_not_loaded_are_caught_up_in_order_and_from_where_it_stopped(
    world: EtlWorld, tmp_path: Path
) -> None:
    days = (FIRST, SECOND, THIRD)
    world.change(world.source_url, "UPDATE users SET email = NULL WHERE id = 5")
    strict = world.with_flow(tmp_path / "flows", partitions="partition_on: id\n  partitions: 2")
    world.run(THIRD)
    stopped = list(run_days(days, strict.doors()))
    assert [(one.day, one.failed) for one in stopped] == [(FIRST, True)]
    world.change(world.source_url, "UPDATE users SET email = 'eve@example.com' WHERE id = 5")
    resumed = list(run_days(days, strict.doors()))
    assert [(one.day, len(one.steps)) for one in resumed] == [(FIRST, 3), (SECOND, 3), (THIRD, 0)]
    assert [row[0] for row in world.loaded()] == [1, 2, 3, 4, 5]


def test_rows_that_fail_stop_the_load_unless_the_gate_allows_their_share(world: EtlWorld, tmp_path: Path) -> None:
    world.change(
        world.source_url, "UPDATE users SET email = NULL WHERE id = 5; UPDATE orders SET total = -1 WHERE id = 4"
    )
    stopped = world.run(FIRST)
    assert _states(stopped) == [("extract", "done"), ("transform", "failed")]
    assert world.loaded() == []
    report = json.loads(Path(stopped.steps[-1].place or "").read_bytes())
    assert report["stopped"]
    assert "2 of 5 rows fail (40.00%), and none may" in report["reasons"][0]
    assert report["rejected"] == 2
    allowing = world.with_flow(tmp_path / "flows", share="max_failed_share: 0.4")
    passed = allowing.run(FIRST)
    assert _states(passed) == [("extract", "skipped"), ("transform", "done"), ("load", "done")]
    assert [row[0] for row in world.loaded()] == [1, 2, 4]
    assert world.loaded()[0][4] == "110.50"
    rejected = pq.read_table(next(Path(world.root).glob("*/2026-01-01/rejected/*"))).to_pylist()
    found = {row["id"]: [one["message"] for one in row["_findings"]] for row in rejected}
    assert found == {3: ["-1.00 is below 0"], 5: ["required and null"]}
    assert {row["id"]: str(row["total_spent"]) for row in rejected} == {3: "-1.00", 5: "15.25"}
    counts = passed.steps[1].counts
    assert counts is not None
    assert (counts.rows_in, counts.rows_out, counts.rows_rejected) == (5, 3, 2)


@pytest.mark.parametrize(
    ("part", "instead", "change", "reason"),
    [
        (
            "total",
            "{name: total_spent, type: number, min: {value: 0, severity: critical}}",
            "UPDATE orders SET total = -1 WHERE id = 4",
            "a critical rule failed: total_spent: min",
        ),
        ("count", "rowCount: {min: 6}", "SELECT 1", "a rule that no row can be left out for failed: rowCount"),
    ],
)
def test_a_rule_of_weight_stops_the_load_whatever_share_may_fail(
    part: str, instead: str, change: str, reason: str, world: EtlWorld, tmp_path: Path
) -> None:
    world.change(world.source_url, change)
    flow = world.with_flow(tmp_path / "flows", share="max_failed_share: 1", score="min_score: 0", **{part: instead})
    outcome = flow.run(FIRST)
    assert _states(outcome) == [("extract", "done"), ("transform", "failed")]
    assert reason in (outcome.steps[-1].message or "")
    assert world.loaded() == []


def test_a_day_without_any_change_stops_by_its_row_count_or_loads_nothing(world: EtlWorld, tmp_path: Path) -> None:
    empty = date(2025, 12, 1)
    assert "rowCount" in (world.run(empty).steps[-1].message or "")
    flow = world.with_flow(tmp_path / "flows", count="rowCount: {min: 0}")
    outcome = flow.run(empty)
    assert _states(outcome) == [("extract", "skipped"), ("transform", "done"), ("load", "done")]
    assert outcome.steps[-1].message == "0 inserted, 0 updated, 0 unchanged"


def test_a_source_whose_columns_changed_is_named_before_anything_is_read(world: EtlWorld) -> None:
    world.change(world.source_url, "ALTER TABLE users RENAME COLUMN email TO mail")
    with pytest.raises(SourceChangedError, match=r"column u\.email does not exist") as caught:
        world.run(FIRST)
    assert "mend the query" in str(caught.value)
    assert world.steps() == [("extract", "failed")]


def test_a_column_of_another_type_stops_at_the_checks_and_one_that_is_new_at_the_table(
    world: EtlWorld, tmp_path: Path
) -> None:
    world.change(world.source_url, "ALTER TABLE orders ALTER total TYPE text")
    text = world.with_flow(tmp_path / "text", query=_TOTALS_AS_TEXT)
    assert "total_spent" in (text.run(FIRST).steps[-1].message or "")
    more = world.with_flow(tmp_path / "more", query="SELECT id, email, 'x' AS phone, 1.5 AS total_spent FROM users")
    with pytest.raises(Exception, match="it has no column phone, which the rows have"):
        more.run(FIRST)


_TOTALS_AS_TEXT = "SELECT u.id, email, name, u.created_at, 1 AS order_count, '5' AS total_spent FROM users u"


def test_a_step_is_run_by_itself_where_its_forerunner_was(world: EtlWorld) -> None:
    with pytest.raises(MissingStepError, match=r"needs the rows of extract, .* --step extract"):
        world.run(FIRST, ("transform",))
    world.run(FIRST, ("extract",))
    with pytest.raises(MissingStepError, match="needs the rows of transform"):
        world.run(FIRST, ("load",))
    world.run(FIRST, ("transform",))
    world.run(FIRST, ("load",))
    assert len(world.loaded()) == 5
    world.change(world.source_url, "UPDATE users SET name = 'Ada L.' WHERE id = 1")
    world.run(FIRST, ("extract",))
    with pytest.raises(MissingStepError, match="needs the rows of transform"):
        world.run(FIRST, ("load",))


def test_rows_of_an_earlier_moment_do_not_replace_those_of_a_later_one(world: EtlWorld) -> None:
    """User 1 changed on the 1st and has an order of the 2nd, which was read, and loaded, in between."""
    world.run(FIRST, ("extract", "transform"))
    world.change(world.source_url, "UPDATE users SET name = 'Ada L.' WHERE id = 1")
    world.run(SECOND)
    with pytest.raises(StaleExtractError, match="2026-01-02 was loaded with rows read at"):
        world.run(FIRST, ("load",))
    assert world.run(FIRST).steps[-1].state == "done"
    assert world.loaded()[0][2] == "Ada L."


def test_a_day_that_was_loaded_before_it_was_over_is_caught_up(world: EtlWorld) -> None:
    """Something may have changed in the rest of it."""
    today = datetime.now(timezone.utc).date()
    changed = "UPDATE users SET updated_at = now() WHERE id = 4"
    world.change(world.source_url, changed)
    assert _states(world.run(today)) == _DONE
    (caught_up,) = run_days((today,), world.doors())
    assert [step for step, _ in _states(caught_up)] == list(STEPS)


def test_days_to_come_are_refused_before_those_until_today_are_begun(world: EtlWorld) -> None:
    with pytest.raises(UsageError, match="2999-01-01 has not begun"):
        list(run_days((FIRST, date(2999, 1, 1)), world.doors()))
    assert world.steps() == []


def test_rows_that_were_loaded_into_another_warehouse_are_loaded_into_this_one(
    world: EtlWorld, new_database: Callable[..., str]
) -> None:
    world.run(FIRST)
    assert [outcome.steps for outcome in run_days((FIRST,), world.doors())] == [()]
    other = replace(world, warehouse_url=new_database())
    other.change(other.warehouse_url, shipped_file("sql/etl/warehouse.sql").read_text(encoding="utf-8"))
    (caught_up,) = run_days((FIRST,), other.doors())
    assert [row.state for row in caught_up.steps] == ["skipped", "skipped", "done"]
    assert [row[0] for row in other.loaded()] == [1, 2, 3, 4, 5]
    assert world.run(FIRST).steps[-1].message == "0 inserted, 0 updated, 5 unchanged"


def test_a_day_that_has_not_begun_is_refused(world: EtlWorld) -> None:
    with pytest.raises(UsageError, match="2999-01-01 has not begun"):
        world.run(date(2999, 1, 1))
    assert world.steps() == []


def test_rows_between_the_steps_may_lie_in_s3(world: EtlWorld, store: ObjectStore, bucket: str, s3: S3Client) -> None:
    there = replace(world, root=f"s3://{bucket}/flows", access=store._access)
    assert _states(there.run(FIRST)) == _DONE
    assert _states(there.run(FIRST)) == _SKIPPED
    world.change(world.source_url, "UPDATE users SET name = 'Ada L.' WHERE id = 1")
    assert there.run(FIRST).steps[-1].message == "0 inserted, 1 updated, 4 unchanged"
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    attempts = {key.rsplit("/", 1)[0] for key in keys if key.endswith(".parquet")}
    assert len(attempts) == 2, "those of attempts before are gone"

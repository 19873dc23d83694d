"""The ledger's account of loads: attempts, their counts, and which one a run has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.ledger.loads.finishing import finish_load, finish_loads, restore_load
from dq.ledger.silver_loads import (
    LoadCounts,
    LoadResult,
    LoadSubject,
    fail_load,
    hold_load,
    loads_of_run,
    read_load,
    replace_load,
    start_load,
    start_loads,
)
from etl_core.errors import TerminalError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
LATER = NOW + timedelta(minutes=1)
TRIPS = LoadSubject(7, "trips", "tenant-a", "trips", date(2026, 1, 4), 12, "fingerprint")
COUNTS = LoadCounts(10, 7, 2, 1, rows_healed=3, rows_unmatched=4)


def finish(engine: Engine, generation: int, counts: LoadCounts = COUNTS) -> str:
    return finish_load(engine, generation, LoadResult(counts, generation, None), LATER)


def states(engine: Engine) -> list[str]:
    return [load.state for load in reversed(loads_of_run(engine, TRIPS))]


def test_an_attempt_is_kept_with_its_counts_and_versions(engine: Engine) -> None:
    generation = start_load(engine, TRIPS, NOW)
    assert read_load(engine, generation).state == "loading"
    assert finish(engine, generation) == "loaded"
    load = read_load(engine, generation)
    assert (load.subject, load.counts, load.started_at, load.finished_at) == (TRIPS, COUNTS, NOW, LATER)
    assert (load.delta_version, load.quarantine_version, load.reason) == (generation, None, None)


def test_a_later_attempt_replaces_the_one_before_and_only_of_the_same_run_and_table(engine: Engine) -> None:
    others = [replace(TRIPS, run_hour=13), replace(TRIPS, table="stops"), replace(TRIPS, agency_slug="tenant-b")]
    kept = [start_load(engine, subject, NOW) for subject in (*others, replace(TRIPS, file_name="other"))]
    first = start_load(engine, TRIPS, NOW)
    for generation in (*kept, first):
        assert finish(engine, generation) == "loaded"
    second = start_load(engine, replace(TRIPS, object_id=8), NOW)
    assert finish(engine, second) == "loaded"
    assert read_load(engine, first).reason == f"replaced by load {second}"
    assert states(engine) == ["replaced", "loaded"]
    assert {read_load(engine, generation).state for generation in kept} == {"loaded"}


def test_an_attempt_that_ends_behind_a_later_one_is_replaced_by_it(engine: Engine) -> None:
    early, late = start_load(engine, TRIPS, NOW), start_load(engine, TRIPS, NOW)
    assert finish(engine, late) == "loaded"
    assert finish(engine, early) == "replaced"
    assert states(engine) == ["replaced", "loaded"]
    assert finish(engine, early) == "replaced"
    assert finish(engine, late) == "loaded"


def test_what_is_held_or_failed_says_why(engine: Engine) -> None:
    held, failed, replaced = (start_load(engine, TRIPS, NOW) for _ in range(3))
    hold_load(engine, held, "the verdict did not pass\x00", LATER)
    fail_load(engine, failed, "a column changed its type", LATER)
    replace_load(engine, replaced, "the table has a later one", LATER)
    assert states(engine) == ["held", "failed", "replaced"]
    assert read_load(engine, held).reason == "the verdict did not pass\u2400"
    with pytest.raises(TerminalError, match="silver_load_reason"):
        fail_load(engine, failed, " ", LATER)


def test_the_rows_of_a_predecessor_come_back_with_its_counts(engine: Engine) -> None:
    """As when one object is taken out again."""
    first = start_load(engine, TRIPS, NOW)
    finish(engine, first)
    second = start_load(engine, TRIPS, NOW)
    finish(engine, second, LoadCounts(1, 1, 0, 0))
    undo = start_load(engine, TRIPS, NOW)
    hold_load(engine, second, "taken out by hand", LATER)
    restore_load(engine, undo, first, LATER)
    assert states(engine) == ["replaced", "held", "loaded"]
    assert read_load(engine, undo).counts == COUNTS
    with pytest.raises(LookupError, match="has no counts"):
        restore_load(engine, undo, start_load(engine, TRIPS, NOW), LATER)


def test_no_row_is_lost_between_what_was_read_and_where_it_went(engine: Engine) -> None:
    """Neither here nor by whoever writes to the table by hand."""
    with pytest.raises(AssertionError, match="rows were lost: 10 read"):
        LoadCounts(10, 7, 2, 0)
    generation = start_load(engine, TRIPS, NOW)
    finish(engine, generation)
    with pytest.raises(TerminalError, match="silver_load_equation"), engine.begin() as connection:
        connection.execute(text("UPDATE pipeline.silver_load SET rows_malformed = 0"))
    with pytest.raises(TerminalError, match="silver_load_counted"), engine.begin() as connection:
        connection.execute(text("UPDATE pipeline.silver_load SET rows_silver = NULL"))


def test_an_attempt_nobody_began_is_named(engine: Engine) -> None:
    for call in (finish, lambda store, number: fail_load(store, number, "x", LATER), read_load):
        with pytest.raises(LookupError, match="has no row 99"):
            call(engine, 99)


def test_many_attempts_end_together_as_each_would_alone(engine: Engine) -> None:
    """One replaces a loaded one, one is the first, one is late, and one was replaced before."""
    runs = [replace(TRIPS, run_hour=hour) for hour in range(4)]
    died, before = (start_load(engine, runs[0], NOW) for _ in range(2))
    finish(engine, before)
    given_up = start_load(engine, runs[3], NOW)
    replace_load(engine, given_up, "by another", LATER)
    late, *mine = start_loads(engine, [runs[1], *runs[:3]], NOW)
    finish(engine, mine[1])
    several = {generation: LoadResult(COUNTS, 5, 6, "a note") for generation in (mine[0], mine[2], late, given_up)}
    assert finish_loads(engine, several, LATER) == {
        mine[0]: "loaded",
        mine[2]: "loaded",
        late: "replaced",
        given_up: "replaced",
    }
    found = {number: read_load(engine, number) for number in (died, before, mine[0], late)}
    assert found[mine[0]].counts == COUNTS
    assert (found[mine[0]].delta_version, found[mine[0]].quarantine_version) == (5, 6)
    assert {number: one.reason for number, one in found.items()} == {
        died: f"its process ended before it did; replaced by load {before}",
        before: f"replaced by load {mine[0]}",
        mine[0]: "a note",
        late: f"its process ended before it did; replaced by load {mine[1]}",
    }
    assert [found[number].state for number in (died, before, late)] == ["replaced"] * 3

"""`observe` tells new, restated and late runs, once, and says what is unusual."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from operations.observations import observe as flow
from operations.observations.observe import Found, observe
from tests.operations.observations.landscape import MANNER, add_file, add_run, at, state

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from dq.reporting.catalogue.catalogue import Catalogue


def observed(engine: Engine, catalogue: Catalogue, now: datetime) -> Found:
    found = observe(engine, catalogue, MANNER, now)
    assert found is not None
    return found


def rows(engine: Engine, run: str) -> dict[tuple[str, str], Any]:
    statement = text("SELECT * FROM pipeline.observation WHERE monitoring_file_run_id = :run")
    with engine.connect() as connection:
        return {(row.metric, row.column_name): row for row in connection.execute(statement, {"run": run})}


def everything(engine: Engine) -> list[tuple[Any, ...]]:
    """What is kept, but when it was written."""
    statement = text("""
        SELECT monitoring_file_run_id, metric, column_name, state, value, expected_low, expected_high, deviation, reason
        FROM pipeline.observation ORDER BY 1, 2, 3
    """)
    histories = text("SELECT monitoring_file_id, history FROM pipeline.observed_file ORDER BY 1")
    with engine.connect() as connection:
        kept = [tuple(row) for row in connection.execute(statement)]
        return [*kept, *((row[0], bytes(row[1])) for row in connection.execute(histories))]


def test_a_halved_file_is_unusual_and_its_neighbour_is_not(database: Engine, catalogue: Catalogue) -> None:
    halved, steady = add_file(database, "halved"), add_file(database, "steady")
    for day in range(40):
        for file in (halved, steady):
            add_run(database, file, day, size=2000 + day % 3, state=state(200, seed=day % 5))
    assert not observed(database, catalogue, at(40)).unusual
    small = add_run(database, halved, 40, size=1000, state=state(100, seed=1))
    same = add_run(database, steady, 40, size=2001, state=state(200, seed=1))
    found = observed(database, catalogue, at(41))
    assert (found.runs, found.observed, found.unchanged) == (4, 2, 2)
    assert {(run.file_name, one.metric) for run, one in found.unusual} == {("halved", "rows"), ("halved", "size")}
    told = rows(database, small)[("rows", "")]
    assert told.state == "unusual"
    assert told.value == 100
    assert 100 < told.expected_low < 200 < told.expected_high
    assert told.deviation < -1
    assert told.reason.startswith("100 rows, ")
    kept = rows(database, same)
    assert {metric: row.state for (metric, _), row in kept.items()} == dict.fromkeys(
        ["rows", "size", "score", "columns"], "normal"
    )
    assert kept[("columns", "")].reason == "9 figures of 2 columns: 9 normal, 0 unusual, 0 not run"


def test_the_first_runs_are_not_told_and_say_why(database: Engine, catalogue: Catalogue) -> None:
    file = add_file(database, "young")
    first = add_run(database, file, 0, state=state())
    observed(database, catalogue, at(1))
    assert {row.state for row in rows(database, first).values()} == {"not_run"}
    assert rows(database, first)[("rows", "")].reason == "fewer than 8 earlier runs to compare with"
    for day in range(1, 9):
        last = add_run(database, file, day, state=state())
        observed(database, catalogue, at(day + 1))
    assert rows(database, last)[("rows", "")].state == "normal"


def test_observing_again_changes_nothing(database: Engine, catalogue: Catalogue) -> None:
    file = add_file(database, "again")
    for day in range(12):
        add_run(database, file, day, state=state(seed=day))
    observed(database, catalogue, at(12))
    before = everything(database)
    again = observed(database, catalogue, at(12))
    assert (again.observed, again.figures) == (0, {})
    assert everything(database) == before


def test_day_by_day_is_as_all_at_once(database: Engine, catalogue: Catalogue) -> None:
    """What files are like is told from the same numbers."""
    daily, at_once = add_file(database, "daily"), add_file(database, "at once")
    sizes = [1000 + 37 * (day * day % 11) - 450 * (day in (25, 26)) for day in range(32)]
    for day, size in enumerate(sizes):
        add_run(database, daily, day, size=size, state=state(seed=day % 3))
        observed(database, catalogue, at(day + 1))
    for day, size in enumerate(sizes):
        run = add_run(database, at_once, day, size=size, state=state(seed=day % 3), changed=at(40))
    observed(database, catalogue, at(41))
    last = rows(database, run)
    statement = text("""
        SELECT monitoring_file_run_id FROM pipeline.observation WHERE monitoring_file_id = :file ORDER BY run_date DESC
    """)
    with database.connect() as connection:
        other = rows(database, connection.execute(statement, {"file": str(daily)}).scalars().first() or "")
    assert {key: row[8:15] for key, row in last.items()} == {key: row[8:15] for key, row in other.items()}


def test_a_restated_run_replaces_its_point_and_a_late_one_restates_those_behind_it(
    database: Engine, catalogue: Catalogue
) -> None:
    file = add_file(database, "mended")
    for day in range(20):
        if day != 17:
            add_run(database, file, day, size=1000)
    observed(database, catalogue, at(20))
    broken = add_run(database, file, 20, size=100)
    behind = add_run(database, file, 21, size=1000)
    assert observed(database, catalogue, at(22)).unusual
    before = rows(database, behind)[("size", "")]
    add_run(database, file, 20, size=1001, changed=at(22))
    late = add_run(database, file, 17, size=990, changed=at(22))
    found = observed(database, catalogue, at(23))
    assert not found.unusual
    assert rows(database, broken)[("size", "")].state == "normal"
    assert rows(database, late)[("size", "")].state == "normal"
    assert rows(database, behind)[("size", "")].observed_at > before.observed_at


def test_a_run_that_is_judged_again_keeps_what_is_said_of_its_numbers(database: Engine, catalogue: Catalogue) -> None:
    """Other bytes with as many rows, of the same size: the rows are still half of what they were."""
    file = add_file(database, "again")
    for day in range(40):
        add_run(database, file, day, size=2000, state=state(200, seed=day % 5))
    observed(database, catalogue, at(40))
    run = add_run(database, file, 40, size=1000, state=state(100, seed=1))
    observed(database, catalogue, at(41))
    before = {name: (row.state, row.value) for name, row in rows(database, run).items() if not row.column_name}
    assert before[("rows", "")] == ("unusual", 100)
    add_run(database, file, 40, size=1000, state=state(100, seed=2), changed=at(41))
    observed(database, catalogue, at(42))
    after = {name: (row.state, row.value) for name, row in rows(database, run).items() if not row.column_name}
    assert after == before


def test_what_cannot_be_compared_is_named_and_hurts_no_neighbour(database: Engine, catalogue: Catalogue) -> None:
    """A state of another layout, a file that could not be parsed, runs without a profile or a size, no rows at all."""
    files = {name: add_file(database, name) for name in ("old", "unparsed", "none", "unsized", "empty", "good")}
    for day in range(10):
        for file in files.values():
            add_run(database, file, day, state=state(), changed=at(8))
    observed(database, catalogue, at(10))
    runs = {
        "old": add_run(database, files["old"], 10, state=b"\x93\xb0dq.profile.state\x01\xc0"),
        "unparsed": add_run(database, files["unparsed"], 10, state=None),
        "none": add_run(database, files["none"], 10, keeps_state=False),
        "unsized": add_run(database, files["unsized"], 10, size=None, state=state()),
        "empty": add_run(database, files["empty"], 10, size=0, state=state(rows=0)),
        "good": add_run(database, files["good"], 10, state=state()),
    }
    found = observed(database, catalogue, at(11))
    assert len(found.refusals) == 1
    assert found.refusals[0].startswith("harbour/old 2026-01-15 06h: ")
    told = {name: rows(database, run) for name, run in runs.items()}
    assert told["unparsed"][("rows", "")].reason == "the file could not be parsed"
    assert told["none"][("columns", "")].reason == "no profile of this run is kept"
    assert told["unsized"][("size", "")].state == "not_run"
    assert told["empty"][("rows", "")].state == "unusual"
    assert {row.state for row in told["good"].values()} == {"normal"}


def test_runs_ahead_of_the_clock_wait_for_it(database: Engine, catalogue: Catalogue) -> None:
    file = add_file(database, "of tomorrow")
    add_run(database, file, 0)
    ahead = add_run(database, file, 30, changed=at(1))
    found = observed(database, catalogue, at(1))
    assert (found.runs, found.observed, found.ahead) == (2, 1, 1)
    assert rows(database, ahead) == {}
    add_run(database, file, 30, changed=at(30))
    assert observed(database, catalogue, at(30)).observed == 1


def test_stopped_between_blocks_it_goes_on(
    database: Engine, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And comes to what it would have come to."""
    monkeypatch.setattr(flow, "_BLOCK", 1)
    for name in ("a", "b", "c"):
        file = add_file(database, name)
        for day in range(9):
            add_run(database, file, day, state=state(seed=day))
    answers = iter([False, True])
    assert observe(database, catalogue, MANNER, at(10), lambda: next(answers)) is None
    assert len(everything(database)) == 5
    found = observed(database, catalogue, at(10))
    assert (found.runs, found.observed, found.unchanged) == (27, 18, 9)
    assert len(everything(database)) == 15


def test_a_damaged_history_is_begun_anew(database: Engine, catalogue: Catalogue) -> None:
    file = add_file(database, "damaged")
    for day in range(9):
        add_run(database, file, day)
    observed(database, catalogue, at(9))
    with database.begin() as connection:
        connection.execute(text("UPDATE pipeline.observed_file SET history = 'x'"))
    last = add_run(database, file, 9)
    found = observed(database, catalogue, at(10))
    assert found.observed == found.runs == 10
    assert rows(database, last)[("size", "")].state == "normal"


def test_a_score_that_drops_names_the_rules_that_explain_it(database: Engine, catalogue: Catalogue) -> None:
    file = add_file(database, "worse")
    rule = {"rule": "required", "dimension": "completeness", "column": "kind", "severity": "error", "checked": 200}
    for day in range(15):
        add_run(database, file, day, score=97, rules=[{**rule, "failed": 2}])
    observed(database, catalogue, at(15))
    run = add_run(database, file, 15, score=60, rules=[{**rule, "failed": 90}])
    found = observed(database, catalogue, at(16))
    assert [one.metric for _, one in found.unusual] == ["score"]
    reason = rows(database, run)[("score", "")].reason
    assert reason.endswith("required of kind: 90 of 200 failed, 1.0% before")


@pytest.mark.parametrize("secret", [False, True])
def test_columns_that_drift_are_named_and_values_of_sensitive_ones_are_not(
    database: Engine, catalogue: Catalogue, *, secret: bool
) -> None:
    file = add_file(database, "drifting")
    for day in range(30):
        add_run(database, file, day, state=state(seed=day, secret=secret))
    observed(database, catalogue, at(30))
    run = add_run(database, file, 30, state=state(seed=30, nulls=0.9, mean=90.0, kinds="abz", secret=secret))
    observed(database, catalogue, at(31))
    told = {key: row for key, row in rows(database, run).items() if key[1]}
    assert {"nulls", "mean", "psi", "ks"} <= {metric for metric, _ in told}
    assert told[("mean", "amount")].expected_high < 90
    if secret:
        assert ("new_values", "kind") not in told
        assert not any("'z'" in row.reason for row in told.values())
    else:
        assert told[("new_values", "kind")].reason == "new: 'z'"


def test_a_new_level_is_unusual_for_a_week_and_the_rule_from_then_on(database: Engine, catalogue: Catalogue) -> None:
    file = add_file(database, "grown")
    for day in range(35):
        add_run(database, file, day, size=1000 + day % 4)
    observed(database, catalogue, at(35))
    said = []
    for day in range(35, 50):
        add_run(database, file, day, size=3000 + day % 4)
        said.append(len(observed(database, catalogue, at(day) + timedelta(hours=3)).unusual))
    assert said == [1] * 7 + [0] * 8

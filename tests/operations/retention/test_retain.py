"""What is old goes, what is needed stays, and who is killed is followed by who finishes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from dq import RunQuery, profile_of
from dq.ledger.aging.old_rows import horizon_of
from dq.ledger.profile_states import RunProfile, keep_profile
from dq.profiling.profile.profile_state import ProfileState, state_of
from dq.profiling.profile.state_codec import encode_state
from etl_core.errors import CatalogueError
from etl_core.postgres.transaction import begin
from jobs.operations.retain import main
from jobs.running.settings import read_settings
from jobs.running.wiring import start
from operations.retention.retain import kept_since, retain, what_would_go
from operations.retention.settings import RetentionSettings
from tests.databases import login
from tests.unit.profiling.profiled import Table, profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

    from tests.operations.landscape import Landscape

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
KEPT = kept_since(NOW, 100, 30)
_TABLES = (
    "pipeline.object_inbox, pipeline.silver_load, pipeline.profile_state, pipeline.profile_day, pipeline.ledger_horizon"
)
_OBJECT = text("""
INSERT INTO pipeline.object_inbox (bucket, key, source, etag, received_at, due_at, updated_at, event_time, state,
    finished_at, last_modified, monitoring_file_run_id, reason, lease_owner, lease_until, batch)
VALUES ('landing', :key, 'queue', gen_random_uuid(), :at, :at, :at, :at, :state,
    CASE WHEN :state IN ('pending', 'claimed') THEN NULL ELSE :at END, :at, :run, 'why',
    CASE WHEN :state = 'claimed' THEN 'me' END, CASE WHEN :state = 'claimed' THEN :at END, 1) RETURNING id
""")
_LOAD = text("""
INSERT INTO pipeline.silver_load (object_id, "table", agency_slug, file_name, run_date, run_hour, state, started_at)
VALUES (:object, 't', 'a', 'f', '2026-01-01', 0, 'loading', :at)
""")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def _state(number: int) -> ProfileState:
    table = Table({"id": [str(number), "x", ""], "kind": ["a", "b", str(number)]}, [{"name": "id", "type": "integer"}])
    return state_of(profile(table).settled(), table.recipe, table.definition, source=str(number), size=number)


STATES = [_state(number) for number in range(5)]
ENCODED = [encode_state(state) for state in STATES]


def keep(engine: Engine, run: str, day: date, hour: int, number: int | None, file: str = "7") -> None:
    """The verdict of a run keeps its profile; None is a file that was not parsed."""
    state = b"" if number is None else ENCODED[number]
    with begin(engine) as transaction:
        keep_profile(transaction, RunProfile(run, file, "tenant-a", "trips", day, hour, state), NOW)


@contextmanager
def killed_at(engine: Engine, statement: int) -> Iterator[None]:
    """The process dies before the statement of this number."""
    seen = 0

    def count(*_arguments: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        event.remove(engine, "before_cursor_execute", count)


@dataclass(frozen=True)
class Object:
    """A row of the ledger; `age` in days."""

    state: str
    age: int
    run: int | None
    key: int
    is_loading: bool


@dataclass(frozen=True)
class Kept:
    """A profile that a verdict keeps: of a run of an hour, so many days ago."""

    age: int
    hour: int
    state: int | None


OBJECTS = st.builds(
    Object,
    st.sampled_from(("done", "done", "superseded", "ignored", "gone", "dead", "pending", "claimed", "unconfigured")),
    st.sampled_from((99, 101, 150, 400)),
    st.none() | st.integers(0, 3),
    st.integers(0, 5),
    st.sampled_from((False, False, False, True)),
)
PROFILES = st.builds(Kept, st.sampled_from((29, 31, 32, 99, 101)), st.integers(0, 2), st.none() | st.integers(0, 4))
KILLS = st.lists(st.integers(1, 60), max_size=3)

_ENDED = {"done", "superseded", "ignored", "gone"}


def _stays(row: Object, rows: list[Object]) -> bool:
    """The oracle: what the ledger has to keep."""

    def is_open(one: Object) -> bool:
        return one.state not in _ENDED

    of_run = [one for one in rows if row.run is not None and one.run == row.run]
    return (
        is_open(row)
        or row.age < 100
        or row.is_loading
        or any(is_open(one) or one.age < 100 for one in of_run)
        or any(is_open(one) for one in rows if one.key == row.key)
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OBJECTS, max_size=12), st.lists(PROFILES, max_size=10), st.lists(PROFILES, max_size=3), KILLS)
def test_nothing_that_is_needed_goes_whoever_is_killed(
    landscape: Landscape, objects: list[Object], profiles: list[Kept], restated: list[Kept], kills: list[int]
) -> None:
    engine = landscape.engine
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {_TABLES} RESTART IDENTITY"))
        numbers = []
        for row in objects:
            values = {"key": f"k{row.key}", "at": ago(row.age), "state": row.state, "run": row.run}
            numbers.append(connection.execute(_OBJECT, values).scalar_one())
            if row.is_loading:
                connection.execute(_LOAD, {"object": numbers[-1], "at": ago(row.age)})
    known: dict[tuple[int, int], int | None] = {}
    for one in profiles:
        keep(engine, f"{one.age}-{one.hour}", ago(one.age).date(), one.hour, one.state)
        known[one.age, one.hour] = one.state
    for statement in kills:
        with killed_at(engine, statement):
            retain(engine, KEPT, NOW)
    retain(engine, KEPT, NOW)
    merged = {place for place in known if place[0] > 30}
    for one in restated:  # of a run that is in a merged day, or a new one
        keep(engine, f"{one.age}-{one.hour}", ago(one.age).date(), one.hour, one.state)
        if (one.age, one.hour) not in merged:
            known[one.age, one.hour] = one.state
    _assert_profiles(engine, known)
    retain(engine, KEPT, NOW)
    outcome = retain(engine, KEPT, NOW)
    assert (outcome.rows, outcome.days.merged) == (0, 0)
    expected = [number for number, row in zip(numbers, objects, strict=True) if _stays(row, objects)]
    assert [row[0] for row in landscape.ask("SELECT id FROM pipeline.object_inbox ORDER BY id")] == expected
    gone = [row.age for row in objects if not _stays(row, objects)]
    assert horizon_of(engine, "landing") == (ago(min(gone)) if gone else None)
    _assert_profiles(engine, {place: state for place, state in known.items() if place[0] < 100})
    assert landscape.ask("SELECT count(*) FROM pipeline.profile_state WHERE run_date < '2026-05-02'") == [(0,)]


def _assert_profiles(engine: Engine, known: dict[tuple[int, int], int | None]) -> None:
    """What many runs say together is what they said before their profiles became those of days."""
    since = ago(100).date()
    known = {place: state for place, state in known.items() if place[0] <= 100}
    found = profile_of(engine, RunQuery("tenant-a", "trips", since=since))
    states = [STATES[state] for state in known.values() if state is not None]
    assert (found.runs, found.unparsed, found.refused) == (len(known), len(known) - len(states), 0)
    assert encode_state(found.merged) == encode_state(sum(states, ProfileState()))


def test_a_day_is_the_merge_of_its_hours_byte_by_byte(landscape: Landscape) -> None:
    day = ago(40).date()
    for hour in range(24):
        keep(landscape.engine, f"run {hour}", day, hour, hour % 5)
    outcome = retain(landscape.engine, KEPT, NOW)
    assert (outcome.days.merged, outcome.days.days) == (24, 1)
    ((state, runs),) = landscape.ask("SELECT state, cardinality(runs) FROM pipeline.profile_day")
    assert runs == 24
    assert isinstance(state, memoryview)
    assert bytes(state) == encode_state(sum((STATES[hour % 5] for hour in range(24)), ProfileState()))


def test_a_profile_that_cannot_be_merged_stays_until_it_is_history(landscape: Landscape) -> None:
    day = ago(40).date()
    keep(landscape.engine, "good", day, 1, 1)
    keep(landscape.engine, "old", day, 2, 2)
    with landscape.engine.begin() as connection:
        connection.execute(
            text("UPDATE pipeline.profile_state SET state = '\\x00' WHERE monitoring_file_run_id = 'old'")
        )
    outcome = retain(landscape.engine, KEPT, NOW)
    assert (outcome.days.merged, outcome.days.refused) == (1, 1)
    assert landscape.ask("SELECT monitoring_file_run_id FROM pipeline.profile_state") == [("old",)]
    later = retain(landscape.engine, kept_since(NOW + timedelta(days=70), 100, 30), NOW)
    assert landscape.ask("SELECT count(*) FROM pipeline.profile_state") == [(0,)]
    assert later.rows == 2


def test_what_others_hold_is_left_for_the_next_time(landscape: Landscape) -> None:
    with landscape.engine.begin() as connection:
        for number in range(3):
            connection.execute(_OBJECT, {"key": str(number), "at": ago(200), "state": "done", "run": None})
    with landscape.engine.begin() as holder:
        holder.execute(text("SELECT FROM pipeline.object_inbox WHERE key = '1' FOR UPDATE"))
        assert _gone(landscape, "pipeline.object_inbox") == 2
    assert _gone(landscape, "pipeline.object_inbox") == 1


def _gone(landscape: Landscape, table: str) -> int:
    return {one.table: one.rows for one in retain(landscape.engine, KEPT, NOW).tables}[table]


_OTHERS = """
INSERT INTO pipeline.announcement_dead_letter (received_at, source, reason, body, digest, closed_as, closed_at)
SELECT now(), 's', 'r', 'b', n::text, CASE WHEN n < 2 THEN 'discarded' END,
    CASE n WHEN 0 THEN timestamptz '2026-01-01' WHEN 1 THEN timestamptz '2026-05-01' END
FROM generate_series(0, 2) AS n;
INSERT INTO pipeline.audit
SELECT gen_random_uuid(), at, 'j', '1', 'r', 's', NULL, '[]', '[]', NULL, NULL, 'succeeded', NULL, 1
FROM unnest(ARRAY[timestamptz '2026-01-01', timestamptz '2026-05-01']) AS at;
INSERT INTO pipeline.arrival
SELECT '1', at, at, at, at, 'missing', false, NULL, 0, 0, NULL, NULL, at
FROM unnest(ARRAY[timestamptz '2026-01-01', timestamptz '2026-05-01']) AS at;
INSERT INTO pipeline.stream_hour_part (flow, hour, fingerprint, records, bytes, newest, profile, is_judged)
SELECT 'f', '2026-01-01'::timestamptz + n * interval '1 hour', '', 0, 0, now(), '', n < 3 FROM generate_series(0, 3) n;
INSERT INTO pipeline.silver_load (object_id, "table", agency_slug, file_name, run_date, run_hour, state, reason,
    started_at, finished_at, rows_read, rows_silver, rows_quarantined, rows_malformed, rows_healed, rows_unmatched)
SELECT 99, 't', 'a', 'f', '2026-01-01', n, CASE n WHEN 0 THEN 'loaded' ELSE 'failed' END, 'r',
    '2026-01-01', '2026-01-01', 0, 0, 0, 0, 0, 0 FROM generate_series(0, 1) AS n;
INSERT INTO pipeline.alert
    (kind, subject, severity, text, opened_at, last_seen_at, resolved_at, notified_at, resolution_told)
SELECT 'missing', n::text, 'warning', 't', '2026-01-01', '2026-01-01',
    CASE WHEN n > 0 THEN '2026-01-01'::timestamptz END, CASE WHEN n > 1 THEN '2026-01-01'::timestamptz END, n > 2
FROM generate_series(0, 3) AS n;
INSERT INTO pipeline.alert_delivery (channel, tone, title, body, alerts, created_at, state, due_at, ended_at)
SELECT 'c', 't', 't', 'b', '{}', '2026-01-01', CASE n WHEN 0 THEN 'waiting' ELSE 'sent' END, '2026-01-01',
    CASE n WHEN 1 THEN '2026-01-01'::timestamptz END FROM generate_series(0, 1) AS n;
"""


def test_each_table_loses_what_is_over_and_keeps_the_rest(
    landscape: Landscape, capsys: pytest.CaptureFixture[str]
) -> None:
    with landscape.engine.begin() as connection:
        connection.exec_driver_sql(_OTHERS)
        connection.exec_driver_sql("DROP TABLE pipeline.observation CASCADE")
    wanted = {
        "announcement_dead_letter": 1,
        "audit": 1,
        "arrival": 1,
        "stream_hour_part": 3,
        "silver_load": 1,
        "alert": 2,
        "alert_delivery": 1,
    }
    would = {one.table.removeprefix("pipeline."): one.rows for one in what_would_go(landscape.engine, KEPT).tables}
    assert {name: rows for name, rows in would.items() if rows} == wanted
    assert "observation" not in would  # a table that is not there is passed over
    did = {
        one.table.removeprefix("pipeline."): one.rows
        for one in retain(landscape.engine, KEPT, NOW, vacuums=True).tables
    }
    assert did == would
    with pytest.raises(Exception, match="never changed or deleted"), landscape.engine.begin() as connection:
        connection.execute(text("DELETE FROM pipeline.audit"))
    address = landscape.engine.url.render_as_string(hide_password=False)
    program = start(read_settings(None, database_url=address))
    for arguments in (["--dry-run"], []):
        assert main([*arguments, "--json"], program) == 0
        assert json.loads(capsys.readouterr().out)["dry_run"] is bool(arguments)
        assert main(arguments, program) == 0
        assert "pipeline.object_inbox" in capsys.readouterr().out


def test_only_who_owns_the_tables_takes_history_away(landscape: Landscape) -> None:
    with login(landscape.engine, "pipeline_owner") as owner:
        retain(owner, KEPT, NOW)
    with login(landscape.engine, "pipeline_writer") as writer:
        with pytest.raises(CatalogueError) as caught:
            retain(writer, KEPT, NOW)
        assert "the right DELETE on pipeline.object_inbox is missing" in str(caught.value)
        assert "member of pipeline_owner" in str(caught.value)


def test_profiles_of_runs_are_not_kept_for_longer_than_history() -> None:
    with pytest.raises(ValueError, match="RETAIN_STATES_DAYS: 90 is more than RETAIN_HISTORY_DAYS, 60"):
        RetentionSettings(retain_history_days=60)

"""Profiles are kept with the verdicts, replaced when a file is restated, and merged without reading a file."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.definitions import load_definition
from dq.engine.profile_files import profile_files
from dq.engine.source_file import Source, SourceObject
from dq.ledger.profile_states import RunQuery, profile_of
from dq.profiling.profile import profile_state
from dq.profiling.summary.summarise_state import summarise_state
from dq.profiling.summary.summary import FileSummary
from etl_core.objects.store import ObjectStore
from tests.end_to_end.landing import Landing, key_of
from tests.unit.profiling.profiled import opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dq.engine.file_results import FileVerdict
    from etl_core.errors import PipelineError
    from tests.end_to_end.command_line import CommandLine

DEFINITION = {
    "fields": [
        {"name": "id", "type": "integer", "required": True, "unique": True},
        {"name": "driver", "type": "string", "sensitive": True},
        {"name": "fare", "type": "number", "min": 0},
    ]
}


def rows(first: int, last: int) -> bytes:
    lines = [f"{number},driver {number % 7},{number % 11}.5" for number in range(first, last)]
    return "\n".join(["id,driver,fare", *lines, ""]).encode()


@pytest.fixture
def day(landing: Landing) -> Landing:
    """Three hours of one file."""
    landing.configure(definition=DEFINITION)
    for hour in range(3):
        landing.announce(landing.put(key_of(hour=hour), rows(hour * 100, hour * 100 + 100)))
    landing.process()
    return landing


def test_the_merged_profile_of_a_day_is_that_of_all_its_rows(day: Landing, tmp_path: Path) -> None:
    found = profile_of(day.database, RunQuery(agency_slug="tenant-a", file_name="trips"))
    assert (found.runs, found.merged.files, found.unparsed, found.refused) == (3, 3, 0, 0)
    merged = summarise_state(found.merged)
    (tmp_path / "all.csv").write_bytes(rows(0, 300))
    store = ObjectStore()
    whole = profile_files(
        [SourceObject(0, store.peek(None, str(tmp_path / "all.csv")), load_definition(DEFINITION))], store=store
    )[0]
    assert isinstance(whole, FileSummary)
    assert merged.rows_read == whole.rows_read == 300
    for ours, theirs in zip(merged.columns, whole.columns, strict=True):
        assert (ours.name, ours.rows, ours.nulls) == (theirs.name, theirs.rows, theirs.nulls)
        if ours.name != "driver":
            assert (ours.distinct, ours.minimum, ours.maximum) == (theirs.distinct, theirs.minimum, theirs.maximum)
            assert (ours.mean, ours.stddev, ours.quantiles) == (theirs.mean, theirs.stddev, theirs.quantiles)
            assert ours.histogram == theirs.histogram


def test_a_restated_file_replaces_its_profile(day: Landing) -> None:
    day.clock.forward(minutes=5)
    day.announce(day.put(key_of(hour=1), rows(0, 7)))
    day.process()
    assert summarise_state(profile_of(day.database, RunQuery()).merged).rows_read == 207
    day.announce(day.put(key_of(hour=1), b""))
    day.process()
    found = profile_of(day.database, RunQuery())
    assert (found.runs, found.merged.files, found.unparsed) == (3, 2, 1)
    assert summarise_state(found.merged).rows_read == 200


def test_scoring_an_object_again_changes_nothing_of_its_profile(day: Landing) -> None:
    before = profile_of(day.database, RunQuery())
    day.announce(*(row.event for row in day.rows().values()), force=True)
    assert day.process().states == {"done": 3}
    after = profile_of(day.database, RunQuery())
    assert summarise_state(after.merged) == summarise_state(before.merged)


def test_a_query_chooses_runs_by_agency_file_and_dates(day: Landing) -> None:
    day.configure("stops", DEFINITION)
    day.announce(day.put(key_of("stops"), rows(0, 5)))
    day.process()

    def runs(**parts: object) -> int:
        return profile_of(day.database, RunQuery(**parts)).runs  # type: ignore[arg-type]

    assert runs() == 4
    assert runs(file_name="stops") == 1
    assert runs(agency_slug="another") == 0
    run_date = day.verdicts()[0].run_date
    assert runs(since=run_date, until=run_date) == 4
    assert runs(until=date(2000, 1, 1)) == 0


def test_a_profile_of_another_version_is_named_and_left_out(day: Landing) -> None:
    day.sql("UPDATE pipeline.profile_state SET state = '\\x93a26471' WHERE run_hour = 2")
    found = profile_of(day.database, RunQuery())
    assert (found.runs, found.merged.files, found.refused) == (3, 2, 1)
    assert "tenant-a/trips" in found.refusals[0]
    assert "profile the file again" in found.refusals[0]


def test_no_value_of_a_sensitive_column_is_kept(day: Landing) -> None:
    with day.database.connect() as connection:
        states = [bytes(state) for state in connection.scalars(text("SELECT state FROM pipeline.profile_state"))]
    assert len(states) == 3
    assert all(b"driver 3" not in opened(state) for state in states)
    assert all(b"driver" in opened(state) for state in states)


def test_profiles_are_not_kept_when_nobody_wants_them(landing: Landing) -> None:
    landing.configure(definition=DEFINITION)
    landing.announce(landing.put(key_of(), rows(0, 10)))
    assert landing.process(keep_profiles=False).states == {"done": 1}
    assert profile_of(landing.database, RunQuery()).runs == 0


def test_the_job_prints_the_figures_and_writes_the_payload(
    command_line: CommandLine, landing: Landing, tmp_path: Path
) -> None:
    command_line.set(RUN_WINDOW="key")
    landing.configure(definition=DEFINITION)
    for hour in range(2):
        landing.put(key_of(hour=hour), rows(hour * 100, hour * 100 + 100))
        ran = command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of(hour=hour))
        assert ran.code == 0
    ran = command_line.run("profile_of", "--agency", "tenant-a", "--json", str(tmp_path / "profile.json"))
    assert ran.code == 0
    assert "2 runs: 2 merged, 0 unparsable, 0 refused; 200 rows read" in ran.out
    assert "driver" in ran.out
    assert "driver 3" not in ran.out
    written = json.loads((tmp_path / "profile.json").read_text())
    assert written["columns_left_out"] is False
    assert written["runs"] == written["merged"] + written["unparsed"] + written["refused"]
    assert "driver 3" not in json.dumps(written)
    assert [column["name"] for column in written["profile_payload"]["statisticalSummary"]["columns"]] == [
        "id", "driver", "fare",
    ]  # fmt: skip


def test_the_job_says_that_columns_are_left_out(
    command_line: CommandLine, day: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del day
    monkeypatch.setattr(profile_state, "MOST_NAMES", 2)
    ran = command_line.run("profile_of", "--json", str(tmp_path / "profile.json"))
    assert "the files have more columns: these are the first 2 by name" in ran.out
    written = json.loads((tmp_path / "profile.json").read_text())
    assert written["columns_left_out"] is True
    assert [column["name"] for column in written["profile_payload"]["statisticalSummary"]["columns"]] == [
        "driver", "fare",
    ]  # fmt: skip


def test_the_job_says_what_to_do_when_no_run_fits(command_line: CommandLine, landing: Landing) -> None:
    del landing
    ran = command_line.run("profile_of", "--agency", "nobody")
    assert ran.code == 2
    assert "KEEP_PROFILES" in ran.err
    assert command_line.run("profile_of", "--since", "2026-02-01", "--until", "2026-01-01").code == 2


def test_a_batch_whose_profiles_would_fill_the_driver_is_profiled_in_portions(landing: Landing) -> None:
    """And is one batch still: every object has its verdict and its profile."""
    landing.configure(definition=DEFINITION)
    for hour in range(7):
        landing.announce(landing.put(key_of(hour=hour), rows(0, 100)))
    calls: list[int] = []

    def counted(sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        calls.append(len(sources))
        return landing.doors.judge(sources)

    assert landing.process(judge=counted, states_at_once=len(rows(0, 100)) * 6).states == {"done": 7}
    assert calls == [3, 3, 1]
    assert profile_of(landing.database, RunQuery()).merged.files == 7
    landing.announce(*(row.event for row in landing.rows().values()), force=True)
    calls.clear()
    assert landing.process(judge=counted, states_at_once=1, keep_profiles=False).states == {"done": 7}
    assert calls == [7]

"""The account of arrivals tells the truth as of the last check, whoever was killed or wrote at the same time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

import operations.arrivals.check_arrivals as checking
from dq import KeyLayouts, lock_files
from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.monitored_files import MonitoredFiles
from etl_core.errors import CatalogueError
from etl_core.postgres.database import connect
from etl_core.postgres.migrations import require
from jobs.operations.check_arrivals import main
from jobs.running.settings import read_settings
from jobs.running.wiring import Program, start
from operations.arrivals.check_arrivals import ArrivalDoors, Outcome, check_arrivals
from operations.arrivals.tables import ARRIVALS
from tests.databases import login, with_all_tables, with_web_application
from tests.operations.landscape import Landscape, hours

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy.engine import Connection, Engine

    from dq import WatchedFile
    from operations.arrivals.watched_file import Checked


def doors(engine: Engine) -> ArrivalDoors:
    return ArrivalDoors(engine, read_catalogue(engine), KeyLayouts(), lambda: hours(24 * 40), days=40, zone="UTC")


def checked(landscape: Landscape, at: datetime, *, writes: bool = True) -> Outcome:
    return check_arrivals(doors(landscape.engine), at, lambda _file, _found: None, writes=writes)


def program(landscape: Landscape) -> Program:
    return start(read_settings(None, database_url=landscape.engine.url.render_as_string(hide_password=False)))


def test_windows_are_told_restated_and_flagged(landscape: Landscape) -> None:
    file = landscape.file("trips", "daily@09:00")
    landscape.verdict(file, hours(9))
    outcome = checked(landscape, hours(36))
    assert landscape.told(file) == [("on_time", 0, 0, None), ("missing", 0, 0, None)]
    assert (landscape.is_missing(file), outcome.flagged, outcome.windows) == (True, 1, 2)
    landscape.verdict(file, hours(38))
    assert landscape.is_missing(file) is False
    outcome = checked(landscape, hours(39))
    assert landscape.told(file) == [("on_time", 0, 0, None), ("late", 0, 0, "missing")]
    assert (landscape.is_missing(file), outcome.flagged, outcome.restated) == (False, 0, 1)
    assert checked(landscape, hours(39)).changed == 0


def test_a_flag_that_somebody_set_is_cleared_where_the_file_is_there(landscape: Landscape) -> None:
    file = landscape.file("trips", "daily@09:00")
    landscape.verdict(file, hours(9))
    with landscape.engine.begin() as connection:
        connection.execute(text("UPDATE reporting.monitoring_file SET is_missing = true"))
    checked(landscape, hours(12))
    assert landscape.is_missing(file) is False


def test_a_version_that_is_announced_twice_is_no_duplicate_and_another_version_is(landscape: Landscape) -> None:
    file = landscape.file("trips", "daily@09:00")
    key = "agency/tenant-a/files/trips/2026-01-05/9/data.csv"
    landscape.verdict(file, hours(9), key=key)
    landscape.verdict(file, hours(9), key=key, source="listing", state="superseded")
    checked(landscape, hours(12))
    assert landscape.told(file) == [("on_time", 0, 0, None)]
    landscape.verdict(file, hours(11), key=key, etag="other")
    checked(landscape, hours(12))
    assert landscape.told(file) == [("on_time", 1, 0, None)]


def test_a_key_that_names_yesterday_is_late_for_yesterday(landscape: Landscape) -> None:
    file = landscape.file("trips", "daily@09:00")
    landscape.verdict(file, hours(-15))
    landscape.verdict(file, hours(31), named=hours(9))
    landscape.verdict(file, hours(33))
    checked(landscape, hours(36))
    assert [one[0] for one in landscape.told(file)] == ["on_time", "late", "on_time"]


@pytest.mark.parametrize(
    ("state", "reason", "came"),
    [("pending", None, True), ("dead", "broken", True), ("gone", "not there", False), ("ignored", "refused", False)],
)
def test_what_waits_for_its_verdict_has_come(landscape: Landscape, state: str, reason: str | None, came: bool) -> None:  # noqa: FBT001
    file = landscape.file("trips", "daily@09:00")
    landscape.verdict(file, hours(9))
    landscape.announced("agency/tenant-a/files/trips/2026-01-06/9/data.csv", hours(33), state=state, reason=reason)
    checked(landscape, hours(36))
    assert [one[0] for one in landscape.told(file)] == ["on_time", "on_time" if came else "missing"]


def test_runs_without_an_object_of_the_ledger_count(landscape: Landscape) -> None:
    """Those of streams, and of objects whose rows were aged out."""
    file = landscape.file("trips", "daily@09:00")
    landscape.verdict(file, hours(9))
    with landscape.engine.begin() as connection:
        connection.execute(text("DELETE FROM pipeline.object_inbox"))
    checked(landscape, hours(12))
    assert landscape.told(file) == [("on_time", 0, 0, None)]


def test_a_verdict_at_the_same_time_wins_over_the_flag(landscape: Landscape, monkeypatch: pytest.MonkeyPatch) -> None:
    file = landscape.file("trips", "daily@09:00")
    landscape.verdict(file, hours(9))
    really = lock_files

    def lock_late(connection: Connection, ids: Collection[str]) -> None:
        landscape.verdict(file, hours(33))
        really(connection, ids)

    monkeypatch.setattr(checking, "lock_files", lock_late)
    outcome = checked(landscape, hours(36))
    assert (landscape.is_missing(file), landscape.told(file)[-1][0], outcome.states["missing"]) == (False, "on_time", 0)


def test_who_is_killed_is_followed_by_a_check_that_finishes(
    landscape: Landscape, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [landscape.file(f"file {number}", "daily@09:00") for number in range(5)]
    for file in files:
        landscape.verdict(file, hours(9))
    monkeypatch.setattr(checking, "_TOGETHER", 2)
    for effect in ("write_standings", "delete_rows", "write_rows", "flag_missing", "note_check"):

        def killed(*_arguments: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(checking, effect, killed)
            with pytest.raises(KeyboardInterrupt):
                checked(landscape, hours(36))
    at_last = checked(landscape, hours(36))
    assert at_last.windows == 10
    assert all(landscape.told(file) == [("on_time", 0, 0, None), ("missing", 0, 0, None)] for file in files)
    assert all(map(landscape.is_missing, files))


def test_a_check_that_is_stopped_says_so_and_leaves_whole_files(
    landscape: Landscape, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        landscape.file(f"file {number}", "daily@09:00")
    monkeypatch.setattr(checking, "_TOGETHER", 1)
    stops = iter([False, True])
    stopping = replace(doors(landscape.engine), is_stopped=lambda: next(stops))
    outcome = check_arrivals(stopping, hours(9), lambda _file, _found: None)
    assert (outcome.is_whole, outcome.files) == (False, 1)
    assert landscape.ask("SELECT count(*) FROM pipeline.arrival_check") == [(0,)]


def test_one_unreadable_calendar_hurts_no_neighbour(landscape: Landscape, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = landscape.file("good", "daily@09:00"), landscape.file("bad", "daily@99:00")
    seldom, idle = landscape.file("seldom", None), landscape.file("idle", "daily@09:00", is_active=False)
    for file in (good, bad, seldom, idle):
        landscape.verdict(file, hours(9))
    assert main(["--at", "2026-01-05T12:00:00Z", "--json"], program(landscape)) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["kinds"] == {"given": 1, "unreadable": 1, "not_judged": 1, "inactive": 1}
    assert document["states"] == {"on_time": 1}
    said = {one["file_name"]: (one["kind"], one["reason"]) for one in document["arrivals"]}
    assert said["bad"][0] == "unreadable"
    assert said["bad"][1].startswith("'99:00' is no time of a daily file; expected HH:MM")
    assert said["seldom"] == (
        "not_judged",
        "1 arrivals show no rhythm of hours, days or weeks; write one, as in daily@09:00",
    )
    kinds = landscape.ask("SELECT file_name, kind FROM pipeline.arrival_calendar ORDER BY 1")
    assert kinds == [("bad", "unreadable"), ("good", "given"), ("idle", "inactive"), ("seldom", "not_judged")]


def test_a_moment_before_the_last_check_is_shown_and_not_written(
    landscape: Landscape, capsys: pytest.CaptureFixture[str]
) -> None:
    file = landscape.file("trips", "daily@09:00")
    landscape.verdict(file, hours(9))
    landscape.verdict(file, hours(38))
    assert main(["--at", "2026-01-06T20:00:00Z"], program(landscape)) == 0
    told = landscape.told(file)
    assert [one[0] for one in told] == ["on_time", "late"]
    capsys.readouterr()
    shown = list[str]()
    for _ in range(2):
        assert main(["--at", "2026-01-06T12:00:00Z", "--json"], program(landscape)) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert json.loads(shown[0])["states"] == {"on_time": 1, "missing": 1}
    assert json.loads(shown[0])["written"] is False
    assert landscape.told(file) == told
    assert landscape.is_missing(file) is False


def test_a_moment_that_has_not_come_is_refused(landscape: Landscape, capsys: pytest.CaptureFixture[str]) -> None:
    from jobs.running.exit_codes import run_entrypoint  # noqa: PLC0415 - as the console script does

    assert run_entrypoint(lambda argv: main(argv, program(landscape)), ["--at", "2999-01-01"]) == 2
    assert "is in the future" in capsys.readouterr().err


def test_tables_without_optional_columns_are_read_and_nothing_is_judged(new_database: Callable[..., str]) -> None:
    engine = connect(new_database(with_web_application, with_all_tables))
    with engine.begin() as connection:
        MonitoredFiles(read_catalogue(engine)).create_placeholder(connection, "tenant-a", "trips", "s3://a/", hours(0))
    outcome = check_arrivals(doors(engine), hours(12), lambda _file, _found: None)
    assert (dict(outcome.kinds), outcome.flagged) == ({"not_judged": 1}, 0)
    engine.dispose()


def test_who_runs_jobs_may_check(landscape: Landscape) -> None:
    file = landscape.file("trips", "daily@09:00")
    landscape.verdict(file, hours(9))
    with login(landscape.engine, "pipeline_writer") as writer:
        require(writer, ARRIVALS)
        assert check_arrivals(doors(writer), hours(36), lambda _file, _found: None).flagged == 1
    with login(landscape.engine, "pipeline_reader") as reader, pytest.raises(CatalogueError, match="GRANT INSERT"):
        require(reader, ARRIVALS)


def test_the_table_itself_holds_what_a_row_must_say(landscape: Landscape) -> None:
    file = landscape.file("trips", "daily@09:00")
    landscape.verdict(file, hours(9))
    checked(landscape, hours(12))
    for change in ("state = 'missing'", "arrived_at = NULL", "due_at = window_start - interval '1 day'"):
        with pytest.raises(Exception, match="arrival_"), landscape.engine.begin() as connection:
            connection.execute(text(f"UPDATE pipeline.arrival SET {change}"))


def test_what_is_shown_is_everything_that_was_found(landscape: Landscape) -> None:
    landscape.file("trips", "daily@09:00")
    found = list[tuple["WatchedFile", "Checked"]]()
    check_arrivals(doors(landscape.engine), hours(12), lambda file, one: found.append((file, one)))
    assert [file.file_name for file, _ in found] == ["trips"]
    assert datetime.fromtimestamp(found[0][1].standing.watched_since, timezone.utc) == hours(12)

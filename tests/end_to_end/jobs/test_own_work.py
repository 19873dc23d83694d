"""Jobs work off what they announce and nothing else, and their exit code is about that."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dq.events.announcement import collect
from dq.events.object_event import ObjectEvent
from dq.intake.listing import list_objects
from dq.ledger.inspection import list_rows
from etl_core.postgres.clock import DatabaseClock
from jobs.working_off.batches import LEASE_SECONDS, process_claimed
from jobs.working_off.owners import is_alive, new_owner
from tests.end_to_end.command_line import environment
from tests.end_to_end.landing import TRIPS, Landing, key_of
from tests.end_to_end.processes import blocked_verdicts, inherited, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.command_line import CommandLine
    from tests.local_s3 import S3Server

_ROOT = Path(__file__).parents[3]
BROKEN = {"fields": [{"name": "id", "type": "integr"}]}


def now() -> datetime:
    return datetime.now(timezone.utc)


def held_by(landing: Landing, owner: str, lease_seconds: float = 60) -> None:
    """Somebody claims all that is due."""
    assert landing.doors.inbox.claim(100, lease_seconds, owner, now()) is not None


@pytest.fixture
def gone_process() -> str:
    """The name of a process of this machine that has ended."""
    program = "from jobs.working_off.owners import new_owner; print(new_owner())"
    done = subprocess.run([sys.executable, "-c", program], cwd=_ROOT, capture_output=True, text=True, check=True)
    owner = done.stdout.strip()
    assert is_alive(owner) is False
    return owner


@pytest.fixture
def living_process() -> Iterator[str]:
    """The name of another process of this machine, which does nothing but live."""
    program = "from jobs.working_off.owners import new_owner; print(new_owner(), flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        assert is_alive(owner)
        yield owner
        process.communicate("\n")


# what is theirs


@pytest.mark.parametrize("job", ["process_file", "backfill", "replay_events"])
def test_a_job_leaves_alone_what_it_did_not_announce(command_line: CommandLine, landing: Landing, job: str) -> None:
    """Also where that would have failed."""
    landing.configure()
    landing.configure("broken", BROKEN)
    foreign = [landing.put(key_of("broken")), landing.put(key_of(hour=1)), ObjectEvent(landing.bucket, "odd")]
    landing.announce(*foreign)
    landing.put(key_of(hour=2, agency="tenant-a"))
    events = command_line.folder / "events.json"
    events.write_text(json.dumps({"bucket": landing.bucket, "key": key_of(hour=2)}))
    arguments = {
        "process_file": ["--bucket", landing.bucket, "--key", key_of(hour=2)],
        "backfill": ["--prefix", f"s3://{landing.bucket}/{key_of(hour=2)}"],
        "replay_events": ["--events", str(events)],
    }
    assert command_line.run(job, *arguments[job]).code == 0
    assert landing.states() == {**{event.key: "pending" for event in foreign}, key_of(hour=2): "done"}


def test_a_job_that_names_one_object_ends_with_1_whatever_the_reason_that_it_has_no_verdict(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure("broken", BROKEN)
    landing.configure("idle", TRIPS, is_active=False)
    command_line.set(INACTIVE_FILES="ignore")
    for key in (key_of("broken"), key_of("unknown"), key_of("idle"), "elsewhere.csv"):
        landing.put(key)
        assert command_line.run("process_file", "--bucket", landing.bucket, "--key", key).code == 1, key
    assert set(landing.states().values()) == {"bad_definition", "unconfigured", "ignored"}
    assert command_line.run("backfill", "--prefix", f"s3://{landing.bucket}/elsewhere").code == 0


def test_a_backfill_announces_again_whatever_has_no_verdict_and_ends_with_1_while_some_has_none(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure("broken", BROKEN)
    for name in ("broken", "unknown"):
        landing.put(key_of(name))
    backfill = ("backfill", "--prefix", f"s3://{landing.bucket}/")
    assert command_line.run(*backfill).code == 1
    assert sorted(landing.states().values()) == ["bad_definition", "unconfigured"]
    assert command_line.run(*backfill).code == 1
    landing.configure("unknown")
    landing.sql(
        "UPDATE reporting.monitoring_file_schema_definition SET definition = CAST(:good AS jsonb)",
        good=json.dumps(TRIPS),
    )
    assert command_line.run(*backfill).code == 0
    assert sorted(landing.states().values()) == ["done", "done"]


def test_what_came_due_by_itself_is_scored_by_who_watches(command_line: CommandLine, landing: Landing) -> None:
    landing.announce(landing.put(key_of()))
    assert command_line.run("watch_files", "--once").code == 1
    assert command_line.run("watch_files", "--once").code == 0
    assert landing.states() == {key_of(): "unconfigured"}
    landing.configure()
    assert command_line.run("watch_files", "--once").code == 0
    assert landing.states() == {key_of(): "done"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--prefix", "s3://{bucket}/no/such/prefix"),
        ("--prefix", "s3://{bucket}/", "--since", "2026-01-05", "--until", "2026-01-04"),
        ("--prefix", "s3://{bucket}/", "--since", "2026-01-05", "--until", "2026-01-05T00:00:00Z"),
    ],
)
def test_a_backfill_of_nothing_ends_with_2_and_says_why(
    command_line: CommandLine, landing: Landing, arguments: tuple[str, ...]
) -> None:
    landing.put(key_of())
    ran = command_line.run("backfill", *(one.format(bucket=landing.bucket) for one in arguments))
    assert ran.code == 2
    assert ("no object under" in ran.err) or ("not before --until" in ran.err)
    assert landing.states() == {}


def test_a_backfill_of_a_span_in_which_nothing_was_modified_is_no_mistake(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.put(key_of())
    prefix = ("backfill", "--prefix", f"s3://{landing.bucket}/")
    assert command_line.run(*prefix, "--since", "2020-01-01", "--until", "2020-01-02").code == 0


def test_the_window_of_a_backfill_goes_with_its_rows_and_touches_no_others(
    command_line: CommandLine, landing: Landing
) -> None:
    """Whoever works them off."""
    command_line.set(RUN_WINDOW="last_modified", MAX_FILES_PER_BATCH="1")
    landing.configure()
    landing.announce(landing.put(key_of(hour=1)))
    for hour in (2, 3):
        landing.put(key_of(hour=hour))
    prefix = f"s3://{landing.bucket}/agency/tenant-a/files/trips/2026-01-04/0"
    assert command_line.run("backfill", "--prefix", f"{prefix}2", "--run-window", "key").code == 0
    landing.doors.inbox.announce(
        [ObjectEvent(landing.bucket, key_of(hour=3))], now=now(), source="backfill", run_window="key"
    )
    assert command_line.run("watch_files", "--once").code == 0
    reasons = {row.event.key: str(row.reason) for row in list_rows(landing.database)}
    assert "is from the object's last-modified" in reasons[key_of(hour=1)]
    assert "is from the key" in reasons[key_of(hour=2)]
    assert "is from the key" in reasons[key_of(hour=3)]


# who else is at it


def test_what_a_dead_process_of_this_machine_held_is_taken_over_at_once(
    command_line: CommandLine, landing: Landing, gone_process: str
) -> None:
    landing.configure()
    for hour in range(3):
        landing.put(key_of(hour=hour))
    backfill = ("backfill", "--prefix", f"s3://{landing.bucket}/")
    command_line.run(*backfill, "--dry-run")
    announce_as_listed(landing)
    held_by(landing, gone_process, lease_seconds=3600)
    ran = command_line.run(*backfill)
    assert ran.code == 0
    assert "taken over from a process that is gone" in ran.messages()
    assert set(landing.states().values()) == {"done"}
    assert len(list_rows(landing.database)) == 3


def test_the_lease_of_a_process_that_cannot_be_seen_from_here_is_waited_for(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    landing.put(key_of())
    announce_as_listed(landing)
    held_by(landing, "elsewhere:1:2:3:4", lease_seconds=3)
    ran = command_line.run("backfill", "--prefix", f"s3://{landing.bucket}/")
    assert ran.code == 0
    assert "waiting for another process, or for its lease to end" in ran.messages()
    assert landing.states() == {key_of(): "done"}


def test_beside_a_living_process_a_second_one_works_off_the_rest_and_ends_with_75_and_the_reason(
    command_line: CommandLine, landing: Landing, living_process: str
) -> None:
    landing.configure()
    landing.put(key_of(hour=1))
    announce_as_listed(landing)
    held_by(landing, living_process)
    landing.put(key_of(hour=2))
    for command in (
        ("backfill", "--prefix", f"s3://{landing.bucket}/"),
        ("process_file", "--bucket", landing.bucket, "--key", key_of(hour=1)),
    ):
        ran = command_line.run(*command)
        assert ran.code == 75
        (line,) = [line for line in ran.log if line["message"].startswith("left to another process")]
        assert f"process {living_process.split(':')[1]} has 1 of the objects in work" in line["reason"]
    assert landing.states() == {key_of(hour=1): "claimed", key_of(hour=2): "done"}


def test_a_process_elsewhere_that_renews_its_lease_is_alive(landing: Landing, s3_server: S3Server) -> None:
    landing.configure()
    landing.put(key_of())
    announce_as_listed(landing)
    held_by(landing, "elsewhere:1:2:3:4", lease_seconds=60)
    command = [sys.executable, "-m", "jobs.cli", "backfill", "--prefix", f"s3://{landing.bucket}/"]
    variables = {**inherited(), **environment(landing.database, s3_server)}
    with subprocess.Popen(command, cwd=_ROOT, env=variables, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "waiting for another process" in line:
                break
        landing.doors.inbox.renew("elsewhere:1:2:3:4", 120, now())
        assert "and it is alive" in process.stderr.read()
    assert process.returncode == 75
    assert landing.states() == {key_of(): "claimed"}


def test_a_killed_backfill_is_finished_by_starting_it_again(
    command_line: CommandLine, landing: Landing, s3_server: S3Server
) -> None:
    """Killed while it holds rows: no lease is waited for on the same machine."""
    landing.configure()
    for hour in range(24):
        landing.put(key_of(hour=hour))
    backfill = ("backfill", "--prefix", f"s3://{landing.bucket}/")
    variables = {**inherited(), **environment(landing.database, s3_server), "MAX_FILES_PER_BATCH": "4"}
    with blocked_verdicts(landing):
        command = [sys.executable, "-m", "jobs.cli", *backfill]
        process = subprocess.Popen(command, cwd=_ROOT, env=variables, stderr=subprocess.DEVNULL)
        wait_for(lambda: "claimed" in landing.states().values(), 60, "a claimed row")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert "claimed" in landing.states().values()
    started = time.monotonic()
    assert command_line.run(*backfill).code == 0
    assert set(landing.states().values()) == {"done"}
    assert len(landing.verdicts()) == 24
    assert time.monotonic() - started < 100, "the lease of 120 s was waited for"


def test_what_another_process_takes_meanwhile_is_waited_for(landing: Landing, s3_server: S3Server) -> None:
    """A watch beside a backfill is no reason to try again later."""
    landing.configure()
    for hour in range(24):
        landing.put(key_of(hour=hour))
    variables = {**inherited(), **environment(landing.database, s3_server), "MAX_FILES_PER_BATCH": "2"}
    backfill = [sys.executable, "-m", "jobs.cli", "backfill", "--prefix", f"s3://{landing.bucket}/"]
    doors, owner = replace(landing.doors, clock=DatabaseClock(landing.database)), new_owner()
    with blocked_verdicts(landing):
        process = subprocess.Popen(backfill, cwd=_ROOT, env=variables, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: "claimed" in landing.states().values(), 60, "a claimed row")
        batch = doors.inbox.claim(2, LEASE_SECONDS, owner, doors.clock())
        assert batch is not None
    assert process_claimed(doors, batch, owner).states == {"done": 2}
    log = process.communicate(timeout=120)[1]
    assert process.returncode == 0, log
    assert log.count('"message": "scored"') == 22
    assert set(landing.states().values()) == {"done"}


# what they say


def test_replaying_what_is_scored_says_so_and_names_force(command_line: CommandLine, landing: Landing) -> None:
    landing.configure()
    landing.put(key_of())
    events = command_line.folder / "events.json"
    events.write_text(json.dumps({"bucket": landing.bucket, "key": key_of()}))
    replay = ("replay_events", "--events", str(events))
    assert command_line.run(*replay).code == 0
    again = command_line.run(*replay)
    assert again.code == 0
    (line,) = [line for line in again.log if "have their verdict" in line["message"]]
    assert (line["objects"], line["hint"]) == (1, "--force scores them again")
    assert "scored" not in again.messages()
    assert "scored" in command_line.run(*replay, "--force").messages()


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry", "9999"),
        ("retry", "1", "9999"),
        ("retry", "L7"),
        ("discard", "9999", "--reason", "x"),
        ("discard", "1", "L7", "--reason", "x"),
    ],
)
def test_numbers_of_nothing_end_with_2_and_change_nothing(
    command_line: CommandLine, landing: Landing, arguments: tuple[str, ...]
) -> None:
    landing.announce(ObjectEvent(landing.bucket, "odd"))
    landing.process()
    ran = command_line.run("inbox", *arguments)
    assert ran.code == 2
    assert "9999" in ran.err or "L7" in ran.err
    assert landing.states() == {"odd": "ignored"}


def test_discarding_what_has_its_verdict_ends_with_2_and_changes_nothing(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    landing.process()
    ran = command_line.run("inbox", "discard", "1", "--reason", "x")
    assert (ran.code, "nothing was discarded" in ran.err) == (2, True)
    assert landing.states() == {key_of(): "done"}


def test_retrying_what_another_process_works_on_ends_with_75(command_line: CommandLine, landing: Landing) -> None:
    landing.announce(landing.put(key_of()))
    landing.doors.inbox.claim(1, 60, new_owner(), landing.clock())
    ran = command_line.run("inbox", "retry", "1")
    assert ran.code == 75
    assert "another process is working on" in ran.out


def test_a_drain_takes_over_at_once_what_a_process_left_that_is_gone(
    command_line: CommandLine, landing: Landing, gone_process: str
) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    held_by(landing, gone_process, 3600)
    ran = command_line.run("watch_files", "--once")
    assert ran.code == 0
    assert landing.states() == {key_of(): "done"}
    assert "taken over from a process that is gone" in ran.err


def test_a_drain_never_says_that_all_is_done_while_rows_are_held_or_wait(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    landing.announce(landing.put(key_of(hour=1)))
    held_by(landing, "a machine elsewhere:1:2:3:4", 3600)
    landing.announce(landing.put(key_of(hour=2)))
    ran = command_line.run("watch_files", "--once")
    assert ran.code == 75
    assert sorted(landing.states().values()) == ["claimed", "done"]
    assert re.search(r"1 objects are held until \d\d:\d\d:\d\d UTC", ran.err)
    landing.sql(
        "UPDATE pipeline.object_inbox SET state = 'pending', due_at = now() + interval '1 hour', lease_owner = NULL,"
        " lease_until = NULL WHERE state = 'claimed'"
    )
    ran = command_line.run("watch_files", "--once")
    assert ran.code == 75
    assert re.search(r"1 objects are due at \d\d:\d\d:\d\d UTC", ran.err)


def test_what_a_living_process_holds_is_its_own_affair(
    command_line: CommandLine, landing: Landing, living_process: str
) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    held_by(landing, living_process, 3600)
    assert command_line.run("watch_files", "--once").code == 0
    assert landing.states() == {key_of(): "claimed"}


def test_a_backfill_by_the_windows_in_the_keys_gives_verdicts_that_went_into_another_run(
    command_line: CommandLine, landing: Landing
) -> None:
    """Both objects were last modified in one hour: the first verdicts fell into one run."""
    landing.configure()
    command_line.set(RUN_WINDOW="last_modified")
    for hour in (1, 2):
        landing.put(key_of(hour=hour))
        assert command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of(hour=hour)).code == 0
    backfill = ("backfill", "--prefix", f"s3://{landing.bucket}/", "--run-window", "key")
    assert command_line.run(*backfill).code == 0
    runs = {(str(verdict.run_date), verdict.run_hour) for verdict in landing.verdicts()}
    assert {("2026-01-04", 1), ("2026-01-04", 2)} <= runs
    again = command_line.run(*backfill)
    assert again.code == 0
    assert [line["done"] for line in again.log if "left out" in line["message"]] == [2]


def announce_as_listed(landing: Landing) -> None:
    """What a backfill announces of all that is in the bucket."""
    listed = collect(list_objects(landing.doors.objects, f"s3://{landing.bucket}/"))
    landing.doors.inbox.announce(listed.events, now=now(), source="backfill")

"""to_silver as processes of their own: killed by the system at any effect, two at once, watching until it shall end."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.engine.halving import BroughtDownError
from tests.end_to_end.command_line import environment
from tests.end_to_end.jobs.test_watch_files import allow_connections
from tests.end_to_end.lake.lake_rows import loads, rows
from tests.end_to_end.landing import TRIPS, key_of
from tests.end_to_end.processes import inherited, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing
    from tests.local_s3 import S3Server

_ROOT = Path(__file__).parents[3]
#: Good rows, one that repeats a key and one that is none.
BODY = b"id,driver\n%d,ada\n%d,ben\n%d,cy\ntoo,many,cells\n"


class Processes:
    """Starts jobs in the folder of a command line."""

    def __init__(self, landing: Landing, server: S3Server, folder: Path) -> None:
        self._folder = folder
        self._variables = {**inherited(), **environment(landing.database, server), "PYTHONPATH": str(_ROOT)}

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start a module of Python with arguments; its log is thrown away."""
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=self._folder,
            env={**self._variables, **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@pytest.fixture
def processes(command_line: CommandLine, landing: Landing, s3_server: S3Server) -> Iterator[Processes]:
    """On the landing zone, with a file configured."""
    landing.configure(definition={**TRIPS, "scoring": {"passScore": 10}})
    yield Processes(landing, s3_server, command_line.folder)
    landing.database.dispose()


def land(landing: Landing, *hours: int, first: int) -> None:
    """Objects with a verdict, one an hour, whose ids begin at `first`."""
    landing.announce(*(landing.put(key_of(hour=hour), BODY % (first, first + 1, first)) for hour in hours))
    landing.process()


def found(command_line: CommandLine) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Hours and ids in silver, hours and lines in quarantine."""
    silver = [(row["_run_hour"], row["id"]) for row in rows(command_line, "silver")]
    return silver, [(row["_run_hour"], row["_line"]) for row in rows(command_line, "quarantine")]


PLACES = ("replace_runs:0", "replace_runs:1", "finish_loads:0")


def test_killed_at_any_effect_the_next_run_leaves_the_tables_of_one_that_was_not(
    command_line: CommandLine, landing: Landing, processes: Processes
) -> None:
    """Two objects a time; `replace_runs:1` is between the commits of the two tables."""
    for at, place in enumerate(PLACES):
        land(landing, 1, 2, first=10 * at)
        killed = processes.start("tests.end_to_end.lake.dying", place, "to_silver")
        assert killed.wait(60) == -signal.SIGKILL, place
        assert command_line.run("to_silver").code == 0
        ids = [10 * at, 10 * at + 1]
        expected = [(hour, id_) for hour in (1, 2) for id_ in ids], [(hour, line) for hour in (1, 2) for line in (4, 5)]
        assert found(command_line) == expected, place
    states = Counter(state for _, state in loads(landing, "object_id, state"))
    assert states["loaded"] == 2
    assert states["loading"] == 0


def test_two_processes_on_the_same_objects_load_each_once(
    command_line: CommandLine, landing: Landing, processes: Processes
) -> None:
    land(landing, *range(12), first=1)
    both = [processes.start("jobs.cli", "to_silver", MAX_FILES_PER_BATCH="3") for _ in range(2)]
    assert [one.wait(120) for one in both] == [0, 0]
    silver, quarantine = found(command_line)
    assert silver == [(hour, id_) for hour in range(12) for id_ in (1, 2)]
    assert quarantine == [(hour, line) for hour in range(12) for line in (4, 5)]
    with landing.database.connect() as connection:
        loaded = connection.execute(
            text("SELECT object_id, count(*) FROM pipeline.silver_load WHERE state = 'loaded' GROUP BY 1")
        ).all()
    assert sorted(map(tuple, loaded)) == [(object_id, 1) for object_id in range(1, 13)]


def test_a_watch_lifts_what_gets_a_verdict_survives_an_outage_and_ends_politely(
    command_line: CommandLine, landing: Landing, processes: Processes
) -> None:
    watch = processes.start("jobs.cli", "to_silver", "--watch", SILVER_POLL_SECONDS="0.1")

    def loaded(count: int) -> bool:
        return Counter(state for _, state in loads(landing, "object_id, state"))["loaded"] == count

    try:
        for hour in (1, 2):
            land(landing, hour, first=hour)
            wait_for(lambda n=hour: loaded(n), 60, "an object lifted")  # type: ignore[misc]
        allow_connections(landing, allowed=False)
        allow_connections(landing, allowed=True)
        land(landing, 3, first=3)
        wait_for(lambda: loaded(3), 60, "an object lifted after the outage")
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(60) == 0
    finally:
        watch.kill()
    silver, _ = found(command_line)
    assert silver == [(hour, id_) for hour in (1, 2, 3) for id_ in (hour, hour + 1)]


def test_an_object_that_was_overwritten_since_its_verdict_waits_for_its_own(
    command_line: CommandLine, landing: Landing, processes: Processes
) -> None:
    del processes
    landing.s3.put_bucket_versioning(Bucket=landing.bucket, VersioningConfiguration={"Status": "Suspended"})
    land(landing, 1, 2, first=1)
    event = landing.put(key_of(hour=2), BODY % (7, 8, 7))
    assert command_line.run("to_silver").code == 1
    assert found(command_line)[0] == [(1, 1), (1, 2)]
    ((_, reason),) = [load for load in loads(landing, "state, reason") if load[0] == "failed"]
    assert "was overwritten since its verdict" in reason
    landing.announce(event)
    landing.process()
    assert command_line.run("to_silver").code == 0
    assert found(command_line)[0] == [(1, 1), (1, 2), (2, 7), (2, 8)]


def test_an_object_that_brings_its_workers_down_is_given_up_after_some_attempts(
    command_line: CommandLine, landing: Landing, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    del processes
    land(landing, 1, first=1)

    def lifted(liftings: dict[int, object], *_: object) -> dict[int, BroughtDownError]:
        return {id_: BroughtDownError("its worker ended") for id_ in liftings}

    monkeypatch.setattr("pipelines.lake.lifting.load_objects.lift_objects", lifted)
    assert [command_line.run("to_silver").code for _ in range(4)] == [75, 75, 1, 0]
    assert loads(landing, "state, reason")[-1] == ("failed", "its worker ended; given up after 3 attempts")

"""Names of processes, by which others of the same machine tell whether they still run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from jobs.working_off.owners import is_alive, new_owner, shown_owner

_ROOT = Path(__file__).parents[3]
_NAME = [sys.executable, "-c", "from jobs.working_off.owners import new_owner; print(new_owner())"]


def renamed(owner: str, at: int, value: str) -> str:
    parts = owner.rsplit(":", 4)
    parts[at] = value
    return ":".join(parts)


def test_no_two_names_are_the_same() -> None:
    assert len({new_owner() for _ in range(100)}) == 100


def test_this_process_is_alive_and_one_that_ended_is_not() -> None:
    assert is_alive(new_owner()) is True
    ended = subprocess.run(_NAME, cwd=_ROOT, capture_output=True, text=True, check=True).stdout.strip()
    assert is_alive(ended) is False


def test_one_that_was_killed_and_that_nobody_has_taken_leave_of_is_not_alive() -> None:
    """Its parent may forget to ask how it ended."""
    with subprocess.Popen(_NAME, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        owner = process.stdout.read().strip()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and its number is still taken
        assert is_alive(owner) is False


def test_another_process_that_has_taken_the_number_is_not_the_same() -> None:
    assert is_alive(renamed(new_owner(), 2, "1000000000000")) is False


def test_of_another_machine_start_or_container_nobody_can_tell() -> None:
    """Nor of a name of another form."""
    owner = new_owner()
    for other in (renamed(owner, 0, "elsewhere"), renamed(owner, 3, "00000000"), "somebody", "a:b:c:d:e"):
        assert is_alive(other) is None
    assert is_alive(renamed(owner, 1, "no number")) is None


def test_people_read_where_it_runs_and_its_number() -> None:
    assert shown_owner("host:with:colons:4711:1795914847380:15d361f8:2137108f") == "host:with:colons, process 4711"
    assert shown_owner("somebody") == "somebody"

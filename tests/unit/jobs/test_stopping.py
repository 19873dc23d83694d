"""Ctrl-C and SIGTERM ask first and interrupt later."""

from __future__ import annotations

import os
import signal
import time

import pytest

from dq.batch.batch_counts import BatchCounts
from jobs.running.exit_codes import ExitCode, exit_code_for, run_entrypoint
from jobs.running.stopping import StopRequest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_interrupts(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopRequest() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(1)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before
    assert signal.alarm(0) == 0, "patience ended with the block"


def test_when_patience_ends_the_batch_is_interrupted() -> None:
    with StopRequest() as stop:
        stop.set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGALRM)


@pytest.mark.parametrize(
    ("states", "dead_letters", "code", "code_if_named"),
    [
        ({}, 0, 0, 0),
        ({"done": 2, "superseded": 1}, 0, 0, 0),
        ({"done": 1, "ignored": 1}, 0, 0, 1),
        ({"done": 1, "gone": 1}, 0, 0, 1),
        ({"done": 1, "unconfigured": 1}, 0, 1, 1),
        ({"done": 1, "bad_definition": 1}, 0, 1, 1),
        ({"done": 1, "dead": 1, "unconfigured": 0}, 0, 1, 1),
        ({"done": 1, "pending": 1}, 0, 75, 75),
        ({"done": 1, "claimed": 1}, 0, 75, 75),
        ({"pending": 1, "dead": 1}, 0, 75, 75),
        ({"done": 1}, 1, 1, 1),
    ],
)
def test_what_the_states_of_its_objects_mean_for_the_exit_code_of_a_job(
    states: dict[str, int], dead_letters: int, code: int, code_if_named: int
) -> None:
    """An object somebody named wants a verdict, whatever the reason that it has none."""
    assert exit_code_for(states, dead_letters=dead_letters) == code
    assert exit_code_for(states, dead_letters=dead_letters, named=True) == code_if_named


def test_outcomes_add_up() -> None:
    one = BatchCounts(2, {"done": 1, "dead": 1}, rows=10, bytes=100)
    assert one + one == BatchCounts(4, {"done": 2, "dead": 2}, rows=20, bytes=200)
    assert one + BatchCounts() == one
    assert (one + BatchCounts(outage="S3 is out") + one).outage == "S3 is out"


def test_sigterm_lets_a_job_that_ends_by_itself_clean_up_and_ends_it_with_try_again() -> None:
    before, cleaned = signal.getsignal(signal.SIGTERM), []

    def job(_: list[str]) -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        finally:
            cleaned.append(True)
        return 0

    assert run_entrypoint(job, []) == ExitCode.TRY_AGAIN
    assert cleaned == [True]
    assert signal.getsignal(signal.SIGTERM) is before

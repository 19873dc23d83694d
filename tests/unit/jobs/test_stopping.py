"""Ctrl-C and SIGTERM ask first and interrupt later."""

from __future__ import annotations

import os
import signal

import pytest

from dq.batch.batch_counts import BatchCounts
from jobs.running.batches import exit_code_for
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
    ("states", "dead_letters", "code"),
    [
        ({}, 0, 0),
        ({"done": 2, "superseded": 1, "ignored": 1, "unconfigured": 1, "bad_definition": 1}, 0, 0),
        ({"done": 1, "pending": 1}, 0, 75),
        ({"pending": 1, "dead": 1}, 0, 1),
        ({"done": 1}, 1, 1),
    ],
)
def test_what_the_end_of_all_batches_means_for_the_shell(states: dict[str, int], dead_letters: int, code: int) -> None:
    assert exit_code_for(BatchCounts(sum(states.values()), states), dead_letters=dead_letters) == code


def test_outcomes_add_up() -> None:
    one = BatchCounts(2, {"done": 1, "dead": 1}, rows=10, bytes=100)
    assert one + one == BatchCounts(4, {"done": 2, "dead": 2}, rows=20, bytes=200)
    assert one + BatchCounts() == one

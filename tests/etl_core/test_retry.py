"""What may work later is called again, a bounded number of times, with waits that grow and spread."""

from __future__ import annotations

from datetime import timedelta

import pytest

from etl_core.errors import QueueUnavailableError, RetryableError, TerminalError
from etl_core.retry import Backoff, Outage, call_again

BACKOFF = Backoff(first=1.0, factor=3.0, longest=5.0)


class Flaky:
    """Fails with these errors, one a call, and then works."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_waits_grow_up_to_the_longest_and_spread_over_their_upper_half() -> None:
    assert [BACKOFF.wait(attempts, 1.0) for attempts in (1, 2, 3, 100)] == [
        timedelta(seconds=seconds) for seconds in (1, 3, 5, 5)
    ]
    assert BACKOFF.wait(2, 0.0) == timedelta(seconds=1.5)
    assert Backoff(10.0, 4.0, 900.0).wait(10**9, 0.5) == timedelta(seconds=675)


def test_a_call_that_works_is_made_once_and_nobody_waits() -> None:
    flaky = Flaky()
    assert call_again(flaky, attempts=3, backoff=BACKOFF, sleep=lambda _: pytest.fail("waited")) == "done"
    assert flaky.calls == 1


def test_a_call_that_may_work_later_is_made_again_after_each_wait() -> None:
    flaky, slept, told = Flaky(QueueUnavailableError("a"), RetryableError("b")), list[float](), list[str]()
    found = call_again(
        flaky,
        attempts=3,
        backoff=BACKOFF,
        chance=lambda: 1.0,
        sleep=slept.append,
        waiting=lambda error, seconds: told.append(f"{error} {seconds:g}"),
    )
    assert (found, flaky.calls, slept, told) == ("done", 3, [1.0, 3.0], ["a 1", "b 3"])


def test_after_the_last_attempt_its_error_is_raised_without_another_wait() -> None:
    flaky, slept = Flaky(*(RetryableError(str(number)) for number in range(9))), list[float]()
    with pytest.raises(RetryableError, match="2"):
        call_again(flaky, attempts=3, backoff=BACKOFF, sleep=slept.append)
    assert (flaky.calls, len(slept)) == (3, 2)
    with pytest.raises(RetryableError, match="3"):
        call_again(flaky, attempts=1, backoff=BACKOFF, sleep=slept.append)


@pytest.mark.parametrize("error", [TerminalError("no use"), ValueError("a fault")])
def test_what_trying_again_cannot_help_is_raised_at_once(error: Exception) -> None:
    flaky = Flaky(error)
    with pytest.raises(type(error)):
        call_again(flaky, attempts=3, backoff=BACKOFF, sleep=lambda _: None)
    assert flaky.calls == 1


def test_only_the_errors_that_are_named_are_worth_another_call() -> None:
    flaky = Flaky(RetryableError("of another kind"))
    with pytest.raises(RetryableError):
        call_again(flaky, attempts=3, backoff=BACKOFF, on=QueueUnavailableError, sleep=lambda _: None)
    assert flaky.calls == 1


def test_somebody_who_asks_to_stop_ends_the_waiting() -> None:
    flaky = Flaky(RetryableError("first"), RetryableError("second"))
    with pytest.raises(RetryableError, match="first"):
        call_again(flaky, attempts=9, backoff=BACKOFF, sleep=lambda _: True)
    assert flaky.calls == 1


def test_an_outage_waits_longer_each_time_and_its_end_says_how_long_it_was() -> None:
    """Without one there is no end to tell; the next one begins anew."""
    now = 100.0
    outage = Outage(BACKOFF, clock=lambda: now)
    assert outage.over() is None
    assert [outage.failed() for _ in range(4)] == [1, 3, 5, 5]
    assert outage.failures == 4
    now = 142.5
    assert outage.over() == 42.5
    assert outage.over() is None
    assert outage.failed() == 1

"""Trying again: how long to wait, and calling until it works or there is no more point."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from etl_core.errors import PipelineError, RetryableError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that grow by `factor` from `first` to `longest` seconds."""

    first: float
    factor: float
    longest: float

    def wait(self, attempts: int, jitter: float) -> timedelta:
        """The wait after the given number of attempts (at least 1).

        `jitter`, from 0 to 1, is drawn anew for each; it spreads waits over the upper half, lest all
        that failed together come back together.
        """
        # The exponent is bounded because a float overflows long before a patient operator gives up.
        longest = min(self.longest, self.first * self.factor ** min(attempts - 1, 32))
        return timedelta(seconds=longest * (0.5 + 0.5 * jitter))


class Outage:
    """Something that is needed does not answer: how often in a row, and for how long.

    Args:
        backoff: how long to wait before it is asked again.
        clock: counts seconds.
    """

    def __init__(self, backoff: Backoff, clock: Callable[[], float] = time.monotonic) -> None:
        self._backoff, self._clock = backoff, clock
        self._since: float | None = None
        self.failures = 0

    def failed(self) -> float:
        """Note that it did not answer; the seconds to wait, more for each time in a row."""
        if self._since is None:
            self._since = self._clock()
        self.failures += 1
        return self._backoff.wait(self.failures, 1.0).total_seconds()

    def over(self) -> float | None:
        """Note that it answered; how many seconds it was out before, None where it was not."""
        since, self._since, self.failures = self._since, None, 0
        return None if since is None else round(self._clock() - since, 1)


def call_again(
    call: Callable[[], _T],
    *,
    attempts: int,
    backoff: Backoff,
    on: type[PipelineError] | tuple[type[PipelineError], ...] = RetryableError,
    waiting: Callable[[PipelineError, float], object] = lambda _error, _seconds: None,
    chance: Callable[[], float] = random.random,
    sleep: Callable[[float], object] = time.sleep,
) -> _T:
    """Call until it works; what it gave.

    Args:
        call: safe to be called again after it failed.
        attempts: calls at most.
        backoff: how long to wait between them.
        on: what is worth another call; anything else is raised at once.
        waiting: told the error and the seconds before each wait.
        chance: draws a number from 0 to 1, which spreads the waits.
        sleep: waits so many seconds; where it gives True, somebody asked to stop, and no call follows.

    Raises:
        PipelineError: that of the last call.
    """
    for attempt in range(1, attempts):
        try:
            return call()
        except on as error:  # noqa: PERF203 - a handful of rounds that mostly wait
            seconds = backoff.wait(attempt, chance()).total_seconds()
            waiting(error, seconds)
            if sleep(seconds) is True:
                raise
    return call()

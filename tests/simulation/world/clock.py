"""The time of a simulated world, which passes only when somebody lets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

#: In the middle of an hour, so that a few minutes stay within one run.
START = datetime(2026, 1, 4, 12, 20, tzinfo=timezone.utc)


@dataclass
class Clock:
    """The present of database, object store and queue."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def seconds(self) -> float:
        """As `time.monotonic`."""
        return (self.now - START).total_seconds()

    def wrong_by(self, seconds: float) -> Callable[[], datetime]:
        """The clock of a machine that is ahead by so many seconds."""
        return lambda: self.now + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Timekeeping:
    """What a module that rests and counts seconds uses of `time`."""

    clock: Clock

    def sleep(self, seconds: float) -> None:
        """Rest."""
        self.clock.forward(seconds)

    def monotonic(self) -> float:
        """Count."""
        return self.clock.seconds()

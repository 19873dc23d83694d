"""How long to wait before trying again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that grow by `factor` from `first` to `longest` seconds.

    With the defaults five attempts span about a quarter of an hour, so a short outage kills nothing.
    """

    first: float = 10.0
    factor: float = 4.0
    longest: float = 900.0

    def wait(self, attempts: int, jitter: float) -> timedelta:
        """The wait after the given number of attempts (at least 1).

        `jitter`, from 0 to 1, is drawn anew for each; it spreads waits over the upper half, lest all
        that failed together come back together.
        """
        # The exponent is bounded because a float overflows long before a patient operator gives up.
        longest = min(self.longest, self.first * self.factor ** min(attempts - 1, 32))
        return timedelta(seconds=longest * (0.5 + 0.5 * jitter))

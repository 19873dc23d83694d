"""How fast a source may be asked, whatever number of threads ask."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RateBudget:
    """At most so many requests in any span of time, and none while the application wants a pause.

    Args:
        requests: in a span.
        seconds: of the span.
        passed: counts seconds.
        sleep: waits so many seconds; where it gives True, somebody asked to stop.
    """

    def __init__(
        self, requests: int, seconds: float, passed: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._seconds, self._passed, self._sleep = seconds, passed, sleep
        self._made: deque[float] = deque(maxlen=requests)
        self._paused_until = float("-inf")
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait until a request may be made, and count it; nobody overtakes."""
        with self._lock:
            while (wait := self._wait(self._passed())) > 0:
                if self._sleep(wait) is True:  # whoever asked to stop is heard when this request has been made
                    break
            self._made.append(self._passed())

    def pause(self, seconds: float) -> None:
        """Have nobody ask for so long."""
        self._paused_until = max(self._paused_until, self._passed() + seconds)

    def _wait(self, now: float) -> float:
        full = len(self._made) == self._made.maxlen
        free_at = self._made[0] + self._seconds if full else now
        return max(free_at, self._paused_until) - now

"""What a worker of Spark may take for one object: memory and time, kept by the operating system.

What breaks them ends as that object's error, or as the end of the worker, never of the driver.
"""

from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from dq.formats.limits import Limits

_T = TypeVar("_T")

#: A read that goes on notices by itself that its time is over. One that hangs does not, and gets so many seconds more.
_GRACE = 30.0


def within(results: Iterator[_T], limits: Limits) -> Iterator[_T]:
    """Give what the iterator gives, with bounds on its work: MemoryError beyond the memory, the end beyond the time.

    The time is that of each result, and only where this is the main thread of its process, as it is in workers.
    """
    is_main = threading.current_thread() is threading.main_thread()
    seconds = limits.object_seconds + min(limits.object_seconds, _GRACE) if is_main else None
    while True:
        with _memory_of(limits.object_memory), _time_of(seconds):
            try:
                one = next(results)
            except StopIteration:
                return
        yield one


@contextmanager
def _memory_of(most: int) -> Iterator[None]:
    """Bound what this process may have, in bytes; a smaller bound that is there already stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = min((one for one in (most, soft, hard) if one != resource.RLIM_INFINITY), default=most)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@contextmanager
def _time_of(seconds: float | None) -> Iterator[None]:
    """Have the system end this process when the block takes longer: no Python code has to run for it."""
    if seconds is None:
        yield
        return
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

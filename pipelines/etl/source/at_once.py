"""Works at the same time, that end early when one of them fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Final, Protocol, TypeVar

#: Seconds until the source is told again to stop what may have begun since it was told.
_TOLD_AGAIN: Final = 1.0

_Done_co = TypeVar("_Done_co", covariant=True)


class CanBeCancelled(Protocol[_Done_co]):
    """Work that another thread can end early."""

    def __call__(self) -> _Done_co: ...  # noqa: D102 - the work
    def cancel(self) -> None: ...  # noqa: D102 - it raises, soon


def at_once(works: Sequence[CanBeCancelled[_Done_co]]) -> list[_Done_co]:
    """Do works at the same time, each in a thread, so that a signal is heard. When one fails the others are cancelled.

    Raises: what the first one that fails does, when all have ended.
    """
    with ThreadPoolExecutor(len(works)) as threads:
        begun = {threads.submit(work): work.cancel for work in works}
        try:
            done, pending = wait(begun, return_when=FIRST_EXCEPTION)
        except BaseException:
            _cancel(begun)
            raise
        _cancel({one: begun[one] for one in pending})
        for one in done:
            one.result()  # raises what is to be told; the others were cancelled for it
        return [one.result() for one in begun]


def _cancel(begun: dict[Future[_Done_co], Callable[[], None]]) -> None:
    pending = set(begun)
    while pending:
        for one in pending:
            begun[one]()
        _, pending = wait(pending, timeout=_TOLD_AGAIN)

"""An item that brings a call for many down is set apart by halving, so that its neighbours finish.

One place for all lanes and for the batch, with one bound: beyond the first call at most 2 log2(n) and two more are made
for n items, which is enough to find one that is to blame. Where everything fails, log2(n) and three calls tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from etl_core.errors import RetryableError

log = structlog.get_logger()
_W = TypeVar("_W")
_T = TypeVar("_T")

#: Calls beyond those that one item to blame costs.
_SPARE = 2


class NotTriedError(RetryableError):
    """Others of the same call used up what may be spent on looking for those to blame; this one has no part in it."""


class EngineDownError(NotTriedError):
    """What runs the calls is itself out of order; no item is to blame."""


class BroughtDownError(RetryableError):
    """One item, tried alone, brought the call down that others would share with it."""


@dataclass(frozen=True, slots=True)
class Endings(Generic[_W, _T]):
    """How items end that gave no result; each is told the item and the error of the call.

    `alone`: the one that failed by itself. `shared`: nothing worked at all, so all have the same fault. `untried`: some
    worked, and there are too many to blame to find them all at once.
    """

    alone: Callable[[_W, Exception], dict[int, _T]]
    shared: Callable[[_W, Exception], dict[int, _T]]
    untried: Callable[[_W, Exception], dict[int, _T]]


def set_apart(
    items: Sequence[_W],
    run: Callable[[Sequence[_W]], dict[int, _T]],
    endings: Endings[_W, _T],
    *,
    blames: tuple[type[Exception], ...],
) -> dict[int, _T]:
    """Call `run` with all items; when that fails with one of `blames`, with halves, until the item to blame is alone.

    The way to the first one is the shortest. Then the largest part that was not tried is next, so that most neighbours
    have finished when the bound is reached.
    """
    found: dict[int, _T] = {}
    waiting = [items] if items else []
    halvings = max(len(items) - 1, 0).bit_length()
    calls, failed, blamed, last = 0, 0, False, Exception("nothing was called")
    while waiting:
        some = waiting.pop(max(range(len(waiting)), key=lambda at: len(waiting[at])) if blamed else -1)
        worked = calls > failed
        if calls > 2 * halvings + _SPARE or (not worked and failed > halvings + _SPARE):
            given_up = endings.untried if worked else endings.shared
            for one in some:
                found |= given_up(one, last)
            continue
        calls += 1
        try:
            found |= run(some)
        except blames as error:
            failed, last = failed + 1, error
            log.warning("a call failed; looking for what did it", objects=len(some), error_type=type(error).__name__)
            if len(some) == 1:
                blamed = True
                found |= endings.alone(some[0], error)
            else:
                half = len(some) // 2
                waiting += [some[half:], some[:half]]
    return found

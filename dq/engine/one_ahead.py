"""Working ahead by one: the next item is worked on while the last one's result is made use of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def one_ahead(pool: Executor, work: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
    """Give the results of `work` in the order of the items."""
    ahead: Future[_R] | None = None
    for item in items:
        done, ahead = ahead, pool.submit(work, item)
        if done is not None:
            yield done.result()
    if ahead is not None:
        yield ahead.result()

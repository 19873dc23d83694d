"""What routes get at: the doors, the hooks, and the threads that intake has for itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, Request

from service.doors import ServiceDoors
from service.incoming.hooks import Hooks

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
#: Threads that only read, and the connections they need: a page takes some milliseconds of one.
READERS = 8
#: Threads that write what comes in: it never waits for readers.
_TAKERS = 4
#: Callers that may wait for a verdict at a time; the others are told where to ask.
_MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running service."""

    doors: ServiceDoors
    hooks: Hooks
    takers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_TAKERS))
    waiting: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_MOST_WAITING))

    async def take(self, work: Callable[[], _T]) -> _T:
        """Do something for what comes in, on a thread of its own."""
        return await anyio.to_thread.run_sync(work, limiter=self.takers)


async def parts_of(request: Request) -> Parts:
    """Give the parts of the service that answers."""
    parts: Parts = request.app.state.parts
    return parts


async def doors_of(request: Request) -> ServiceDoors:
    """Give the doors of the service that answers."""
    return (await parts_of(request)).doors


GivenParts = Annotated[Parts, Depends(parts_of)]
GivenDoors = Annotated[ServiceDoors, Depends(doors_of)]

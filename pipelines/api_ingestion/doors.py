"""What a reading of a source is put together from, and what is asked of each part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from etl_core.objects.store import ObjectHead
    from pipelines.api_ingestion.errors import PageError
    from pipelines.api_ingestion.http.client import ApiClient, Passing
    from pipelines.api_ingestion.landing.landed import Landing
    from pipelines.api_ingestion.source.api_source import ApiSource


T = TypeVar("T")


class Ahead(Protocol):
    """Has something done while others are worked on."""

    def __call__(self, do: Callable[[], T], /) -> Callable[[], T]:
        """What waits for it, and gives what it gave."""


def _then(do: Callable[[], T]) -> Callable[[], T]:
    """Do it when somebody waits for it."""
    return do


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an endpoint was read: the position as it is written, and the packed edge behind it."""

    position: str
    edge: bytes = b""


class Account(Protocol):
    """What is kept of readings; each call is durable when it returns."""

    def turn(self, source: str, endpoint: str) -> AbstractContextManager[None]:
        """Have nobody else read the endpoint meanwhile."""

    def cursor(self, source: str, endpoint: str) -> Cursor | None:
        """How far it was read; None where it never was to its end."""

    def unfinished(self, source: str, endpoint: str) -> list[Landing]:
        """Objects of readings that did not come to their end, those among them that may not be there."""

    def newest(self, agency: str, file: str) -> Landing | None:
        """The object of a file with the latest window that has landed."""

    def begin(self, landing: Landing) -> int:
        """Note that an object is about to be written; its number."""

    def landed(self, number: int, head: ObjectHead, now: datetime) -> None:
        """Note that it is there, and announce it, in one transaction."""

    def drop(self, number: int) -> None:
        """Note that it never came to be."""

    def finish(self, source: str, endpoint: str, cursor: Cursor | None, run_id: str, now: datetime) -> None:
        """Move the cursor, and forget what was kept for a reading that is cut off; None leaves it where it is."""

    def dead_letter(self, source: str, endpoint: str, error: PageError, now: datetime) -> None:
        """Keep a page that is not what was declared."""


class Objects(Protocol):
    """The bucket in which objects land."""

    def write(self, key: str, data: bytes) -> ObjectHead:
        """Write an object where nothing is."""

    def find(self, key: str) -> ObjectHead | None:
        """Look for an object."""

    def read(self, key: str) -> bytes:
        """The content of an object."""


@dataclass(frozen=True, slots=True)
class ApiDoors:
    """The outside world of a source.

    Attributes:
        source: which.
        client: asks it.
        account: what is kept.
        objects: where records land.
        time: passes.
        run_id: of this run.
        stopped: whether somebody asked to stop.
        part_bytes: most bytes of an object.
        ahead: has a page asked for, or lines made small, while others are worked on; gives what waits for it.
    """

    source: ApiSource
    client: ApiClient
    account: Account
    objects: Objects
    time: Passing
    run_id: str
    stopped: Callable[[], bool] = lambda: False
    part_bytes: int = 64 * 1024 * 1024
    ahead: Ahead = _then

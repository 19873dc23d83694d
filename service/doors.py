"""Everything the service reaches, made by whoever starts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from dq.ledger.inbox import Inbox
    from dq.reporting.catalogue.catalogue import Catalogue
    from service.metrics import ServiceMetrics


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask.

    Attributes:
        token: what callers prove themselves with; None where nobody has to.
        local_only: only names of this machine are answered to: no page of elsewhere can lead a browser here by a name
            of its own.
        origins: pages that may read the JSON.
        per_second: requests of one address on average.
    """

    token: str | None = None
    local_only: bool = False
    origins: tuple[str, ...] = ()
    per_second: float = 100.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is taken from whom.

    Attributes:
        allowed_buckets: of which objects are taken; empty: of every one.
        topics: of SNS whose messages are taken.
        eventbridge_secret: what EventBridge proves itself with; None: nothing is taken from it.
        fetch: gives the bytes at an address of Amazon's, and raises `OSError`.
    """

    allowed_buckets: frozenset[str]
    topics: frozenset[str]
    eventbridge_secret: str | None
    fetch: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class ServiceDoors:
    """The outside world of the service.

    Attributes:
        inbox: where announcements go.
        reader: the database for everything that is only looked at.
        catalogue: the reporting tables.
        clock: tells the present, aware; may raise `DatabaseUnavailableError`.
        access: who may ask.
        incoming: what is taken from whom.
        metrics: the service's figures.
        version: of the program.
        seconds: counts seconds, from some moment on.
    """

    inbox: Inbox
    reader: Engine
    catalogue: Catalogue
    clock: Callable[[], datetime]
    access: Access
    incoming: Incoming
    metrics: ServiceMetrics
    version: str
    seconds: Callable[[], float]

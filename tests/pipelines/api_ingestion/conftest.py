"""A server for each test, a database and a bucket for those that land, and time that passes when somebody waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.api_ingestion.http.client import ApiClient, Passing
from pipelines.api_ingestion.http.connections import Connections
from pipelines.api_ingestion.source.api_source import ApiSource
from tests.pipelines.api_ingestion.served_api import ServedApi, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Clock:
    """Time that passes when somebody waits, and by nothing else."""

    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)

    def passed(self) -> float:
        return self.now.timestamp()

    def passing(self) -> Passing:
        return Passing(lambda: self.now, self.passed, self.sleep, lambda: 0.5)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api() -> Iterator[ServedApi]:
    with served() as server:
        yield server


def source_at(url: str, **changes: object) -> ApiSource:
    """The source of employees at an address, with other properties, or others of its endpoint."""
    endpoint: dict[str, Any] = {
        "path": "/employees",
        "records": "data.items",
        "pagination": {"cursor": "meta.next", "param": "cursor"},
        "incremental": {"field": "updated_at", "param": "since", "lookback": "2m"},
        "primary_key": ["id"],
        "land": {"agency": "tenant-a", "file": "employees"},
    }
    different = changes.pop("endpoint", {})
    assert isinstance(different, dict)
    endpoint |= different
    whole = {
        "source": "hr",
        "base_url": url,
        "allow_private": True,
        "rate_limit": {"requests": 1000, "per": "1s"},
        "endpoints": {"employees": {name: value for name, value in endpoint.items() if value is not None}},
    }
    return ApiSource.model_validate(whole | changes)


@pytest.fixture
def client(clock: Clock) -> Iterator[Callable[..., ApiClient]]:
    """Makes the client of a source, over the network."""
    opened: list[Connections] = []

    def make(source: ApiSource, **values: str) -> ApiClient:
        connections = Connections(source.limits, allow_private=source.allow_private)
        opened.append(connections)
        return ApiClient(source, connections, values, clock.passing())

    yield make
    for one in opened:
        one.close()

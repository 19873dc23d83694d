"""A running service for tests: the real server on a thread, on real tables and a local S3."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from dq.reporting.catalogue.catalogue import read_catalogue
from service.app import make_app
from service.doors import Access, Incoming, ServiceDoors
from service.metrics import ServiceMetrics
from service.server import listen, make_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI
    from sqlalchemy.engine import Engine

    from service.guarding.bodies import BodyLimits
    from tests.end_to_end.landing import Landing
    from tests.service.signed import Certificates

SECRET = "a secret of EventBridge's"
PATIENCE = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def fields(self) -> list[str]:
        """The fields that a refusal names."""
        return [one["field"] for one in self.json["errors"]]


@dataclass(frozen=True)
class Site:
    """A service that listens, and what is behind it."""

    port: int
    app: FastAPI
    doors: ServiceDoors
    landing: Landing
    certificates: Certificates

    def ask(
        self, path: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, path: str, value: object, **headers: str) -> Answer:
        given = {"content-type": "application/json", **{name.replace("_", "-"): one for name, one in headers.items()}}
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.ask(path, method="POST", body=body, headers=given)


def service_doors(
    landing: Landing, reader: Engine, certificates: Certificates, access: Access | None = None
) -> ServiceDoors:
    return ServiceDoors(
        inbox=landing.doors.inbox,
        reader=reader,
        catalogue=read_catalogue(landing.database),
        clock=landing.clock,
        access=access or Access(local_only=True, per_second=10_000),
        incoming=Incoming(frozenset({landing.bucket}), frozenset({certificates.topic}), SECRET, certificates.fetch),
        metrics=ServiceMetrics(),
        version="0",
        seconds=time.monotonic,
    )


@contextmanager
def listening(
    doors: ServiceDoors, landing: Landing, certificates: Certificates, limits: BodyLimits | None = None
) -> Iterator[Site]:
    """The service at a port of its own while the block runs."""
    app = make_app(doors, limits)
    server, socket = make_server(app), listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([socket],), name="service")
    thread.start()
    try:
        end = time.monotonic() + PATIENCE
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < end
            time.sleep(0.01)
        yield Site(socket.getsockname()[1], app, doors, landing, certificates)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()

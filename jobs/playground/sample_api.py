"""A small application with employees: pages by a cursor, a token, and now and then too many requests."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "demo-token"  # noqa: S105 - the local server takes no other
_PAGE = 40
#: Every so many requests one is told to come back in a second.
_BUSY_EVERY = 7


@dataclass
class SampleApi:
    """Where it is, whom it has, and what it was asked."""

    url: str = ""
    employees: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def sample_api() -> Iterator[SampleApi]:
    """Serve on a free port of this machine only, while the block runs."""
    api = SampleApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: two wait for each other

        @override
        def log_message(self, *_: object) -> None:
            """Say nothing: what was asked is kept."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            api.asked.append(self.path)
            if self.headers.get("authorization") != f"Bearer {TOKEN}":
                self._send(401, {"message": "who are you?"})
            elif parts.path != "/api/v2/employees":
                self._send(404, {"message": "there is nothing here"})
            elif len(api.asked) % _BUSY_EVERY == 0:
                self._send(429, {"message": "not so fast"}, {"retry-after": "1"})
            else:
                self._send(200, _page(api.employees, query.get("since", ""), int(query.get("cursor", "0"))))

        def _send(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**(headers or {}), "content-length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}/api/v2"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(employees: list[dict[str, Any]], since: str, start: int) -> dict[str, Any]:
    found = sorted(
        (one for one in employees if one["updated_at"] >= since), key=lambda one: (one["updated_at"], one["id"])
    )
    end = start + _PAGE
    return {"data": {"items": found[start:end]}, "meta": {"next": str(end) if end < len(found) else None}}

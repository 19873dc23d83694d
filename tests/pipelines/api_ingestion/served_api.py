"""A real HTTP server of the tests: each path has somebody who answers, and says what was asked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

    #: Is given the query, and how often the path was asked before.
    Responder = Callable[[dict[str, str], int], "Reply"]


@dataclass
class Reply:
    """An answer; `raw` is what goes over the line behind the headers, in pieces, and then the line is closed."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Iterator[bytes] | None = None
    length: int | None = None


@dataclass
class Asked:
    """A request that came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class ServedApi:
    """The server: where it is, who answers, and what was asked."""

    url: str
    paths: dict[str, Responder] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api, self.counts, self.is_leaving = ServedApi(""), Counter[str](), threading.Event()

    @override
    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: two wait for each other
    server: _Server

    @override
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(_values(self.rfile.read(int(self.headers["content-length"])).decode()))

    def _answer(self, form: dict[str, str]) -> None:
        api, parts = self.server.api, urlsplit(self.path)
        query, headers = _values(parts.query), {name.lower(): value for name, value in self.headers.items()}
        api.asked.append(Asked(parts.path, query, headers, form))
        responder, count = api.paths.get(parts.path), self.server.counts[parts.path]
        self.server.counts[parts.path] += 1
        self._send(Reply({"message": "not found"}, 404) if responder is None else responder(query, count))

    def _send(self, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body) if reply.length is None else reply.length))
        self.end_headers()
        if reply.raw is None:
            self.wfile.write(body)
            return
        self.close_connection = True
        with suppress(OSError):
            for piece in reply.raw:
                self.wfile.write(piece)
                self.wfile.flush()
                if self.server.is_leaving.is_set():
                    break


def _values(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


@contextmanager
def served(tls: ssl.SSLContext | None = None) -> Iterator[ServedApi]:
    """Serve on a free port of this machine while the block runs."""
    server = _Server()
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.api.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield server.api
    finally:
        server.is_leaving.set()
        server.shutdown()
        server.server_close()
        thread.join()


def pages(items: list[dict[str, Any]], size: int) -> Responder:
    """Answer with so many of the items at a time; the cursor is where the next page begins."""

    def answer(query: dict[str, str], _count: int) -> Reply:
        start = int(query.get("cursor", "0"))
        found = [one for one in items if one["updated_at"] >= query.get("since", "")]
        end = start + size
        return Reply({"data": {"items": found[start:end]}, "meta": {"next": str(end) if end < len(found) else None}})

    return answer

"""A proxy before S3 and SQS that can be told to do what networks and services do on bad days."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

_ERROR = '<?xml version="1.0"?><Error><Code>{code}</Code><Message>on purpose</Message></Error>'
_ANSWERS = {"unavailable": (503, "SlowDown"), "refused": (403, "AccessDenied"), "broken": (500, "InternalError")}
_HOP = frozenset({"connection", "transfer-encoding", "keep-alive"})
_SLOW_SECONDS = 0.7


class FaultProxy:
    """One for S3 and one for SQS each; `faults` says what befalls the requests of `s3` and of `sqs`.

    Of S3 only reads of objects are befallen: `unavailable`, `refused` and `broken` are answers, `reset` cuts the
    connection before one, `cut` in the middle of one, `slow` lets it wait.
    """

    def __init__(self, behind: str) -> None:
        self._behind = urlsplit(behind)
        self.faults: dict[str, str] = {}
        self.felt: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def fault(self, service: str, name: str) -> Iterator[None]:
        """Let requests of a service have a fault while the block runs."""
        self.faults[service] = name
        self.felt[name] = 0
        try:
            yield
        finally:
            del self.faults[service]

    def _fault_of(self, method: str, headers: Message, path: str) -> str | None:
        if "x-amz-target" in headers or "AmazonSQS" in str(headers.get("content-type")):
            return self.faults.get("sqs")
        is_read = method == "GET" and path.count("/") > 1
        return self.faults.get("s3") if is_read else None

    def _forward(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(str(self._behind.hostname), self._behind.port, timeout=60)
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in _HOP}
        connection.request(handler.command, handler.path, body or None, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, [pair for pair in answer.getheaders() if pair[0].lower() not in _HOP], data

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        fault = self._fault_of(handler.command, handler.headers, handler.path)
        if fault is not None:
            self.felt[fault] += 1
        if fault == "reset":
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
            return
        if fault in _ANSWERS:
            status, code = _ANSWERS[fault]
            _answer(handler, status, [("Content-Type", "application/xml")], _ERROR.format(code=code).encode())
            return
        if fault == "slow":
            time.sleep(_SLOW_SECONDS)
        status, headers, data = self._forward(handler, body)
        _answer(handler, status, headers, data, cut=fault == "cut" and status < http.client.MULTIPLE_CHOICES)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def handle_any(self) -> None:
                with suppress(ConnectionError):
                    proxy._serve(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815 - as the server wants them

        return Handler


def _answer(
    handler: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], data: bytes, *, cut: bool = False
) -> None:
    handler.send_response_only(status)
    for name, value in headers:
        if name.lower() != "content-length" or handler.command == "HEAD":
            handler.send_header(name, value)
    if handler.command != "HEAD":
        handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[: len(data) // 2] if cut else data)
    if cut:
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

"""Fake receivers: a real HTTP server that webhooks and Slack post to, and a real SMTP server, on this machine."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came, and what is answered: `answers` gives a status for each post, by its path; 0 never answers."""

    port: int = 0
    posts: list[tuple[str, Any]] = field(default_factory=list)
    answer: Callable[[str], int] = lambda _path: 200
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "hook") -> str:
        """A webhook of Apprise's at a path."""
        return f"json://127.0.0.1:{self.port}/{path}"

    def titles(self, path: str | None = None) -> list[str]:
        """The titles that came, at one path or at all."""
        return [_title(body) for where, body in self.posts if path is None or where.startswith(path)]


def _title(body: Any) -> str:  # noqa: ANN401 - any JSON
    """Of a webhook, or of a message as Slack takes it."""
    title = body["title"] if "title" in body else body["attachments"][0]["title"]
    assert isinstance(title, str)
    return title


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver of JSON while the block runs."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status = receiver.answer(self.path)
            if status == 0:
                receiver.released.wait(60)
                self.close_connection = True
                return
            if status < 300:
                receiver.posts.append((self.path, body))
            self.send_response(status)
            if status == 429:
                self.send_header("retry-after", "30")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Mailbox:
    """What an SMTP server took."""

    port: int = 0
    mails: list[Any] = field(default_factory=list)


@contextmanager
def taking_mail() -> Iterator[Mailbox]:
    """An SMTP server that takes everything while the block runs."""
    mailbox = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline():
                match line.strip().upper().split(b" ")[0].split(b":")[0]:
                    case b"DATA":
                        self._say("354 go on")
                        mailbox.mails.append(message_from_bytes(self._body(), policy=policy.default))
                        self._say("250 taken")
                    case b"QUIT":
                        self._say("221 bye")
                        return
                    case _:
                        self._say("250 yes")

        def _body(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                lines.append(line)
            return b"".join(lines)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    mailbox.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield mailbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

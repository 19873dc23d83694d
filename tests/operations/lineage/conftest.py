"""A ledger with lines, an endpoint that answers as a test says, and landing zones."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from etl_core.audit.account import Account
from etl_core.audit.record import Step
from etl_core.audit.table import add_lines
from etl_core.log.redaction import Redaction
from etl_core.postgres.database import connect
from tests.databases import with_all_tables, with_full_reporting
from tests.end_to_end.command_line import bare_command_line, command_line
from tests.end_to_end.conftest import landing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

__all__ = ["bare_command_line", "command_line", "landing"]

NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)


def account(job: str = "process_file", run_id: str | None = None) -> Account:
    """A run of a job that writes lines."""
    return Account(job, "0", run_id or uuid.uuid4().hex, uuid.uuid4, Redaction(("hunter2",)))


def add_steps(engine: Engine, count: int, at: datetime = NOW, subject: str | None = None) -> list[uuid.UUID]:
    """Write lines of steps, a second apart; their numbers."""
    mine = account()
    steps = [Step(f"step{one}", "succeeded", at + timedelta(seconds=one), subject=subject) for one in range(count)]
    lines = [mine.line(step) for step in steps]
    with engine.begin() as connection:
        add_lines(connection, lines)
    return [line.id for line in lines]


@pytest.fixture
def ledger(new_database: Callable[..., str]) -> Iterator[Engine]:
    """A ledger without lines."""
    engine = connect(new_database(with_full_reporting, with_all_tables))
    yield engine
    engine.dispose()


@dataclass
class Endpoint:
    """Takes events. `answer` gives the status of each (by its number from 0 and its body); None hangs up on nobody."""

    url: str = ""
    answer: Callable[[int, dict[str, Any]], int | None] = lambda _number, _event: 201
    events: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    asked: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)

    def runs(self) -> list[str]:
        """The runs whose end it was told, in order."""
        return [event["run"]["runId"] for event in self.events if event["eventType"] != "START"]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A real server of this machine."""
    made = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.path == "/api/v1/lineage"
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number, made.asked = made.asked, made.asked + 1
            status = made.answer(number, event)
            if status is None:
                made.go_on.wait(60)
                return
            if status < 300:
                made.events.append(event)
                made.keys.append(self.headers["Authorization"])
            self.send_response(status)
            if status == 302:
                self.send_header("Location", made.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}/"
    yield made
    made.go_on.set()
    server.shutdown()
    server.server_close()

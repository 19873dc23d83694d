"""A sign of life in the ledger, for as long as this process works on it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from dq.ledger.claims.consumers import BEAT_SECONDS, give_sign, leave
from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.batch.doors import Doors

log = structlog.get_logger()


@contextmanager
def present(doors: Doors, owner: str) -> Iterator[None]:
    """Give a sign of life every few seconds while the block runs.

    Raises:
        DatabaseUnavailableError: not even the first can be given.
    """
    host = socket.gethostname()
    give_sign(doors.database, owner, host, doors.clock())
    done = threading.Event()

    def beat() -> None:
        while not done.wait(BEAT_SECONDS):
            with suppress(PipelineError):  # of an outage others tell
                give_sign(doors.database, owner, host, doors.clock())

    thread = threading.Thread(target=beat, name="presence", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        with suppress(PipelineError):
            leave(doors.database, owner, doors.clock())

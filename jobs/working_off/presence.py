"""A sign of life in the ledger, for as long as this process works on it."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dq.ledger.claims.consumers import BEAT_SECONDS, give_sign, leave
from etl_core.errors import PipelineError
from jobs.working_off.meanwhile import meanwhile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.batch.doors import Doors


@contextmanager
def present(doors: Doors, owner: str) -> Iterator[None]:
    """Give a sign of life every few seconds while the block runs.

    Raises:
        DatabaseUnavailableError: not even the first can be given.
    """
    host = socket.gethostname()
    give_sign(doors.database, owner, host, doors.clock())

    def beat() -> None:
        with suppress(PipelineError):  # of an outage others tell
            give_sign(doors.database, owner, host, doors.clock())

    try:
        with meanwhile("presence", BEAT_SECONDS, beat):
            yield
    finally:
        with suppress(PipelineError):
            leave(doors.database, owner, doors.clock())

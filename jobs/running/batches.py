"""Working the ledger off: claim a batch, keep its lease, process it, until nothing is due."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import CatalogueError, PipelineError, RetryableError
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dq.batch.process_batch import BatchCounts, Doors
    from jobs.running.stopping import StopRequest

log = structlog.get_logger()

#: How long a batch belongs to a process that gives no sign of life.
LEASE_SECONDS = 120.0


def new_owner() -> str:
    """A name for this process's claims that no other process has or had."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def work_off(
    doors: Doors, *, limit: int, owner: str, stop: StopRequest, report: Callable[[BatchCounts], None]
) -> BatchCounts:
    """Process batch after batch until nothing is due or somebody asks to stop.

    Args:
        doors: the outside world.
        limit: most objects of one batch.
        owner: whose claims these are.
        stop: looked at between batches.
        report: told what became of each batch.

    Raises:
        RetryableError: the database does not answer; what was claimed is given back, or falls back
            when its lease ends.
    """
    from dq.batch.process_batch import BatchCounts

    total = BatchCounts()
    while not stop.is_set():
        batch = doors.inbox.claim(limit, LEASE_SECONDS, owner, doors.clock())
        if batch is None:
            break
        counts = process_claimed(doors, batch - 1, batch, owner)
        total += counts
        note(counts=counts)
        report(counts)
    return total


def process_claimed(doors: Doors, after_batch: int, upto_batch: int, owner: str) -> BatchCounts:
    """Process the rows `owner` holds in these batches; on an outage or an interruption give them back.

    Any other error leaves them claimed: when the lease ends they come back in ever smaller batches,
    until the one that brings the process down stands alone and is dead.
    """
    from dq.batch.process_batch import process_batch

    try:
        with _lease_kept(doors, owner):
            return process_batch(doors.inbox.items(after_batch, upto_batch, owner), doors)
    except (RetryableError, CatalogueError, KeyboardInterrupt):
        with suppress(PipelineError):
            doors.inbox.release(owner, doors.clock())
        raise


def exit_code_for(counts: BatchCounts, *, dead_letters: int = 0) -> ExitCode:
    """What the end of all batches means for the shell."""
    if counts.states.get("dead", 0) or dead_letters:
        return ExitCode.FAILED
    return ExitCode.TRY_AGAIN if counts.states.get("pending", 0) else ExitCode.OK


@contextmanager
def _lease_kept(doors: Doors, owner: str) -> Iterator[None]:
    """Renew the owner's leases from a thread while the block runs."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE_SECONDS / 4):
            _renew(doors, owner)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew(doors: Doors, owner: str) -> None:
    try:
        doors.inbox.renew(owner, LEASE_SECONDS, doors.clock())
    except PipelineError as error:
        log.warning("the lease could not be renewed", error=str(error))

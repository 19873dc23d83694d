"""Working the ledger off: claim a batch, keep its lease, process it, until nothing is due."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import CatalogueError, PipelineError, RetryableError
from etl_core.retry import Backoff, Outage
from jobs.running.job_run import note
from jobs.working_off.meanwhile import meanwhile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dq.batch.process_batch import BatchCounts, Doors
    from jobs.running.stopping import StopRequest

log = structlog.get_logger()

#: How long a batch belongs to a process that gives no sign of life.
LEASE_SECONDS = 120.0


def work_off(
    doors: Doors, *, limit: int, owner: str, stop: StopRequest, report: Callable[[BatchCounts], None]
) -> BatchCounts:
    """Process batch after batch until nothing is due, something everybody needs is out, or somebody asks to stop.

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
    while not stop.is_set() and total.outage is None:
        counts = work_off_one(doors, limit=limit, owner=owner, report=report)
        if counts is None:
            break
        total += counts
    return total


def work_off_one(
    doors: Doors,
    *,
    limit: int,
    owner: str,
    report: Callable[[BatchCounts], None],
    among: Sequence[int] | None = None,
) -> BatchCounts | None:
    """Process one batch of what is due, of these rows or of all; None where nothing is. Raises as `work_off`."""
    batch = doors.inbox.claim(limit, LEASE_SECONDS, owner, doors.clock(), among=among)
    if batch is None:
        return None
    counts = process_claimed(doors, batch, owner)
    note(counts=counts)
    report(counts)
    return counts


def process_claimed(doors: Doors, batch: int, owner: str) -> BatchCounts:
    """Process the rows `owner` holds in this batch; on an outage or an interruption give them back.

    Any other error leaves them claimed: when the lease ends they come back in ever smaller batches,
    until the one that brings the process down stands alone and is dead.
    """
    from dq.batch.process_batch import process_batch

    try:
        with _lease_kept(doors, owner, batch):
            return process_batch(doors.inbox.items(batch - 1, batch, owner), doors)
    except (RetryableError, CatalogueError, KeyboardInterrupt):
        with suppress(PipelineError):
            doors.inbox.release(owner, doors.clock(), batch)
        raise


@contextmanager
def _lease_kept(doors: Doors, owner: str, batch: int) -> Iterator[None]:
    """Renew the lease of this batch from a thread while the block runs.

    Of this one alone: rows of another that could not be given back come back when their lease ends, although the
    process goes on.
    """
    outage = Outage(Backoff(0, 1, 0))
    with meanwhile("lease", LEASE_SECONDS / 4, lambda: _renew(doors, owner, batch, outage)):
        yield


def _renew(doors: Doors, owner: str, batch: int, outage: Outage) -> None:
    try:
        doors.inbox.renew(owner, LEASE_SECONDS, doors.clock(), batch)
    except PipelineError as error:
        outage.failed()
        log.warning("the lease could not be renewed", error=error)
    else:
        if (lasted := outage.over()) is not None:
            log.info("the lease is renewed again", seconds=lasted)

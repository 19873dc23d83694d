"""A stream that outlives its queries: what Spark calls with each batch, and building the query anew when it ends.

State lives in the ledger, so a query that died costs nothing: the next one starts with a checkpoint of its own.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import PipelineError, RetryableError
from etl_core.retry import Backoff, Outage
from jobs.working_off.batches import process_claimed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame
    from pyspark.sql.streaming.query import StreamingQuery

    from dq.batch.process_batch import BatchCounts, Doors
    from jobs.running.stopping import StopRequest

log = structlog.get_logger()

_LOOK_SECONDS = 0.2
_OUTAGE_REST = Backoff(first=2.0, factor=2.0, longest=60.0)
_REBUILD_REST = Backoff(first=1.0, factor=2.0, longest=60.0)
#: Queries that end in a row, none of which lived as long as this, until the job gives up: about two minutes.
_MOST_IN_A_ROW, _LONG_LIFE_SECONDS = 7, 300.0


class StreamEndedError(RetryableError):
    """The stream ended by itself again and again; the ledger has everything, and the job may be started again."""


class BatchWorker:
    """What Spark calls with each batch. It never raises: an outage waits, any other error ends the watch."""

    def __init__(self, doors: Doors, owner: str, stop: StopRequest, report: Callable[[BatchCounts], None]) -> None:
        from dq.batch.process_batch import BatchCounts

        self.error: Exception | None = None
        self.total = BatchCounts()
        self.busy = threading.Lock()
        self._outage = Outage(_OUTAGE_REST)
        self.metrics = doors.metrics
        self._doors, self._owner, self._stop, self._report = doors, owner, stop, report

    def __call__(self, frame: DataFrame, epoch: int) -> None:
        """Process the claimed rows of one batch."""
        del epoch
        batches = sorted(row.batch for row in frame.collect())
        with self.busy:
            for batch in batches:
                if self._stop.is_set() or self.error is not None:
                    return
                try:
                    counts = process_claimed(self._doors, batch, self._owner)
                    self.total += counts
                    self._report(counts)
                    self._tell(counts.outage)
                except RetryableError as error:
                    self._tell(error)
                except Exception as error:  # noqa: BLE001 - raised again in the main thread
                    self.error = error

    def _tell(self, outage: str | Exception | None) -> None:
        """Say that something is out and wait, longer each time in a row; or that it is there again."""
        if outage is not None:
            seconds = self._outage.failed()
            log.warning("waiting for an outage to end", error=outage, in_a_row=self._outage.failures, wait=seconds)
            self._stop.wait(seconds)
        elif (lasted := self._outage.over()) is not None:
            log.info("the outage is over", seconds=lasted)

    def give_back(self) -> None:
        """Give rows that were claimed but not finished back to the ledger."""
        try:
            released = self._doors.inbox.release(self._owner, self._doors.clock())
        except PipelineError as error:
            log.warning("claimed objects fall back when their lease ends", error=error)
        else:
            if released:
                log.info("claimed objects were given back", objects=released)


def keep_streaming(
    build: Callable[[int], StreamingQuery],
    worker: BatchWorker,
    stop: StopRequest,
    look: Callable[[], None],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run the stream until somebody asks to stop or the worker meets an error; a query that ends is built anew.

    Args:
        build: starts a query; told how many there were before, for each needs a checkpoint of its own.
        worker: what the query calls.
        stop: set when somebody asks to end.
        look: called several times a second meanwhile.
        clock: counts seconds.

    Raises:
        StreamEndedError: queries ended one after the other, with the reason of the last.
        Exception: of `build`, the first time: what never ran is not built again.
    """
    ended, built = Outage(_REBUILD_REST, clock), 0
    while not stop.is_set() and worker.error is None:
        began = clock()
        reason = _run(build, built, worker, stop, look)
        built += 1
        if stop.is_set() or worker.error is not None:
            return
        if clock() - began >= _LONG_LIFE_SECONDS:
            ended.over()
        rest = ended.failed()
        if ended.failures > _MOST_IN_A_ROW:
            raise StreamEndedError(f"the stream ended {ended.failures} times in a row: {reason}")
        worker.metrics.stream_rebuilt()
        log.warning("the stream ended and is built anew", error=reason, in_a_row=ended.failures, wait=rest)
        stop.wait(rest)


def _run(
    build: Callable[[int], StreamingQuery],
    built: int,
    worker: BatchWorker,
    stop: StopRequest,
    look: Callable[[], None],
) -> str:
    """Run one query to its end; why it ended, or could not be built again."""
    try:
        query = build(built)
    except Exception as error:
        if not built:
            raise
        return _first_line(error)
    worker.metrics.stream(alive=True)
    try:
        while query.isActive and worker.error is None and not stop.wait(_LOOK_SECONDS):
            look()
    except BaseException:
        stop.set()
        raise
    finally:
        worker.metrics.stream(alive=False)
        _end(query, worker)
    ended_by: Exception | None = query.exception()  # pyspark says that there always is one
    return "it was stopped from outside" if ended_by is None else _first_line(ended_by)


def _end(query: StreamingQuery, worker: BatchWorker) -> None:
    """Let the batch at hand finish, then stop the query; a second signal, or patience, cuts it short."""
    try:
        with worker.busy:
            query.stop()
    except KeyboardInterrupt:
        log.warning("the batch at hand is given back")
        worker.give_back()  # first, so that what the cancelled batch still wants to write is refused
        query.stop()
    finally:
        worker.give_back()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if line), type(error).__name__)

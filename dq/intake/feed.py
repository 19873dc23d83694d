"""What stands behind the stream: receive from the queue, then claim the next batch of the ledger."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from dq.intake.take_in import take_in
from dq.ledger.inbox import Inbox
from etl_core.errors import PipelineError, QueueUnavailableError, SettingsError
from etl_core.postgres.clock import DatabaseClock
from etl_core.postgres.database import connect
from etl_core.queue.sqs import MOST_PER_CALL, Queue
from etl_core.retry import Backoff, Outage, call_again

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dq.intake.feed_settings import FeedSettings

log = structlog.get_logger()

_LONGEST_RECEIVING = 5.0
_REST = Backoff(first=1.0, factor=2.0, longest=30.0)
_HELD_TRIES = 10


class Feed:
    """Connects on the first use. An outage is logged and waited out, never raised: the stream goes on.

    Args:
        settings: where announcements come from and how rows are claimed.
        clock: tells the time, aware; None takes the database's.
    """

    def __init__(self, settings: FeedSettings, clock: Callable[[], datetime] | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._queue = Queue(settings.queue) if settings.queue else None
        self._ledger: Inbox | None = None
        self._outage, self._queue_outage = Outage(_REST), Outage(_REST)
        self._receive_again_at = 0.0

    def next_batch(self, start: int) -> int:
        """The number of a newly claimed batch, higher than `start`; `start` when there is nothing to do."""
        try:
            self._receive()
            settings = self._settings
            batch = self._inbox().claim(
                settings.max_files, settings.lease_seconds, settings.owner, self._now(), after_batch=start
            )
        except PipelineError as error:
            rest = self._outage.failed() / 6  # one of the database; Spark would ask again at once
            log.warning("the stream cannot reach its ledger", error=error, in_a_row=self._outage.failures)
            time.sleep(rest)
            return start
        if (lasted := self._outage.over()) is not None:
            log.info("the ledger answers again", seconds=lasted)
        if batch is None and self._queue is None:
            time.sleep(self._settings.idle_seconds)  # Spark asks again at once; a queue would have made us wait
        return start if batch is None else batch

    def held(self, after_batch: int, upto_batch: int) -> tuple[int, ...]:
        """The batches `after_batch` < n <= `upto_batch` of which this owner still holds rows, in their order.

        Raises:
            PipelineError: the ledger could not be read for about two minutes.
        """
        if after_batch >= upto_batch:
            return ()
        return call_again(
            lambda: self._held(after_batch, upto_batch),
            attempts=_HELD_TRIES,
            backoff=_REST,
            on=PipelineError,  # whatever it is, raising would end the stream
            waiting=lambda error, wait: log.warning("the batch cannot be read yet", error=error, wait=wait),
        )

    def close(self) -> None:
        """Let go of the database."""
        if self._ledger is not None:
            self._ledger.engine.dispose()
            self._ledger = None

    def _held(self, after_batch: int, upto_batch: int) -> tuple[int, ...]:
        items = self._inbox().items(after_batch, upto_batch, self._settings.owner)
        return tuple(sorted({item.batch for item in items}))

    def _now(self) -> datetime:
        inbox = self._inbox()  # which sets the clock where nobody gave one
        return (self._clock or DatabaseClock(inbox.engine))()

    def _inbox(self) -> Inbox:
        """The ledger; on first contact, what an earlier feed of this name held is freed."""
        if self._ledger is None:
            engine = connect(self._settings.database_url, application_name="pipeline-processing feed")
            ledger = Inbox(engine, max_attempts=self._settings.max_attempts)
            self._clock = self._clock or DatabaseClock(engine)
            freed = ledger.recover(self._settings.owner, self._clock())
            if freed:
                log.warning("an earlier run left objects behind; they are due again", objects=freed)
            self._ledger = ledger
        return self._ledger

    def _receive(self) -> None:
        """Take in what the queue has, up to about a batch.

        An outage of the queue leaves the ledger's own rows to work on; the queue is asked again after a rest.
        """
        if self._queue is None or time.monotonic() < self._receive_again_at:
            return
        inbox, received, started = self._inbox(), 0, time.monotonic()
        while received < self._settings.max_files and time.monotonic() - started < _LONGEST_RECEIVING:
            # Only the first receive waits: later ones just fetch what is there.
            wait = self._settings.wait_seconds if received == 0 else 0
            try:
                taken = take_in(self._queue, inbox, self._now(), wait_seconds=wait)
            except (QueueUnavailableError, SettingsError) as error:
                rest = self._queue_outage.failed()
                self._receive_again_at = time.monotonic() + rest
                log.warning("nothing could be taken from the queue", error=error, again_in=rest)
                return
            if (lasted := self._queue_outage.over()) is not None:
                log.info("the queue answers again", seconds=lasted)
            received += taken.messages
            if taken.messages < MOST_PER_CALL:
                return

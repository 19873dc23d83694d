"""The streaming job: announcements come from the queue, verdicts go to Postgres, until somebody stops it.

`--once` drains the queue and the ledger and ends.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from dq.batch.settings import EVERY_BUCKET, BatchSettings
from dq.ledger.settings import LedgerSettings
from etl_core.errors import PipelineError, RetryableError, SettingsError
from etl_core.objects.settings import S3Settings
from etl_core.queue.settings import QueueSettings
from etl_core.retry import Backoff, Outage
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import DataFrame
    from pyspark.sql.streaming.query import StreamingQuery

    from dq.batch.process_batch import BatchCounts, Doors
    from dq.intake.feed_settings import FeedSettings
    from etl_core.queue.sqs import Queue, QueueAccess
    from etl_core.settings import Settings
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import Program

log = structlog.get_logger()

_TRIGGER = "200 milliseconds"
_LOOK_SECONDS = 0.2
#: How often to look whether objects have come due that waited for their file or a definition.
_DUE_SECONDS = 5.0
_OUTAGE_REST = Backoff(first=2.0, factor=2.0, longest=60.0)
#: More than the engine does on its own threads.
_WARM_UP_FILES = 12


def main(argv: list[str]) -> int:
    """Watch until stopped, or drain once."""
    arguments = _parser().parse_args(argv)
    from jobs.running.wiring import start

    program = start()
    note(subject=program.settings[QueueSettings].poll_queue_url, step="once" if arguments.once else "watch")
    _check_buckets(program.settings)
    return drain_once(program) if arguments.once else watch(program)


def drain_once(program: Program) -> int:
    """Take in what the queue has, work the ledger off, and look once more whether anything came meanwhile."""
    from dq.batch.coming_due import make_due
    from dq.batch.process_batch import BatchCounts
    from dq.intake.take_in import Intake, drain
    from jobs.console.progress import show_progress
    from jobs.running.batches import work_off
    from jobs.running.exit_codes import exit_code_for
    from jobs.running.owners import new_owner
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import open_doors

    settings, owner, total, letters = program.settings, new_owner(), BatchCounts(), 0
    limit = settings[LedgerSettings].max_files_per_batch
    with (
        open_doors(settings) as doors,
        StopRequest() as stop,
        show_progress(program.console, "objects") as report,
    ):
        queue = _open_queue(settings)
        empty_receives = 3
        while not stop.is_set():
            taken = Intake()
            if queue:
                taken = drain(queue, doors.inbox, doors.clock, empty_receives=empty_receives, sleep=stop.wait)
            make_due(doors)
            counts = work_off(doors, limit=limit, owner=owner, stop=stop, report=report)
            total += counts
            letters += taken.accepted.added.dead_letters
            if total.outage is not None:
                log.warning("an outage: what is left stays in the inbox", error=total.outage)
                break
            if not taken.messages and not counts.announced:
                break
            empty_receives = 1
        if stop.is_set():
            return ExitCode.TRY_AGAIN
    return exit_code_for(total.states, dead_letters=letters)


def watch(program: Program) -> int:
    """Run the stream until a signal asks to end; the batch at hand is finished or given back."""
    from dq.intake.feed_settings import handed_over
    from dq.intake.stream_source import inbox_stream
    from jobs.console.progress import show_progress
    from jobs.running.owners import new_owner
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import object_store, open_doors, open_profiler

    settings, owner = program.settings, new_owner()
    with (
        StopRequest() as stop,
        open_profiler(settings, object_store(settings), keep_states=settings[LedgerSettings].keep_profiles) as profiler,
        open_doors(settings, profiler) as doors,
        show_progress(program.console, "objects") as report,
        handed_over(_feed_settings(settings, doors, owner)) as handover,
        tempfile.TemporaryDirectory(prefix="pipeline-checkpoint-") as checkpoint,  # state lives in the ledger
    ):
        _open_queue(settings)
        spark = profiler.session
        stop.listen()
        _warm_up(doors)
        worker = _Worker(doors, owner, stop, report)
        query = (
            inbox_stream(spark, handover)
            .writeStream.foreachBatch(worker)
            .trigger(processingTime=_TRIGGER)
            .option("checkpointLocation", checkpoint)
            .start()
        )
        log.info("watching", queue=settings[QueueSettings].poll_queue_url or "none; only the inbox is worked off")
        try:
            _watch_over(query, worker, doors, stop)
        finally:
            stop.set()
            _end(query, worker)
            note(counts=worker.total)  # here, for Spark calls the worker in a thread that knows of no run
        if worker.error is not None:
            raise worker.error
        log.info("stopped")
    return ExitCode.OK


def _watch_over(query: StreamingQuery, worker: _Worker, doors: Doors, stop: StopRequest) -> None:
    """Wait until somebody asks to stop or the stream ends; from time to time see whether something has come due."""
    from dq.batch.coming_due import make_due

    look_at = time.monotonic()
    while query.isActive and worker.error is None and not stop.wait(_LOOK_SECONDS):
        if time.monotonic() >= look_at:
            with suppress(RetryableError):  # of an outage others tell
                make_due(doors)
            look_at = time.monotonic() + _DUE_SECONDS


class _Worker:
    """What Spark calls with each batch. It never raises: an outage waits, any other error ends the watch."""

    def __init__(self, doors: Doors, owner: str, stop: StopRequest, report: Callable[[BatchCounts], None]) -> None:
        from dq.batch.process_batch import BatchCounts

        self.error: Exception | None = None
        self.total = BatchCounts()
        self.busy = threading.Lock()
        self._outage = Outage(_OUTAGE_REST)
        self._doors, self._owner, self._stop, self._report = doors, owner, stop, report

    def __call__(self, frame: DataFrame, epoch: int) -> None:
        """Process the claimed rows of one batch."""
        del epoch
        from jobs.running.batches import process_claimed

        batches = sorted(row.batch for row in frame.collect())
        with self.busy:
            for batch in batches:
                if self._stop.is_set() or self.error is not None:
                    return
                try:
                    counts = process_claimed(self._doors, batch - 1, batch, self._owner)
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


def _end(query: StreamingQuery, worker: _Worker) -> None:
    """Let the batch at hand finish, then stop the query; a second signal, or patience, cuts it short."""
    try:
        with worker.busy:
            query.stop()
    except KeyboardInterrupt:
        log.warning("the batch at hand is given back")
        worker.give_back()  # first, so that what the cancelled batch still wants to write is refused
        query.stop()
    worker.give_back()


def _warm_up(doors: Doors) -> None:
    """Profile a few small files on Spark, so that the first real one does not wait for its workers to get going."""
    from dq.definitions import load_definition
    from dq.engine.source_file import SourceObject

    definition = load_definition({"fields": [{"name": "id", "type": "integer", "required": True, "unique": True}]})
    with tempfile.TemporaryDirectory(prefix="pipeline-warm-up-") as folder:
        path = Path(folder) / "warm-up.csv"
        path.write_text("id\n1\n2\n")
        peek = doors.objects.peek(None, str(path))
        with _only_warnings_of("dq.engine"):
            doors.judge([SourceObject(number, peek, definition) for number in range(_WARM_UP_FILES)])


@contextmanager
def _only_warnings_of(room: str) -> Iterator[None]:
    """Keep lines about files that are none of the user's out of the log."""
    logger = logging.getLogger(room)
    level = logger.level
    logger.setLevel(max(logger.getEffectiveLevel(), logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(level)


def _open_queue(settings: Settings) -> Queue | None:
    """The queue, after asking whether it is there; None when there is none to watch."""
    from etl_core.queue.sqs import Queue

    queue_access = _queue_access(settings)
    if queue_access is None:
        log.warning("POLL_QUEUE_URL is not set: only what is in the inbox is worked off")
        return None
    queue = Queue(queue_access)
    queue.check()
    return queue


def _check_buckets(settings: Settings) -> None:
    """Whoever may write to the queue names the bucket that is read: somebody has to say which ones are ours.

    Raises:
        SettingsError: there is a queue, and nobody said.
    """
    if settings[QueueSettings].poll_queue_url is not None and not settings[BatchSettings].allowed_buckets:
        problem = (
            "ALLOWED_BUCKETS: is not set, and POLL_QUEUE_URL is; name the buckets whose announcements are accepted,"
            f" comma-separated, or {EVERY_BUCKET} for every bucket"
        )
        raise SettingsError("settings", [problem])


def _queue_access(settings: Settings) -> QueueAccess | None:
    from etl_core.queue.sqs import QueueAccess

    queue, s3 = settings[QueueSettings], settings[S3Settings]
    if queue.poll_queue_url is None:
        return None
    return QueueAccess(queue.poll_queue_url, queue.sqs_endpoint, s3.s3_region, *s3.key_pair())


def _feed_settings(settings: Settings, doors: Doors, owner: str) -> FeedSettings:
    from dq.intake.feed_settings import FeedSettings
    from jobs.running.batches import LEASE_SECONDS

    ledger = settings[LedgerSettings]
    return FeedSettings(
        database_url=doors.database.url.render_as_string(hide_password=False),
        owner=owner,
        queue=_queue_access(settings),
        max_files=ledger.max_files_per_batch,
        max_attempts=ledger.max_attempts,
        lease_seconds=LEASE_SECONDS,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing watch_files", description=__doc__)
    parser.add_argument("--once", action="store_true", help="drain the queue and the inbox, then end")
    return parser


JOB = (main, "watch the queue and give every announced file its verdict")

"""The streaming job: announcements come from the queue, verdicts go to Postgres, until somebody stops it.

`--once` drains the queue and the ledger and ends.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from dq.ledger.settings import LedgerSettings
from etl_core.errors import PipelineError, RetryableError
from etl_core.objects.settings import S3Settings
from etl_core.queue.settings import QueueSettings
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable

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
_OUTAGE_SECONDS = 5.0
#: More than the engine does on its own threads.
_WARM_UP_FILES = 12


def main(argv: list[str]) -> int:
    """Watch until stopped, or drain once."""
    arguments = _parser().parse_args(argv)
    from jobs.running.wiring import start

    program = start()
    note(subject=program.settings[QueueSettings].poll_queue_url, step="once" if arguments.once else "watch")
    return drain_once(program) if arguments.once else watch(program)


def drain_once(program: Program) -> int:
    """Take in what the queue has, work the ledger off, and look once more whether anything came meanwhile."""
    from dq.batch.process_batch import BatchCounts
    from dq.intake.take_in import Intake, drain
    from jobs.console.progress import show_progress
    from jobs.running.batches import exit_code_for, new_owner, work_off
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
            counts = work_off(doors, limit=limit, owner=owner, stop=stop, report=report)
            total += counts
            letters += taken.accepted.added.dead_letters
            if not taken.messages and not counts.announced:
                break
            empty_receives = 1
        if stop.is_set():
            return ExitCode.TRY_AGAIN
    return exit_code_for(total, dead_letters=letters)


def watch(program: Program) -> int:
    """Run the stream until a signal asks to end; the batch at hand is finished or given back."""
    from dq.intake.feed_settings import handed_over
    from dq.intake.stream_source import inbox_stream
    from jobs.console.progress import show_progress
    from jobs.running.batches import new_owner
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
            while query.isActive and worker.error is None and not stop.wait(_LOOK_SECONDS):
                pass
        finally:
            stop.set()
            _end(query, worker)
            note(counts=worker.total)  # here, for Spark calls the worker in a thread that knows of no run
        if worker.error is not None:
            raise worker.error
        log.info("stopped")
    return ExitCode.OK


class _Worker:
    """What Spark calls with each batch. It never raises: an outage waits, any other error ends the watch."""

    def __init__(self, doors: Doors, owner: str, stop: StopRequest, report: Callable[[BatchCounts], None]) -> None:
        from dq.batch.process_batch import BatchCounts

        self.error: Exception | None = None
        self.total = BatchCounts()
        self.busy = threading.Lock()
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
                except RetryableError as error:
                    log.warning("waiting for an outage to end", error=str(error))
                    self._stop.wait(_OUTAGE_SECONDS)
                except Exception as error:  # noqa: BLE001 - raised again in the main thread
                    self.error = error

    def give_back(self) -> None:
        """Give rows that were claimed but not finished back to the ledger."""
        try:
            released = self._doors.inbox.release(self._owner, self._doors.clock())
        except PipelineError as error:
            log.warning("claimed objects fall back when their lease ends", error=str(error))
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
        doors.judge([SourceObject(number, peek, definition) for number in range(_WARM_UP_FILES)])


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

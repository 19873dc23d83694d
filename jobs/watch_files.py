"""The streaming job: announcements come from the queue, verdicts go to Postgres, until somebody stops it.

`--once` drains the queue and the ledger and ends.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from dq.batch.settings import EVERY_BUCKET, BatchSettings
from dq.intake.settings import IntakeSettings
from dq.ledger.settings import LedgerSettings
from etl_core.errors import RetryableError, SettingsError
from etl_core.log.settings import LogSettings
from etl_core.metrics.settings import MetricsSettings
from etl_core.objects.settings import S3Settings
from etl_core.queue.settings import QueueSettings
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql.streaming.query import StreamingQuery

    from dq.batch.process_batch import Doors
    from dq.intake.feed_settings import FeedSettings
    from etl_core.queue.sqs import Queue, QueueAccess
    from etl_core.settings import Settings
    from jobs.running.wiring import Program

log = structlog.get_logger()

_TRIGGER = "200 milliseconds"
#: How often to look whether objects have come due that waited for their file or a definition.
_DUE_SECONDS = 5.0


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
    from dq.ledger.inbox_item import OPEN_STATES
    from dq.ledger.inspection import inbox_status, still_open
    from jobs.console.progress import show_progress
    from jobs.running.exit_codes import exit_code_for
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import open_doors
    from jobs.working_off.batches import work_off
    from jobs.working_off.owners import new_owner
    from jobs.working_off.presence import present
    from jobs.working_off.taking_over import is_all_ended, take_over

    settings, owner, total, letters = program.settings, new_owner(), BatchCounts(), 0
    limit = settings[LedgerSettings].max_files_per_batch
    with (
        open_doors(settings) as doors,
        StopRequest() as stop,
        show_progress(program.console, "objects") as report,
        present(doors, owner),
    ):
        queue = _open_queue(settings)
        dead_before = inbox_status(doors.database, doors.clock()).states["dead"]
        take_over(doors, still_open(doors.database).held)
        empty_receives = 3
        while not stop.is_set():
            taken = Intake()
            if queue:
                taken = drain(
                    queue,
                    doors.inbox,
                    doors.clock,
                    empty_receives=empty_receives,
                    sleep=stop.wait,
                    stopped=stop.is_set,
                )
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
        if stop.is_set() or not is_all_ended(doors, mine=[owner], waiting=True):
            return ExitCode.TRY_AGAIN
        dead = inbox_status(doors.database, doors.clock()).states["dead"] - dead_before
    ended = {state: count for state, count in total.states.items() if state not in OPEN_STATES}
    ended["dead"] = max(ended.get("dead", 0), dead)  # also those that brought a process down before this one
    return exit_code_for(ended, dead_letters=letters)


def watch(program: Program) -> int:
    """Run the stream until a signal asks to end; the batch at hand is finished or given back."""
    from dq.intake.feed_settings import handed_over
    from dq.intake.stream_source import inbox_stream
    from dq.ledger.inspection import still_open
    from etl_core.metrics.publishing import served
    from jobs.console.progress import show_progress
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import object_store, open_doors, open_profiler
    from jobs.working_off.owners import new_owner
    from jobs.working_off.presence import present
    from jobs.working_off.streaming import BatchWorker, keep_streaming
    from jobs.working_off.taking_over import is_all_ended, take_over
    from jobs.working_off.warm_up import warm_up

    settings, owner = program.settings, new_owner()
    keeps = settings[LedgerSettings].keep_profiles
    with (
        StopRequest() as stop,
        open_profiler(settings, object_store(settings), keep_states=keeps, isolated=True) as profiler,
        open_doors(settings, profiler) as doors,
        show_progress(program.console, "objects") as report,
        handed_over(_feed_settings(settings, doors, owner, on_terminal=program.console.is_terminal)) as handover,
        _checkpoints(settings) as checkpoints,
        served(doors.metrics.registry, settings[MetricsSettings].metrics_port),
        present(doors, owner),
    ):
        _open_queue(settings)
        take_over(doors, still_open(doors.database).held)
        spark = profiler.session
        stop.listen()
        warm_up(doors)
        worker = BatchWorker(doors, owner, stop, report)

        claimed = inbox_stream(spark, handover)

        def build(number: int) -> StreamingQuery:
            return (
                claimed.writeStream.foreachBatch(worker)
                .trigger(processingTime=_TRIGGER)
                .option("checkpointLocation", f"{checkpoints}/{number}")
                .start()
            )

        queue = settings[QueueSettings].poll_queue_url or "none; only the inbox is worked off"
        log.info("watching", queue=queue, checkpoints=checkpoints)
        try:
            keep_streaming(build, worker, stop, _look_around(doors, settings[MetricsSettings]))
        finally:
            note(counts=worker.total)  # here, for Spark calls the worker in a thread that knows of no run
        if worker.error is not None:
            raise worker.error
        if not is_all_ended(doors, mine=[owner], waiting=False):
            return ExitCode.TRY_AGAIN
        log.info("stopped")
    return ExitCode.OK


def _look_around(doors: Doors, metrics: MetricsSettings) -> Callable[[], None]:
    """What looks from time to time: for objects whose file or definition has come, and how much is in the inbox.

    The latter is asked only where somebody reads the figures.
    """
    from dq.batch.coming_due import make_due
    from dq.ledger.inspection import inbox_status

    are_read = metrics.metrics_port is not None or metrics.metrics_file is not None
    look_at = time.monotonic()

    def look() -> None:
        nonlocal look_at
        if time.monotonic() >= look_at:
            with suppress(RetryableError):  # of an outage others tell
                make_due(doors)
                if are_read:
                    doors.metrics.inbox(inbox_status(doors.database, doors.clock()))
            look_at = time.monotonic() + _DUE_SECONDS

    return look


@contextmanager
def _checkpoints(settings: Settings) -> Iterator[str]:
    """Where Spark notes how far the stream has come, with the scheme: without one it may mean another machine's disk.

    What counts is in the ledger, so every query begins with an empty checkpoint.

    Raises:
        SettingsError: the folder cannot be made.
    """
    root = settings[IntakeSettings].checkpoint_root
    try:
        if root is not None:
            Path(root).mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix="pipeline-checkpoint-", dir=root)
    except OSError as error:
        raise SettingsError("settings", [f"CHECKPOINT_ROOT: {root}: {error.strerror}; expected a folder"]) from error
    with folder as path:
        yield Path(path).as_uri()


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


def _feed_settings(settings: Settings, doors: Doors, owner: str, *, on_terminal: bool) -> FeedSettings:
    from dq.intake.feed_settings import FeedSettings
    from jobs.working_off.batches import LEASE_SECONDS

    ledger = settings[LedgerSettings]
    return FeedSettings(
        database_url=doors.database.url.render_as_string(hide_password=False),
        owner=owner,
        queue=_queue_access(settings),
        max_files=ledger.max_files_per_batch,
        max_attempts=ledger.max_attempts,
        lease_seconds=LEASE_SECONDS,
        log_level=settings[LogSettings].log_level,
        on_terminal=on_terminal,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing watch_files", description=__doc__)
    parser.add_argument("--once", action="store_true", help="drain the queue and the inbox, then end")
    return parser


JOB = (main, "watch the queue and give every announced file its verdict")

"""Give one object its verdict now, whether or not it has one already."""

from __future__ import annotations

import argparse

from etl_core.errors import ObjectGoneError, UsageError
from etl_core.objects.failures import ObjectRefusedError
from jobs.running.job_run import note


def main(argv: list[str]) -> int:
    """Announce the object to the ledger and work that off, and nothing else."""
    arguments = _parser().parse_args(argv)
    from dq.events.object_event import ObjectEvent
    from dq.ledger.settings import LedgerSettings
    from jobs.console.progress import show_progress
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import open_doors, start
    from jobs.working_off.own_work import work_off_own
    from jobs.working_off.owners import new_owner

    program = start()
    versions = [f"version {arguments.version_id}"] if arguments.version_id else []
    note(subject=f"s3://{arguments.bucket}/{arguments.key}", inputs=versions)
    limit = program.settings[LedgerSettings].max_files_per_batch
    with open_doors(program.settings) as doors, StopRequest() as stop:
        if not doors.accepts(arguments.bucket):
            allowed = ", ".join(sorted(doors.allowed_buckets))
            raise UsageError(f"bucket {arguments.bucket!r} is not one of ALLOWED_BUCKETS: {allowed}")
        try:
            head = doors.objects.peek(arguments.bucket, arguments.key, arguments.version_id).head
        except (ObjectGoneError, ObjectRefusedError) as error:
            raise UsageError(str(error)) from error
        event = ObjectEvent(
            bucket=arguments.bucket,
            key=arguments.key,
            version_id=arguments.version_id,
            etag=head.etag,
            size=head.size,
            event_time=head.last_modified,
        )
        announced = doors.inbox.announce([event], now=doors.clock(), source="process_file", force=True)
        with show_progress(program.console, "objects", announced.due) as report:
            done = work_off_own(doors, announced, limit=limit, owner=new_owner(), stop=stop, report=report)
    return done.exit_code(named=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing process_file", description=__doc__)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--key", required=True, help="as it is, not percent-encoded")
    parser.add_argument("--version-id", help="a version of the object; without it, the current one")
    return parser


JOB = (main, "give one object of a bucket its verdict now")

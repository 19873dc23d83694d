"""Find objects under a prefix that were never announced, and announce them.

Notifications are not guaranteed to arrive; this is the check that none was lost.
"""

from __future__ import annotations

import argparse

import structlog

from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

log = structlog.get_logger()


def main(argv: list[str]) -> int:
    """Print what the ledger lacks, a line each, and add it as due."""
    arguments = _parser().parse_args(argv)
    from dq.events.announcement import collect
    from dq.intake.listing import list_objects
    from dq.ledger.history import announced_before
    from jobs.running.wiring import open_doors, start

    program = start()
    note(subject=arguments.prefix, step="dry run" if arguments.dry_run else None)
    with open_doors(program.settings) as doors:
        listed = collect(list_objects(doors.objects, arguments.prefix))
        with doors.database.connect() as connection:
            known = announced_before(connection, listed.events)
        missing = [event for event in listed.events if event not in known]
        console = stdout()
        for event in missing:
            console.print(cell(f"s3://{event.bucket}/{event.key}"), soft_wrap=True)
        added = 0
        if not arguments.dry_run:
            added = doors.inbox.add(missing, listed.rejected, now=doors.clock(), source="reconcile").new
    note(message=f"{len(missing)} of {len(listed.events)} objects were missing, {added} were added")
    log.info("reconciled", listed=len(listed.events), known=len(known), missing=len(missing), added=added)
    return ExitCode.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing reconcile", description=__doc__)
    parser.add_argument("--prefix", required=True, metavar="s3://B/P")
    parser.add_argument("--dry-run", action="store_true", help="only list what is missing")
    return parser


JOB = (main, "announce the objects under a prefix that the ledger lacks")

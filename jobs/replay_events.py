"""Announcements from a file, as if the queue had delivered them: the test harness."""

from __future__ import annotations

import argparse

import structlog

from etl_core.errors import UsageError
from jobs.running.job_run import note

log = structlog.get_logger()


def main(argv: list[str]) -> int:
    """Write the file's announcements to the ledger and work them off, and nothing else."""
    arguments = _parser().parse_args(argv)
    from dq.intake.accept import announce
    from dq.intake.replay import read_announcements
    from dq.ledger.settings import LedgerSettings
    from jobs.console.progress import show_progress
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import object_store, open_doors, start
    from jobs.working_off.own_work import work_off_own
    from jobs.working_off.owners import new_owner

    program = start()
    note(subject=arguments.events)
    limit = program.settings[LedgerSettings].max_files_per_batch
    announcement = read_announcements(object_store(program.settings), arguments.events)
    if not (announcement.events or announcement.rejected or announcement.skipped):
        raise UsageError(f"there is no announcement in {arguments.events}")
    with open_doors(program.settings) as doors, StopRequest() as stop:
        announced = announce(doors.inbox, announcement, now=doors.clock(), source="replay", force=arguments.force)
        if (as_they_are := len(announced.ids) - announced.due) > 0:
            hint = "--force scores them again"
            log.info("objects that have their verdict are left as they are", objects=as_they_are, hint=hint)
        with show_progress(program.console, "objects", announced.due) as report:
            done = work_off_own(doors, announced, limit=limit, owner=new_owner(), stop=stop, report=report)
    return done.exit_code()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing replay_events", description=__doc__)
    parser.add_argument(
        "--events", required=True, metavar="FILE", help="announcements of any kind: one, a JSON array, or JSON Lines"
    )
    parser.add_argument("--force", action="store_true", help="process objects again that have their verdict")
    return parser


JOB = (main, "process the announcements in a JSON file")

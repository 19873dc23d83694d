"""Announcements from a file, as if the queue had delivered them: the test harness."""

from __future__ import annotations

import argparse

from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note


def main(argv: list[str]) -> int:
    """Write the file's announcements to the ledger and work that off."""
    arguments = _parser().parse_args(argv)
    from dq.intake.accept import accept
    from dq.intake.replay import read_announcements
    from dq.ledger.settings import LedgerSettings
    from jobs.console.progress import show_progress
    from jobs.running.batches import exit_code_for, new_owner, work_off
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import object_store, open_doors, start

    program = start()
    note(subject=arguments.events)
    limit = program.settings[LedgerSettings].max_files_per_batch
    announcement = read_announcements(object_store(program.settings), arguments.events)
    with open_doors(program.settings) as doors, StopRequest() as stop:
        accepted = accept(doors.inbox, announcement, now=doors.clock(), source="replay", force=arguments.force)
        with show_progress(program.console, "objects", len(announcement.events)) as report:
            counts = work_off(doors, limit=limit, owner=new_owner(), stop=stop, report=report)
        if stop.is_set():
            return ExitCode.TRY_AGAIN
    return exit_code_for(counts, dead_letters=accepted.added.dead_letters)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing replay_events", description=__doc__)
    parser.add_argument(
        "--events", required=True, metavar="FILE", help="announcements of any kind: one, a JSON array, or JSON Lines"
    )
    parser.add_argument("--force", action="store_true", help="process objects again that have their verdict")
    return parser


JOB = (main, "process the announcements in a JSON file")

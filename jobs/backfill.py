"""Verdicts for many objects: all under a prefix, or those a manifest lists, and no others.

Objects that have their verdict are left out, so an interrupted backfill is resumed by running it again. Whatever has
none is announced again.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import UsageError
from jobs.console.arguments import moment, run_window
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from dq.batch.doors import Doors
    from dq.events.run_window import WindowSource
    from dq.intake.event_spool import EventSpool
    from jobs.announcing.choosing import Choice
    from jobs.running.stopping import StopRequest

log = structlog.get_logger()


def main(argv: list[str]) -> int:
    """Choose the objects, check that their runs stay apart, write them to the ledger and work them off."""
    arguments = _parser().parse_args(argv)
    from dq.batch.coming_due import make_due
    from dq.intake.event_spool import EventSpool
    from dq.ledger.settings import LedgerSettings
    from jobs.announcing.announcing import announce_spooled
    from jobs.announcing.choosing import Choice
    from jobs.console.progress import show_progress
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import open_doors, start
    from jobs.working_off.own_work import work_off_own
    from jobs.working_off.owners import new_owner

    if arguments.since and arguments.until and arguments.since >= arguments.until:
        raise UsageError(f"--since {arguments.since} is not before --until {arguments.until}: no object is in between")
    choice = Choice(arguments.prefix, arguments.manifest, arguments.since, arguments.until)
    program = start()
    note(subject=arguments.prefix or arguments.manifest, step="dry run" if arguments.dry_run else None)
    limit = program.settings[LedgerSettings].max_files_per_batch
    with open_doors(program.settings) as doors, StopRequest() as stop:
        with closing(EventSpool()) as spool:
            spool_chosen(choice, spool, doors, stop, force=arguments.force, run_window=arguments.run_window)
            if stop.is_set():
                log.warning("stopped before anything was announced")
                return ExitCode.TRY_AGAIN
            if arguments.dry_run:
                _show(spool)
                return ExitCode.OK
            make_due(doors)
            # Of those that were not left out a verdict may be there, in a run of another window.
            again = arguments.force or arguments.run_window is not None
            window = arguments.run_window
            announced = announce_spooled(spool, doors, stop, source="backfill", force=again, run_window=window)
        with show_progress(program.console, "backfill", announced.due) as report:
            ended = work_off_own(doors, announced, limit=limit, owner=new_owner(), stop=stop, report=report)
        if stop.is_set():
            log.warning("stopped; the same command goes on where it ended")
    return ended.exit_code()


def spool_chosen(
    choice: Choice,
    spool: EventSpool,
    doors: Doors,
    stop: StopRequest,
    *,
    force: bool,
    run_window: WindowSource | None,
) -> None:
    """Let what is to be announced wait in the spool, once all of it was looked at; or part of it, if asked to stop.

    Raises:
        UsageError: the objects cannot be listed, or some of different windows would become one run; nothing was
            announced.
    """
    from dq.events.object_event import ObjectEvent
    from jobs.announcing.choosing import choose
    from jobs.announcing.window_check import WindowCheck

    chosen = done = 0
    with ExitStack() as held:
        check = None
        if run_window is None:
            check = held.enter_context(closing(WindowCheck(doors.layouts, doors.run_window)))
        for piece in choose(choice, doors):
            if stop.is_set():
                return
            scored: frozenset[ObjectEvent] = frozenset() if force else doors.inbox.done_before(piece.events, run_window)
            chosen, done = chosen + len(piece.events), done + len(scored)
            for part in piece.parts:
                if check is not None and isinstance(part, ObjectEvent):
                    check.add(part)
                if part not in scored:
                    spool.add(part)
        if check is not None:
            check.refuse()
    if not force:
        log.info("objects that have their verdict are left out", done=done, of=chosen)


def _show(spool: EventSpool) -> None:
    console = stdout()
    for piece in spool.pieces():
        for event in piece.events:
            console.print(cell(f"s3://{event.bucket}/{event.key}"), soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing backfill", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--prefix", metavar="s3://B/P", help="all objects whose keys begin so")
    source.add_argument("--manifest", metavar="FILE", help="JSON, JSON Lines or CSV list of objects, local or s3://")
    parser.add_argument("--since", type=moment, metavar="TIME", help="only objects modified at or after this (UTC)")
    parser.add_argument("--until", type=moment, metavar="TIME", help="only objects modified before this (UTC)")
    parser.add_argument("--force", action="store_true", help="also objects that have their verdict")
    parser.add_argument("--dry-run", action="store_true", help="only list what would be processed")
    parser.add_argument(
        "--run-window", type=run_window, metavar="key|last_modified", help="where runs get their date and hour from"
    )
    return parser


JOB = (main, "process many objects: a prefix or a manifest")

"""Verdicts for many objects: all under a prefix, or those a manifest lists, and no others.

Objects that have their verdict are left out, so an interrupted backfill is resumed by running it again. Whatever has
none is announced again.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import UsageError
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dq.batch.process_batch import Doors
    from dq.events.announcement import Announcement
    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource
    from dq.ledger.own_rows import Announced
    from etl_core.objects.store import ObjectStore

log = structlog.get_logger()

_CHUNK = 1000
_COLLAPSES_SHOWN = 10


def main(argv: list[str]) -> int:
    """Choose the objects, check that their runs stay apart, write them to the ledger and work them off."""
    arguments = _parser().parse_args(argv)
    from dq.batch.coming_due import make_due
    from dq.ledger.settings import LedgerSettings
    from jobs.console.progress import show_progress
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import open_doors, start
    from jobs.working_off.own_work import work_off_own
    from jobs.working_off.owners import new_owner

    if arguments.since and arguments.until and arguments.since >= arguments.until:
        raise UsageError(f"--since {arguments.since} is not before --until {arguments.until}: no object is in between")
    program = start()
    note(subject=arguments.prefix or arguments.manifest, step="dry run" if arguments.dry_run else None)
    limit = program.settings[LedgerSettings].max_files_per_batch
    with open_doors(program.settings) as doors, StopRequest() as stop:
        chosen = _choose(arguments, doors)
        if arguments.run_window is None:
            refuse_collapses(chosen.events, doors)
        if not arguments.force:
            done = doors.inbox.done_before(chosen.events, arguments.run_window)
            log.info("objects that have their verdict are left out", done=len(done), of=len(chosen.events))
            chosen = replace(chosen, events=tuple(event for event in chosen.events if event not in done))
        if arguments.dry_run:
            for event in chosen.events:
                stdout().print(cell(f"s3://{event.bucket}/{event.key}"), soft_wrap=True)
            return ExitCode.OK
        make_due(doors)
        # Of those that were not left out a verdict may be there, in a run of another window.
        again = arguments.force or arguments.run_window is not None
        announced = _announce(chosen, doors, force=again, run_window=arguments.run_window)
        with show_progress(program.console, "backfill", announced.due) as report:
            ended = work_off_own(doors, announced, limit=limit, owner=new_owner(), stop=stop, report=report)
        if stop.is_set():
            log.warning("stopped; the same command goes on where it ended")
    return ended.exit_code()


def refuse_collapses(events: Sequence[ObjectEvent], doors: Doors) -> None:
    """Stop before objects whose keys name different windows fall into one run.

    Raises:
        UsageError: names the runs and asks for a decision.
    """
    from dq.events.key_layout import FileIdentity
    from dq.events.run_window import RunWindow, find_collapses, window_choice

    placed = []
    for event in events:
        identity = doors.layouts.identify(event.key)
        if isinstance(identity, FileIdentity):
            window = window_choice(identity, doors.run_window).window(event.event_time)
            if isinstance(window, RunWindow):
                placed.append((identity, window))
    collapses = find_collapses(placed)
    if not collapses:
        return
    lines = [
        f"  {one.agency_slug}/{one.file_name}: keys of {len(one.key_windows)} windows, {_window(*one.key_windows[0])} "
        f"to {_window(*one.key_windows[-1])}, would become the one run {_window(one.run_date, one.run_hour)}"
        for one in collapses[:_COLLAPSES_SHOWN]
    ]
    if len(collapses) > _COLLAPSES_SHOWN:
        lines.append(f"  and {len(collapses) - _COLLAPSES_SHOWN} more")
    raise UsageError(
        "nothing was started: the objects were last modified together, but their keys name different windows\n"
        + "\n".join(lines)
        + "\nrun again with --run-window key (the windows in the keys) or --run-window last_modified (one run each)"
    )


def _choose(arguments: argparse.Namespace, doors: Doors) -> Announcement:
    """The announced objects, each with its last-modified where it is there."""
    from dq.intake.manifest import read_manifest

    if arguments.prefix is not None:
        return _under(arguments.prefix, doors, arguments.since, arguments.until)
    listed = read_manifest(doors.objects, arguments.manifest)
    allowed = [one for one in listed.events if doors.accepts(one.bucket)]
    foreign = [one for one in listed.events if not doors.accepts(one.bucket)]
    events = [*_with_heads(allowed, doors.objects), *foreign]
    return replace(listed, events=tuple(one for one in events if _is_between(one, arguments.since, arguments.until)))


def _under(prefix: str, doors: Doors, since: datetime | None, until: datetime | None) -> Announcement:
    """The objects under a prefix that were last modified in this span."""
    from dq.intake.listing import list_objects

    listed = list_objects(doors.objects, prefix)
    return replace(listed, events=tuple(one for one in listed.events if _is_between(one, since, until)))


def _with_heads(events: Sequence[ObjectEvent], store: ObjectStore) -> Iterator[ObjectEvent]:
    """The events with etag, size and last-modified of the objects; of those that are gone, as they were."""
    from etl_core.objects.store import Peek

    for start in range(0, len(events), _CHUNK):
        chunk = dict(enumerate(events[start : start + _CHUNK]))
        peeks = store.peek_all({place: (one.bucket, one.key, one.version_id) for place, one in chunk.items()})
        for place, event in chunk.items():
            peek = peeks[place]
            if isinstance(peek, Peek):
                head = peek.head
                yield replace(event, etag=head.etag, size=head.size, event_time=head.last_modified)
            else:
                yield event


def _announce(chosen: Announcement, doors: Doors, *, force: bool, run_window: WindowSource | None) -> Announced:
    """Write the objects to the ledger, in transactions of moderate size; which rows they have."""
    from dq.events.announcement import Announcement
    from dq.intake.accept import announce
    from dq.ledger.own_rows import together

    written = []
    pieces = [replace(chosen, events=())]
    pieces += [Announcement(chosen.events[at : at + _CHUNK], (), ()) for at in range(0, len(chosen.events), _CHUNK)]
    for piece in pieces:
        now = doors.clock()
        written.append(announce(doors.inbox, piece, now=now, source="backfill", force=force, run_window=run_window))
    return together(written)


def _is_between(event: ObjectEvent, since: datetime | None, until: datetime | None) -> bool:
    moment = event.event_time
    if moment is None:
        return True
    return (since is None or moment >= since) and (until is None or moment < until)


def _window(run_date: object, run_hour: int) -> str:
    return f"{run_date} {run_hour:02}h"


def _moment(text: str) -> datetime:
    """A date or a date and time; UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a date (2026-01-04) or time (2026-01-04T12:00:00Z)"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _run_window(text: str) -> WindowSource:
    match text:
        case "key" | "last_modified":
            return text
        case _:
            raise argparse.ArgumentTypeError(f"{text!r} is neither key nor last_modified")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing backfill", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--prefix", metavar="s3://B/P", help="all objects whose keys begin so")
    source.add_argument("--manifest", metavar="FILE", help="JSON, JSON Lines or CSV list of objects, local or s3://")
    parser.add_argument("--since", type=_moment, metavar="TIME", help="only objects modified at or after this (UTC)")
    parser.add_argument("--until", type=_moment, metavar="TIME", help="only objects modified before this (UTC)")
    parser.add_argument("--force", action="store_true", help="also objects that have their verdict")
    parser.add_argument("--dry-run", action="store_true", help="only list what would be processed")
    parser.add_argument(
        "--run-window", type=_run_window, metavar="key|last_modified", help="where runs get their date and hour from"
    )
    return parser


JOB = (main, "process many objects: a prefix or a manifest")

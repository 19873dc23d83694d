"""Hold a bucket against the ledger: what was never announced, what is newer than its verdict, what is gone.

Notifications are not guaranteed to arrive; this is the check that none was lost. The bucket is listed, or its S3
Inventory is read, and both sides go by in the order of their keys, so that their number does not matter. Objects and
rows younger than the grace are left alone: their announcement, or their object, may be under way.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import UsageError
from jobs.console.arguments import duration, run_window
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dq.batch.doors import Doors
    from dq.events.announcement import Skipped
    from dq.intake.event_spool import EventSpool
    from dq.reconciling.account import Account, Counted
    from dq.reconciling.comparison import Compared
    from dq.reconciling.stored_objects import Aside
    from etl_core.spilling.external_sort import ExternalSort
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import Program

log = structlog.get_logger()

#: Announcements take seconds as a rule, sometimes minutes (S3 User Guide, "Amazon S3 Event Notifications").
_GRACE = timedelta(minutes=15)


def main(argv: list[str]) -> int:
    """Print the differences, a line each; with `--repair` announce what was missed and work that off."""
    arguments = _parser().parse_args(argv)
    from dq.intake.event_spool import EventSpool
    from jobs.announcing.differences import ShownDifferences
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import open_doors, start

    if not (arguments.prefix or arguments.inventory):
        raise UsageError(
            "nothing to reconcile was named; give --prefix s3://B/P, --inventory s3://.../manifest.json, or both"
        )
    program = start()
    note(subject=arguments.prefix or arguments.inventory, step="repair" if arguments.repair else "compare")
    shown = ShownDifferences(everything=arguments.all, as_json=arguments.json)
    with open_doors(program.settings) as doors, StopRequest() as stop, closing(EventSpool()) as spool:
        account = _compare(arguments, doors, spool, stop, shown.show)
        if account is None:
            log.warning("stopped before the whole was compared; nothing was announced")
            return ExitCode.TRY_AGAIN
        doors.metrics.reconciled({"objects": account.objects, **account.findings})
        counts = {name: count for name, count in account.findings.items() if count}
        note(message=f"{account.objects} objects: " + ", ".join(f"{n} {name}" for name, n in sorted(counts.items())))
        log.info("reconciled", objects=account.objects, rejected=account.rejected, **counts)
        shown.close(account, spool.events if arguments.repair else 0)
        if not arguments.repair:
            return ExitCode.FAILED if account.matters else ExitCode.OK
        code = _repair(arguments, program, doors, spool, stop)
    gone = account.findings.get("gone_without_verdict", 0)
    return ExitCode.FAILED if code is ExitCode.OK and gone else code


def _compare(
    arguments: argparse.Namespace,
    doors: Doors,
    spool: EventSpool,
    stop: StopRequest,
    show: Callable[[Compared], None],
) -> Account | None:
    """Show each difference; what is to be repaired waits in the spool. None when somebody asked to stop."""
    from dq.events.announcement import Rejected
    from dq.reconciling.account import Account, Counted
    from dq.reconciling.comparison import REPAIRABLE
    from etl_core.spilling.external_sort import ExternalSort
    from jobs.announcing.window_check import WindowCheck

    counted, rejected = Counted(), 0

    def aside(part: Skipped | Rejected) -> None:
        nonlocal rejected
        if isinstance(part, Rejected):
            rejected += 1
            spool.add(part)

    with closing(ExternalSort()) as sort, closing(WindowCheck(doors.layouts, doors.run_window)) as check:
        for one in counted.compared(_compared(arguments, doors, sort, counted, aside)):
            if stop.is_set():
                return None
            show(one)
            if arguments.repair and one.finding in REPAIRABLE:
                spool.add(one.event)
                check.add(one.event)
        if arguments.run_window is None:
            check.refuse()
    return Account(counted.objects, counted.findings, rejected)


def _compared(
    arguments: argparse.Namespace, doors: Doors, sort: ExternalSort, counted: Counted, aside: Aside
) -> Iterator[Compared]:
    """Both sides, compared as they go by."""
    from dq.ledger.aging.old_rows import horizon_of
    from dq.reconciling.comparison import compare
    from dq.reconciling.confirming import confirmed
    from dq.reconciling.ledger_rows import rows_by_key
    from dq.reconciling.stored_objects import objects_of, objects_under, read_inventory
    from etl_core.objects.place import parse_place

    began, store = doors.clock(), doors.objects
    place = parse_place(arguments.prefix) if arguments.prefix else None
    bucket, prefix = (place.bucket, place.key) if place else (None, "")
    if arguments.inventory is None:
        objects = objects_under(store, arguments.prefix, aside)
    else:
        inventory = read_inventory(store, arguments.inventory)
        if place and bucket != inventory.bucket:
            raise UsageError(f"the inventory is of bucket {inventory.bucket!r}, and --prefix names {bucket!r}")
        bucket = inventory.bucket
        began = min(began, inventory.created)
        objects = objects_of(store, inventory, prefix, sort, aside)
    if bucket is None:
        raise UsageError(f"{arguments.prefix!r} is not in S3; expected s3://bucket/prefix")
    if not doors.accepts(bucket):
        allowed = ", ".join(sorted(doors.allowed_buckets))
        raise UsageError(f"bucket {bucket!r} is not one of ALLOWED_BUCKETS ({allowed}): none of its objects is scored")
    rows = rows_by_key(doors.database, bucket, prefix)
    horizon = horizon_of(doors.database, bucket)
    compared = compare(counted.stored(objects), rows, before=began - arguments.grace, horizon=horizon)
    return compared if arguments.inventory is None else confirmed(compared, store)


def _repair(
    arguments: argparse.Namespace, program: Program, doors: Doors, spool: EventSpool, stop: StopRequest
) -> ExitCode:
    """Announce what waits in the spool, and work it off."""
    from dq.ledger.settings import LedgerSettings
    from jobs.announcing.announcing import announce_spooled
    from jobs.console.progress import show_progress
    from jobs.working_off.own_work import work_off_own
    from jobs.working_off.owners import new_owner

    announced = announce_spooled(spool, doors, stop, source="reconcile", run_window=arguments.run_window)
    limit = program.settings[LedgerSettings].max_files_per_batch
    with show_progress(program.console, "reconcile", announced.due) as report:
        done = work_off_own(doors, announced, limit=limit, owner=new_owner(), stop=stop, report=report)
    return done.exit_code()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing reconcile", description=__doc__)
    parser.add_argument("--prefix", metavar="s3://B/P", help="the objects whose keys begin so; alone, they are listed")
    parser.add_argument(
        "--inventory",
        metavar="MANIFEST",
        help="manifest.json of an S3 Inventory, local or s3://, in place of a listing; with --prefix where that is of a"
        " part of the bucket",
    )
    parser.add_argument(
        "--repair", action="store_true", help="announce what was missed or is newer, and work that off as backfill does"
    )
    parser.add_argument(
        "--grace",
        type=duration,
        default=_GRACE,
        metavar="SPAN",
        help="leave alone what is younger, such as 90s, 15m or 2h (default: 15m); with an inventory, as it was made",
    )
    parser.add_argument(
        "--run-window", type=run_window, metavar="key|last_modified", help="where repaired runs get date and hour from"
    )
    parser.add_argument("--all", action="store_true", help="show what is gone and had its verdict, or was closed, too")
    parser.add_argument("--json", action="store_true", help="JSON lines, the last one with the counts")
    return parser


JOB = (main, "hold a bucket against the ledger: never announced, stale, gone; --repair mends it")

"""Announce as many objects as the arguments say, one number after the other, as a backfill does; print the peaks."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import closing
from datetime import datetime, timezone
from threading import Event
from typing import Any

from dq.batch.doors import Doors
from dq.intake.event_spool import EventSpool
from dq.ledger.inbox import Inbox
from etl_core.log.set_up import configure_logging
from etl_core.postgres.database import connect
from jobs.announcing.announcing import announce_spooled
from jobs.announcing.choosing import Choice
from jobs.backfill import spool_chosen
from tests.paging_store import PagingStore


def main(database_url: str, *counts: str) -> None:
    """Rows that are due, and the peak in MiB, for each number of objects."""
    configure_logging("WARNING", ())
    database = connect(database_url)
    unused: Any = None
    stop: Any = type("Stop", (), {"is_set": Event().is_set})()
    for count in map(int, counts):
        started = time.monotonic()
        doors = Doors(
            database, Inbox(database), unused, PagingStore(count), unused, lambda: datetime.now(timezone.utc), unused
        )
        with closing(EventSpool()) as spool:
            spool_chosen(Choice("s3://landing/"), spool, doors, stop, force=False, run_window=None)
            due = announce_spooled(spool, doors, stop, source="backfill").due
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        sys.stdout.write(f"{due} {peak} {time.monotonic() - started:.1f}\n")


main(*sys.argv[1:])

"""From a spool of chosen objects into the ledger, in transactions of moderate size."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from dq.intake.accept import announce
from dq.ledger.own_rows import together

if TYPE_CHECKING:
    from dq.batch.doors import Doors
    from dq.events.run_window import WindowSource
    from dq.intake.event_spool import EventSpool
    from dq.ledger.own_rows import Announced
    from jobs.running.stopping import StopRequest


def announce_spooled(
    spool: EventSpool,
    doors: Doors,
    stop: StopRequest,
    *,
    source: str,
    force: bool = False,
    run_window: WindowSource | None = None,
) -> Announced:
    """Announce what waits in the spool until somebody asks to stop; which rows that are.

    Each piece is durable when the next one begins. A job that was stopped in between announces all of it again, which
    changes nothing of what is there. The other arguments are those of `Inbox.announce`.

    Raises:
        DatabaseUnavailableError: what was announced before is durable.
    """
    return together(
        announce(doors.inbox, piece, now=doors.clock(), source=source, force=force, run_window=run_window)
        for piece in takewhile(lambda _: not stop.is_set(), spool.pieces())
    )

"""From announcements, however they came, into the ledger, with a line in the log for all that makes no row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from dq.ledger.inbox_item import Added

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dq.events.announcement import Announcement
    from dq.events.run_window import WindowSource
    from dq.ledger.inbox import Inbox
    from dq.ledger.own_rows import Announced

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of announcements; `skipped` counts by kind what needed no row."""

    added: Added = field(default_factory=Added)
    skipped: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Accepted) -> Accepted:
        """Both together."""
        return Accepted(self.added + other.added, dict(Counter(self.skipped) + Counter(other.skipped)))


def accept(inbox: Inbox, announcement: Announcement, *, now: datetime, source: str) -> Accepted:
    """Write an announcement's events and rejected parts durably, for whoever works the ledger off.

    `source` says where it came from.

    Raises:
        DatabaseUnavailableError: nothing was written; announce it again.
    """
    added = inbox.add(announcement.events, announcement.rejected, now=now, source=source)
    _tell_the_rest(announcement, source)
    return Accepted(added, announcement.skipped_kinds())


def announce(
    inbox: Inbox,
    announcement: Announcement,
    *,
    now: datetime,
    source: str,
    force: bool = False,
    run_window: WindowSource | None = None,
) -> Announced:
    """Write what one job is to work off itself; which rows that are. As `Inbox.announce`.

    Raises:
        DatabaseUnavailableError: nothing was written; announce it again.
    """
    announced = inbox.announce(
        announcement.events, announcement.rejected, now=now, source=source, force=force, run_window=run_window
    )
    _tell_the_rest(announcement, source)
    return announced


def _tell_the_rest(announcement: Announcement, source: str) -> None:
    for part in announcement.skipped:
        log.info("announcement skipped", kind=part.kind, reason=part.reason, subject=part.subject, source=source)
    for letter in announcement.rejected:
        log.warning("announcement kept as dead letter", error=letter.reason, source=source)

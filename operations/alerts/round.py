"""One round: look, decide, put messages into the outbox, deliver what waits there.

What is decided and its messages are one transaction. A process that is killed before it leaves everything for the next
round; one that is killed after it leaves the outbox; one that is killed between a channel's answer and the mark in the
outbox leaves that message to be sent once more.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from etl_core.errors import RetryableError, TerminalError
from etl_core.postgres.locks import lock, tried
from operations.alerts.deciding.alert import Alert, severity_of
from operations.alerts.deciding.changes import changes, distinct
from operations.alerts.deciding.messages import compose
from operations.alerts.deciding.telling import due
from operations.alerts.finding.look import look
from operations.alerts.keeping import alerts_to_tell, keep, note_told, open_alerts
from operations.alerts.sending import outbox as boxes
from operations.alerts.sending.delivering import deliver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine

    from operations.alerts.deciding.alert import Condition
    from operations.alerts.deciding.changes import Changes
    from operations.alerts.deciding.messages import Messages
    from operations.alerts.deciding.routes import Channel
    from operations.alerts.deciding.telling import Due
    from operations.alerts.finding.source import Asked
    from operations.alerts.sending.delivering import Delivered, Sender
    from operations.alerts.settings import AlertSettings

log = structlog.get_logger()

_LOCK: Final = ("alerts", "round")


class OtherRoundError(RetryableError):
    """Another process is at it."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What one look came to."""

    changed: Changes
    due: Due
    composed: Messages

    @property
    def sentence(self) -> str:
        """For people."""
        changed, composed = self.changed, self.composed
        parts = {
            "opened": len(changed.opened),
            "still open": len(changed.seen),
            "resolved": len(changed.resolved),
            "not looked at": len(changed.left),
            "told": len(composed.told),
            "held back for quiet hours": self.due.held_back,
            "wanted by no channel": len(composed.unheard),
        }
        return ", ".join(f"{count:,} {name}" for name, count in parts.items() if count) or "nothing is wrong"


@contextmanager
def alone(database: Engine) -> Iterator[None]:
    """Be the only process that tells of alerts while the block runs; one that dies lets go.

    Raises:
        OtherRoundError: another one is.
    """
    with tried(database, *_LOCK) as is_free:
        if not is_free:
            raise OtherRoundError("another `alerts` is at it; one is enough, it tells of everything")
        yield


def decide(
    database: Engine, asked: Asked, settings: AlertSettings, channels: Sequence[Channel], *, dry_run: bool = False
) -> Decided:
    """Look, change the alerts that are kept, and put messages into the outbox.

    Args:
        database: with the tables of `operations.alerts.tables`.
        asked: the present, and what to go by.
        settings: who is told, when.
        channels: where messages can go.
        dry_run: only say what would be done.

    Raises:
        RetryableError: the database does not answer; nothing was changed.
    """
    found = look(database, asked)
    with database.begin() as connection:
        lock(connection, *_LOCK, "decide")
        kept = open_alerts(connection)
        changed = changes(found, kept)
        if not changed.holds(len(distinct(found.conditions)), len(kept)):
            raise TerminalError("what was found does not add up with the alerts that are kept; please report it")
        if dry_run:
            return _decided(_as_if(changed, settings, asked.now), changed, settings, channels, asked.now)
        keep(connection, changed, settings.critical, asked.now)
        decided = _decided(alerts_to_tell(connection), changed, settings, channels, asked.now)
        _note(connection, decided, asked.now)
    return decided


def run_round(
    database: Engine,
    asked: Asked,
    settings: AlertSettings,
    senders: Sequence[Sender],
    clock: Callable[[], datetime],
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Decided, Delivered]:
    """Decide, then deliver; arguments as of `decide` and `deliver`.

    Raises:
        OtherRoundError: another process is at it.
        RetryableError: the database does not answer.
    """
    with alone(database):
        decided = decide(database, asked, settings, [one.channel for one in senders])
        return decided, deliver(boxes.Outbox(database), senders, clock, stopped)


def _decided(
    alerts: Sequence[Alert], changed: Changes, settings: AlertSettings, channels: Sequence[Channel], now: datetime
) -> Decided:
    news = due(alerts, now, repeat=settings.repeat, quiet=settings.quiet_hours)
    composed = compose(news.tellings, channels, settings.routes, storm=settings.alert_storm)
    return Decided(changed, news, composed)


def _note(connection: Connection, decided: Decided, now: datetime) -> None:
    boxes.put(connection, decided.composed.messages, now)
    note_told(connection, decided.composed.told, decided.due, now)


def _as_if(changed: Changes, settings: AlertSettings, now: datetime) -> tuple[Alert, ...]:
    """The alerts as they would be; new ones have numbers below nought."""

    def opened(number: int, one: Condition) -> Alert:
        severity = severity_of(one.kind, settings.critical)
        return Alert(-number, one.kind, one.subject, severity, one.text, one.agency, one.to_slack, now, now)

    new = [opened(number, one) for number, one in enumerate(changed.opened, 1)]
    over = [replace(one, resolved_at=max(now, one.last_seen_at)) for one in changed.resolved]
    return (*(known for known, _ in changed.seen), *changed.left, *over, *new)

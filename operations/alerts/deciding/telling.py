"""Of which alerts somebody has to hear now: that they are there, still there, or over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from operations.alerts.deciding.alert import SUPERSEDED_BY, Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from operations.alerts.deciding.quiet_hours import QuietHours

News: TypeAlias = Literal["opened", "repeated", "resolved"]


@dataclass(frozen=True, slots=True)
class Telling:
    """One alert and what is new about it."""

    news: News
    alert: Alert


@dataclass(frozen=True, slots=True)
class Due:
    """What is due.

    Attributes:
        tellings: what goes into messages.
        silent: alerts whose end is no news, for a graver one took their place.
        held_back: how many wait for the end of quiet hours.
        ahead: alerts that were told of at a moment so far ahead that a clock must have been wrong: no message, and
            their repetition counts from now.
    """

    tellings: tuple[Telling, ...]
    silent: tuple[Alert, ...]
    held_back: int
    ahead: tuple[Alert, ...]


def due(alerts: Sequence[Alert], now: datetime, *, repeat: timedelta, quiet: Iterable[QuietHours] = ()) -> Due:
    """Decide by what people last heard, not by what happened: so nothing is lost in quiet hours, or by a crash.

    Args:
        alerts: those that are open, and those that are over and somebody may have to hear of it.
        now: the present, aware.
        repeat: how long an open alert is not told again.
        quiet: hours in which only critical alerts are told.
    """
    hushed = any(one.hold(now) for one in quiet)
    still = {(one.kind, one.subject) for one in alerts if one.resolved_at is None}
    tellings: list[Telling] = []
    silent: list[Alert] = []
    ahead: list[Alert] = []
    held_back = 0
    for one in alerts:
        news = _news(one, now, repeat)
        if news == "resolved" and any((kind, one.subject) in still for kind in SUPERSEDED_BY.get(one.kind, ())):
            silent.append(one)
        elif news is not None and hushed and one.severity != "critical":
            held_back += 1
        elif news is not None:
            tellings.append(Telling(news, one))
        elif one.resolved_at is None and one.notified_at is not None and one.notified_at - now > repeat:
            ahead.append(one)
    return Due(tuple(tellings), tuple(silent), held_back, tuple(ahead))


def _news(alert: Alert, now: datetime, repeat: timedelta) -> News | None:
    if alert.resolved_at is not None:
        return None if alert.notified_at is None or alert.resolution_told else "resolved"
    if alert.notified_at is None:
        return "opened"
    return "repeated" if now - alert.notified_at >= repeat else None

"""What people read: a message for an alert, or one for many that came at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from etl_core.log.redaction import one_line
from operations.alerts.deciding.alert import KINDS
from operations.alerts.deciding.routes import channels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from operations.alerts.deciding.alert import Alert
    from operations.alerts.deciding.routes import Channel, Route
    from operations.alerts.deciding.telling import News, Telling

#: How a message looks where channels have colours or urgencies.
Tone: TypeAlias = Literal["warning", "critical", "resolved"]

#: Characters of what it is about, and lines of a message on many; the shortest channel (Slack's header) takes 150.
LONGEST_SUBJECT: Final = 120
_MOST_LINES: Final = 12
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one channel, on one alert or on many.

    Attributes:
        channel: its name.
        tone: how bad it is.
        title: one line.
        body: lines.
        alerts: numbers of the alerts it is about.
    """

    channel: str
    tone: Tone
    title: str
    body: str
    alerts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Messages:
    """What goes into the outbox.

    Attributes:
        messages: by channel, in its order.
        told: the alerts that some channel hears of.
        unheard: those that no channel wants.
    """

    messages: tuple[Message, ...]
    told: tuple[Telling, ...]
    unheard: tuple[Telling, ...]


def compose(
    tellings: Sequence[Telling], channels: Sequence[Channel], routes: Sequence[Route], *, storm: int
) -> Messages:
    """Write the messages.

    Args:
        tellings: what is due.
        channels: where messages can go.
        routes: who wants what.
        storm: alerts to one channel at once from which on they are one message.
    """
    wanted: dict[str, list[Telling]] = {one.name: [] for one in channels}
    told: list[Telling] = []
    unheard: list[Telling] = []
    for one in tellings:
        names = channels_of(one.alert, channels, routes)
        for name in names:
            wanted[name].append(one)
        (told if names else unheard).append(one)
    messages: list[Message] = []
    for name, mine in wanted.items():
        if len(mine) >= storm:
            messages.append(_on_many(name, mine))
        else:
            messages += [_on_one(name, one) for one in mine]
    return Messages(tuple(messages), tuple(told), tuple(unheard))


def short(text: str, longest: int = LONGEST_SUBJECT) -> str:
    """A name from elsewhere, within its line and not endless."""
    line = one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def lasted(span: timedelta) -> str:
    """How long something lasted, in the two largest units.

    >>> from datetime import timedelta
    >>> lasted(timedelta(hours=26, minutes=5)), lasted(timedelta(minutes=5, seconds=3)), lasted(timedelta(seconds=9))
    ('1 d 2 h', '5 min', '9 s')
    """
    seconds = max(int(span.total_seconds()), 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // _MINUTE
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return " ".join(parts[:2])


def moment(at: datetime) -> str:
    """A moment as messages write it, in its own zone, which is UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _on_one(channel: str, telling: Telling) -> Message:
    alert = telling.alert
    name = f"{KINDS[alert.kind]}: {short(alert.subject)}"
    match telling.news:
        case "opened":
            title, more = f"[{alert.severity}] {name}", f"Seen since {moment(alert.opened_at)}."
        case "repeated":
            open_for = lasted(alert.last_seen_at - alert.opened_at)
            title, more = f"[still {alert.severity}] {name}", f"Seen since {moment(alert.opened_at)}, for {open_for}."
        case "resolved":
            return Message(channel, "resolved", f"[resolved] {name}", _ended(alert), (alert.id,))
    return Message(channel, alert.severity, title, f"{alert.text}\n{more}", (alert.id,))


def _ended(alert: Alert) -> str:
    end = alert.resolved_at or alert.last_seen_at
    span = f"{moment(alert.opened_at)} to {moment(end)}"
    return f"No longer so. It was, from {span} ({lasted(end - alert.opened_at)}): {alert.text}"


def _on_many(channel: str, tellings: Sequence[Telling]) -> Message:
    """The worst first; what does not fit is counted."""
    ordered = sorted(tellings, key=_rank)
    news = Counter(one.news for one in ordered)
    words: tuple[tuple[News, str], ...] = (("opened", "new"), ("repeated", "still there"), ("resolved", "resolved"))
    counts = ", ".join(f"{news[name]:,} {word}" for name, word in words if news[name])
    open_ones = [one.alert for one in ordered if one.news != "resolved"]
    tone: Tone = "resolved" if not open_ones else open_ones[0].severity
    lines = [f"{count:,} {name}" for name, count in _counted(ordered)]
    shown = ordered[:_MOST_LINES]
    lines += [f"- {_word(one)} {KINDS[one.alert.kind]}: {short(one.alert.subject)}" for one in shown]
    if len(ordered) > len(shown):
        lines.append(f"and {len(ordered) - len(shown):,} more: the page /alerts of `serve`, or `alerts --list`")
    title = f"[{tone}] {len(ordered):,} alerts at once: {counts}"
    return Message(channel, tone, title, "\n".join(lines), tuple(one.alert.id for one in ordered))


def _counted(tellings: Iterable[Telling]) -> list[tuple[str, int]]:
    counts = Counter(f"{KINDS[one.alert.kind]}{' (resolved)' if one.news == 'resolved' else ''}" for one in tellings)
    return counts.most_common()


def _rank(telling: Telling) -> tuple[bool, bool, int]:
    return telling.news == "resolved", telling.alert.severity != "critical", telling.alert.id


def _word(telling: Telling) -> str:
    words = {"opened": telling.alert.severity, "repeated": f"still {telling.alert.severity}", "resolved": "resolved"}
    return words[telling.news]

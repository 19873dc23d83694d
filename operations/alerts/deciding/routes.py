"""Which channel hears of which alert: rules such as `oncall=severity:critical kind:missing`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from operations.alerts.deciding.alert import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from operations.alerts.deciding.alert import Alert

CHANNEL_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_FIELDS = ("agency", "kind", "severity")
#: Stands for no agency at all, as alerts on jobs and on the inbox have none.
_NONE = "-"
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "kind": frozenset(KINDS),
    "severity": frozenset({"warning", "critical"}),
}


@dataclass(frozen=True, slots=True)
class Route:
    """One rule: a channel, and for each field the patterns of which one has to fit."""

    channel: str
    wanted: Mapping[str, tuple[str, ...]]

    def fits(self, alert: Alert) -> bool:
        """Whether the alert is what the rule asks for."""
        values = {"agency": alert.agency or _NONE, "kind": alert.kind, "severity": alert.severity}
        return all(any(_fits(one, values[name]) for one in patterns) for name, patterns in self.wanted.items())


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages can go: its name, and whether it is one of Slack."""

    name: str
    is_slack: bool = False


def read_route(text: str) -> Route:
    """Read one rule: `CHANNEL=FIELD:PATTERN FIELD:PATTERN ...`; a star stands for any characters.

    Raises:
        ValueError: it cannot be understood.
    """
    channel, _, rest = text.strip().partition("=")
    if not CHANNEL_NAME.fullmatch(channel.strip()) or not rest.split():
        raise ValueError(f"{text!r} is no rule such as oncall=severity:critical kind:missing")
    wanted: dict[str, tuple[str, ...]] = {}
    for part in rest.split():
        name, _, pattern = part.partition(":")
        if name not in _FIELDS or not pattern:
            raise ValueError(f"{part!r} in {text!r} is none of {', '.join(f'{one}:PATTERN' for one in _FIELDS)}")
        known = _KNOWN.get(name)
        if known is not None and not any(_fits(pattern, value) for value in known):
            raise ValueError(f"{part!r} fits no {name}; there are {', '.join(sorted(known))}")
        wanted[name] = (*wanted.get(name, ()), pattern)
    return Route(channel.strip(), wanted)


def channels_of(alert: Alert, channels: Iterable[Channel], routes: Iterable[Route]) -> tuple[str, ...]:
    """The channels that hear of an alert: those of which a rule fits, and those without any rule.

    Channels of Slack hear of no alert on a file whose `notify_slack` is off.
    """
    rules = tuple(routes)
    ruled = {one.channel for one in rules}
    fitting = {one.channel for one in rules if one.fits(alert)}
    return tuple(
        one.name
        for one in channels
        if (one.name in fitting or one.name not in ruled) and (alert.to_slack or not one.is_slack)
    )


def _fits(pattern: str, value: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), value, re.DOTALL) is not None

"""What the environment says of alerts: channels, who wants what, how often, when it is quiet, what is bad."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from etl_core.settings import Comma, RoomSettings, setting
from operations.alerts.deciding.alert import KINDS, Kind
from operations.alerts.deciding.quiet_hours import QuietHours, read_quiet_hours
from operations.alerts.deciding.routes import CHANNEL_NAME, Route, read_route

_SPAN = re.compile(r"(\d{1,8})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LEAST_SPAN, _LONGEST_SPAN = timedelta(seconds=1), timedelta(days=400)
#: Characters from which on a part of an address that is no plain word is taken for a secret.
_LEAST_TOKEN: Final = 8
_LEAST_WORD: Final = 16


def _span(value: str) -> str:
    if not _LEAST_SPAN <= _as_span(value) <= _LONGEST_SPAN:
        raise ValueError("it is no span from 1s to 400d")
    return value


def _as_span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text.strip().lower())
    return timedelta(0) if match is None else timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _channels(value: SecretStr) -> SecretStr:
    """The value, once every part of it is a name and an address; nothing of an address is told."""
    names = [part.partition("=")[0] for part in value.get_secret_value().split()]
    for place, part in enumerate(value.get_secret_value().split(), 1):
        name, _, address = part.partition("=")
        if not CHANNEL_NAME.fullmatch(name) or "://" not in address:
            raise ValueError(f"part {place} of {len(names)} is not NAME=ADDRESS")
    if len(set(names)) < len(names):
        raise ValueError("two channels have one name")
    return value


def _routes(texts: tuple[str, ...]) -> tuple[str, ...]:
    for one in texts:
        read_route(one)
    return texts


def _quiet(texts: tuple[str, ...]) -> tuple[str, ...]:
    for one in texts:
        read_quiet_hours(one)
    return texts


def _kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in names if name not in KINDS]:
        raise ValueError(f"no kind of alert is called {', '.join(map(repr, wrong))}")
    return names


#: A span of time: a whole number and s, m, h or d.
Span = Annotated[str, AfterValidator(_span)]


class AlertSettings(RoomSettings):
    """Who is told, when, and of what."""

    alert_urls: Annotated[SecretStr, AfterValidator(_channels)] | None = setting(
        "Channels that alerts go to: names and Apprise's addresses (Slack, mail, Teams, PagerDuty, webhooks, SNS and"
        " others). Unset: alerts are kept in `pipeline.alert`, and nobody is told",
        "NAME=ADDRESS, several with spaces between them, such as ops=slack://TokenA/TokenB/TokenC"
        " mail=mailto://user:password@host",
    )
    alert_routes: Annotated[tuple[str, ...], Comma, AfterValidator(_routes)] = setting(
        "Which channel hears of which alerts; one without a rule hears of all",
        "rules such as oncall=severity:critical kind:missing, comma-separated; fields are agency, kind and severity,"
        " a star stands for any characters",
        default=(),
    )
    alert_repeat: Span = setting(
        "How long an alert that is still open is not told again",
        "a span such as 30m, 24h or 7d",
        default="24h",
    )
    alert_quiet: Annotated[tuple[str, ...], Comma, AfterValidator(_quiet)] = setting(
        "Hours in which only critical alerts are told; the others are when they are over",
        "spans such as 22:00-07:00 Europe/Berlin or sat-sun 00:00-00:00 UTC, comma-separated",
        default=(),
    )
    alert_critical: Annotated[tuple[str, ...], Comma, AfterValidator(_kinds)] = setting(
        "Kinds of alerts that are critical; the others are warnings",
        f"kinds, comma-separated: {' '.join(KINDS)}",
        default=("critical_rule", "missing", "failed_job", "backlog_age"),
    )
    alert_storm: Annotated[int, Field(ge=2, le=1000)] = setting(
        "Alerts to one channel at once from which on they are one message", "a whole number from 2 to 1000", default=6
    )
    alert_backlog: Span = setting(
        "How long an announced object may wait before that is an alert",
        "a span such as 30m or 2h",
        default="1h",
    )
    alert_score_drop: Annotated[int, Field(ge=1, le=100)] = setting(
        "Points that a passing score may fall below the median of the seven before it", "a whole number from 1 to 100",
        default=20,
    )  # fmt: skip
    alert_send_seconds: Annotated[float, Field(ge=0.1, le=300)] = setting(
        "How long a channel may take over one message, in seconds", "a number from 0.1 to 300", default=20.0
    )
    alert_poll_seconds: Annotated[float, Field(ge=1, le=3600)] = setting(
        "How often `alerts --watch` looks, in seconds", "a number from 1 to 3600", default=60.0
    )

    @property
    def channels(self) -> dict[str, str]:
        """The address of each channel, by its name. They are secrets."""
        text = "" if self.alert_urls is None else self.alert_urls.get_secret_value()
        return {name: address for name, _, address in (part.partition("=") for part in text.split())}

    @property
    def repeat(self) -> timedelta:
        """ALERT_REPEAT."""
        return _as_span(self.alert_repeat)

    @property
    def backlog(self) -> timedelta:
        """ALERT_BACKLOG."""
        return _as_span(self.alert_backlog)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The rules."""
        return tuple(map(read_route, self.alert_routes))

    @property
    def quiet_hours(self) -> tuple[QuietHours, ...]:
        """The spans."""
        return tuple(map(read_quiet_hours, self.alert_quiet))

    @property
    def critical(self) -> frozenset[Kind]:
        """The kinds that are critical."""
        return frozenset(kind for kind in KINDS if kind in self.alert_critical)

    def secrets(self) -> tuple[str, ...]:
        """The whole setting, each address, and what in it looks like a token."""
        own = super().secrets()
        return (*own, *(text for address in self.channels.values() for text in _secrets_of(address)))


def _secrets_of(address: str) -> list[str]:
    """An address, and the parts of it that are no plain words: tokens stand in any place of Apprise's addresses."""
    rest = address.partition("://")[2]
    found = [address, rest]
    try:
        password = urlsplit(address).password
    except ValueError:
        password = None
    if password:
        found += [password, unquote(password)]
    for part in re.split(r"[/@:?&=#]", rest):
        for written in {part, unquote(part)}:
            if _is_token(written):
                found.append(written)
    return found


def _is_token(text: str) -> bool:
    """Whether a part of an address is to be hidden: long, and no name of a host or other plain word."""
    letters = re.sub(r"[.-]", "", text)
    is_plain = (letters.isalpha() and letters.islower()) or re.fullmatch(r"\d+(\.\d+){3}", text) is not None
    return len(text) >= _LEAST_TOKEN if not is_plain else len(text) >= _LEAST_WORD and "." not in text

"""Hours in which nobody is told of what can wait: `22:00-07:00 Europe/Berlin`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+)?(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)\s+(?P<zone>\S+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A span of every day by the clock of a zone.

    Attributes:
        begin: when it begins.
        end: when it is over; not after `begin` where that is on the next day.
        zone: whose clock counts.
        days: the days on which it begins, Monday is 0.
    """

    begin: time
    end: time
    zone: ZoneInfo
    days: frozenset[int] = frozenset(range(7))

    def hold(self, moment: datetime) -> bool:
        """Whether an aware moment is within; the hour that a clock shows twice is within twice."""
        local = moment.astimezone(self.zone)
        now, day = local.time(), local.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= now < self.end
        return (day in self.days and now >= self.begin) or ((day - 1) % 7 in self.days and now < self.end)


def read_quiet_hours(text: str) -> QuietHours:
    """Read one span: `22:00-07:00 Europe/Berlin`, with days `sat-sun 00:00-00:00 UTC`.

    Raises:
        ValueError: it cannot be understood.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no span such as 22:00-07:00 Europe/Berlin")
    try:
        begin, end = (time.fromisoformat(match[name]) for name in ("begin", "end"))
    except ValueError:
        raise ValueError(f"{text!r} names a time that no clock shows") from None
    try:
        zone = ZoneInfo(match["zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{match['zone']!r} is no time zone such as Europe/Berlin") from None
    return QuietHours(begin, end, zone, _read_days(match["first"], match["last"]))


def _read_days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    for name in (first, last or first):
        if name.lower() not in _DAYS:
            raise ValueError(f"{name!r} is none of {', '.join(_DAYS)}")
    begin, end = _DAYS.index(first.lower()), _DAYS.index((last or first).lower())
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))

"""When a file is due, as a person would say it: a span, a time of day in a zone, days, and days on which none is."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

Span: TypeAlias = Literal["hourly", "daily", "weekly", "monthly"]
SPANS: tuple[Span, ...] = ("hourly", "daily", "weekly", "monthly")
#: The day of a month that is its last, whichever that is.
LAST_DAY = 31
EVERY_DAY = frozenset(range(7))

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class SpanOfTime:
    """What a span means where nothing else is said, in seconds.

    Attributes:
        length: from one window to the next, about.
        lead: how long before it is due a window begins.
        early: how long before it is due a file is on time.
        grace: how long after it is due a file is on time.
    """

    length: int
    lead: int
    early: int
    grace: int


#: A file that comes before half of the lead is early, for it may be one of the window before that is hours late.
USUAL: dict[Span, SpanOfTime] = {
    "hourly": SpanOfTime(HOUR, 20 * MINUTE, 10 * MINUTE, 15 * MINUTE),
    "daily": SpanOfTime(DAY, 8 * HOUR, 4 * HOUR, HOUR),
    "weekly": SpanOfTime(7 * DAY, 36 * HOUR, 18 * HOUR, 4 * HOUR),
    "monthly": SpanOfTime(30 * DAY, 96 * HOUR, 48 * HOUR, 12 * HOUR),
}


class Window(NamedTuple):
    """One arrival that is expected; all times are seconds since 1970, UTC.

    What comes from `start` on, up to the start of the next window, is of this one: early before `on_time_from`, late
    after `late_after`.
    """

    start: int
    on_time_from: int
    due: int
    late_after: int


@dataclass(frozen=True, slots=True)
class DueCalendar:
    """When a file is due.

    Attributes:
        span: how often.
        minute: of the day, 0 to 1439; of the hour for hourly files.
        zone: name of the time zone that the time of day, days and holidays are of.
        weekdays: on which it may be due, Monday is 0; of a weekly file the one day.
        day: of the month for monthly files, 1 to 31; in a month without it the last one.
        early: seconds before it is due from which on a file is on time.
        grace: seconds after it is due up to which a file is on time.
        holidays: days on which none is due. A weekly or monthly file is due on the next day that will do.
        key_days: how many days after the date that a key names its file is due.
    """

    span: Span
    minute: int
    zone: str = "UTC"
    weekdays: frozenset[int] = EVERY_DAY
    day: int = 1
    early: int = 0
    grace: int = 0
    holidays: frozenset[date] = frozenset()
    key_days: int = 0

    def windows(self, since: int, until: int) -> list[Window]:
        """The windows that are due from `since` to before `until`, or begin before it, in their order."""
        usual = USUAL[self.span]
        lead = max(usual.lead, self.early)
        dues = sorted({*self._dues(since - 2 * usual.length - 8 * DAY, until + lead + 8 * DAY)})
        found = []
        last = None
        for due in dues:
            # A window never takes what is still on time for the one before.
            start = due - lead if last is None else max(due - lead, min(last + self.grace + 1, due))
            last = due
            if due >= since and (due < until or start < until):
                found.append(Window(start, max(due - self.early, start), due, due + self.grace))
        return found

    def is_due_on(self, moment: int) -> bool:
        """Whether the day of a moment, in the calendar's zone, is one on which a daily or hourly file is due."""
        day = datetime.fromtimestamp(moment, ZoneInfo(self.zone)).date()
        return self.span in {"weekly", "monthly"} or self._is_open(day)

    def named_hour(self, hour: int) -> int:
        """From when on the window is due that a key with this hour (since 1970, UTC) is of: in seconds since 1970."""
        if self.span == "hourly":
            return hour * HOUR
        day = datetime.fromtimestamp(hour * HOUR, timezone.utc).date() + timedelta(days=self.key_days)
        return int(datetime.combine(day, time(), ZoneInfo(self.zone)).timestamp())

    def _is_open(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays

    def _dues(self, since: int, until: int) -> Iterator[int]:
        zone = ZoneInfo(self.zone)
        if self.span == "hourly":
            yield from self._hours(zone, since, until)
            return
        at = time(self.minute // 60, self.minute % 60)
        first = datetime.fromtimestamp(since, timezone.utc).date()
        last = datetime.fromtimestamp(until, timezone.utc).date() + timedelta(days=1)
        for day in self._days(first, last):
            # A time that a zone leaves out is as far after midnight as ever; of one that it has twice it is the first.
            yield int(datetime.combine(day, at, zone).timestamp())

    def _days(self, first: date, last: date) -> Iterator[date]:
        if self.span == "monthly":
            month = first.replace(day=1)
            while month <= last:
                length = calendar.monthrange(month.year, month.month)[1]
                yield self._next_open(month.replace(day=min(self.day, length)))
                month += timedelta(days=length)
            return
        day = first
        while day <= last:
            if self.span == "weekly":
                if day.weekday() in self.weekdays:
                    yield self._next_without_holiday(day)
            elif self._is_open(day):
                yield day
            day += timedelta(days=1)

    def _next_open(self, day: date) -> date:
        while not self._is_open(day):
            day += timedelta(days=1)
        return day

    def _next_without_holiday(self, day: date) -> date:
        while day in self.holidays:
            day += timedelta(days=1)
        return day

    def _hours(self, zone: ZoneInfo, since: int, until: int) -> Iterator[int]:
        """Each hour that passes, so one that a zone has twice is there twice."""
        for hour in range(since - since % HOUR, until, HOUR):
            local = datetime.fromtimestamp(hour, zone)
            offset = local.utcoffset() or timedelta()
            due = hour + int(self.minute * MINUTE - offset.total_seconds()) % HOUR
            if self._is_open(datetime.fromtimestamp(due, zone).date()):
                yield due

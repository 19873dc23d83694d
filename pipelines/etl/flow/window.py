"""The days that flows are run for: from midnight to midnight, UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from etl_core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Window:
    """The changes of one day: `since` is in it, `until` is not."""

    day: date

    @property
    def since(self) -> datetime:
        """The aware moment of its beginning."""
        return datetime.combine(self.day, time(), timezone.utc)

    @property
    def until(self) -> datetime:
        """The aware moment of its end."""
        return self.since + timedelta(days=1)


def require_begun(day: date, now: datetime) -> None:
    """Refuse a day that has not begun.

    Raises:
        UsageError: nothing can have changed in it yet.
    """
    today = now.astimezone(timezone.utc).date()
    if day > today:
        raise UsageError(f"{day} has not begun (today is {today}, UTC); expected a day up to today")


def days_between(since: date, until: date) -> Iterator[date]:
    """Give the days from `since` on, before `until`.

    Raises:
        UsageError: there is none.
    """
    if since >= until:
        raise UsageError(f"no day is from {since} on and before {until}; expected --since before --until")
    day = since
    while day < until:
        yield day
        day += timedelta(days=1)

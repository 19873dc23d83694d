"""From when on the data of a file count: the start of the span that ends with its run's window."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta, timezone

_FIXED_SPANS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1)}


def range_lower_limit(span: str | None, run_date: date, run_hour: int) -> datetime | None:
    """The first moment the file covers, aware and in UTC; None when `span` names no known span.

    A run's window is one hour, and the span ends where the window ends: the daily file of 2026-01-04, hour 12,
    covers from 2026-01-03 13:00 up to 2026-01-04 13:00. A month back from a day its month does not have is that
    month's last day.

    Args:
        span: hourly, daily, weekly or monthly, in any case, as `monitoring_file.range` has it; a calendar may follow
            (`daily@09:00 mon-fri`).
        run_date: day of the window (UTC).
        run_hour: hour of the window, 0 to 23 (UTC).
    """
    name = (span or "").strip().lower().partition("@")[0]
    end = datetime.combine(run_date, time(run_hour), timezone.utc) + timedelta(hours=1)
    if name in _FIXED_SPANS:
        return end - _FIXED_SPANS[name]
    if name == "monthly":
        return _month_before(end)
    return None


def _month_before(moment: datetime) -> datetime:
    year, month = (moment.year, moment.month - 1) if moment.month > 1 else (moment.year - 1, 12)
    last_day = calendar.monthrange(year, month)[1]
    return moment.replace(year=year, month=month, day=min(moment.day, last_day))

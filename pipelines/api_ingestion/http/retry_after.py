"""How long an answer asks to wait: RFC 9110, 10.2.3, in seconds or as a date."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def date_of(headers: Mapping[str, str], name: str = "date") -> datetime | None:
    """A header's date, aware; None where it has none that can be read."""
    try:
        found = parsedate_to_datetime(headers[name])
    except (KeyError, ValueError, TypeError):
        return None
    return found if found.tzinfo is not None else None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, 0 for a moment that is over; None where the answer does not say, or not so that it can be read.

    A date is held against the application's own clock where the answer tells it, else against `now`.
    """
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told[:12])
    until = date_of(headers, "retry-after")
    if until is None:
        return None
    return max((until - (date_of(headers) or now)).total_seconds(), 0.0)

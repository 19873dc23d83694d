"""What people write on command lines for times, spans and choices, and what it means."""

from __future__ import annotations

import argparse
import re
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from etl_core.errors import UsageError

if TYPE_CHECKING:
    from dq.events.run_window import WindowSource

_SPAN = re.compile(r"(?P<number>[0-9]{1,9})(?P<unit>[smhd])")
#: So many digits are a number that the ledger can hold.
_MOST_DIGITS = 18
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


#: What every zone and every sum of days can say.
_FIRST_YEAR, _LAST_YEAR = 1970, 9998


def moment(text: str) -> datetime:
    """A date or a date and time; UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a date (2026-01-04) or time (2026-01-04T12:00:00Z)"
        ) from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        said = f"expected a year from {_FIRST_YEAR} to {_LAST_YEAR}"
        raise argparse.ArgumentTypeError(f"{text!r} is out of range; {said}")
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def day(text: str) -> date:
    """A date, or `yesterday` or `today` by UTC, for schedulers that know no dates."""
    today = datetime.now(timezone.utc).date()
    if text in ("today", "yesterday"):
        return today if text == "today" else today - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date (2026-01-04), nor yesterday or today") from None


def duration(text: str) -> timedelta:
    """A span of time: a number and its unit."""
    found = _SPAN.fullmatch(text)
    try:
        if found is not None:
            return timedelta(**{_UNITS[found["unit"]]: int(found["number"])})
    except OverflowError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a span of time such as 90s, 15m, 2h or 7d")


def plain_text(text: str) -> str:
    """A name; nothing at all would mean something else than what is not said."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; leave the option out where everything is meant")
    return text


def require_days(since: date | None, until: date | None) -> None:
    """Refuse days of which there are none: from one on, and before another that is not later."""
    if since is not None and until is not None and since >= until:
        raise UsageError(f"--since {since} is not before --until {until}, so that no run can be meant")


def object_number(text: str) -> int:
    """The number of an object in the inbox."""
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of an object, such as 17; `inbox list` shows them")
    return int(text)


def run_window(text: str) -> WindowSource:
    """Where runs get their date and hour from."""
    match text:
        case "key" | "last_modified":
            return text
        case _:
            raise argparse.ArgumentTypeError(f"{text!r} is neither key nor last_modified")

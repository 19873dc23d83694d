"""Calendars as they are written into `monitoring_file.range`: `daily@09:00 mon-fri Europe/Berlin except DE-BY`.

    range  = span [ "@" time ] { word }
    span   = hourly | daily | weekly | monthly
    time   = HH:MM, of an hourly file :MM
    word   = days     mon-fri, or mon,wed,fri; of a weekly file one day
           | day      of a monthly file: 1 to 31, or last
           | zone     as in Europe/Berlin, or UTC
           | +span    on time up to so long after, as in +30m, +2h, +1d
           | -span    on time from so long before
           | t+N      due N days after the date that a key names
           | except C{,C}   public holidays on which none is due: DE, or DE-BY for a part of a country

The words come in any order, each kind once; letters may be of either case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from operations.arrivals.due_calendar import DAY, EVERY_DAY, HOUR, LAST_DAY, MINUTE, SPANS, USUAL, DueCalendar, Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    #: The days that a code such as DE-BY stands for; ValueError says in a sentence that there is none.
    Holidays = Callable[[str], frozenset[date]]

FORM = "daily@09:00 mon-fri Europe/Berlin +1h except DE-BY"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST = 200
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}
_TIME = re.compile(r"(?:([01]\d|2[0-3])?:([0-5]\d))")
_SPAN = re.compile(r"([+-])(\d{1,4})([mhd])")
_DAY = re.compile(r"[1-9]|[12]\d|3[01]")
_DAYS = re.compile(rf"(?:{'|'.join(DAYS)})(?:[-,](?:{'|'.join(DAYS)}))*")
_KEY_DAYS = re.compile(r"t\+(\d{1,2})")
_COUNTRY = re.compile(r"[a-z]{2}(?:-[a-z0-9]{1,6})?")


class CalendarError(ValueError):
    """A range that cannot be read; the message says what is wrong and what is expected."""


@dataclass(frozen=True, slots=True)
class RangeText:
    """What a range says. Without a `calendar` it is a span alone, or nothing: when files are due has to be learned."""

    span: Span | None = None
    calendar: DueCalendar | None = None


@dataclass(slots=True)
class _Words:
    """What the words say, each kind once."""

    found: dict[str, object] = field(default_factory=dict)

    def say(self, kind: str, value: object, word: str) -> None:
        if kind in self.found:
            raise CalendarError(f"{word!r} names {kind} a second time; expected each once, as in {FORM}")
        self.found[kind] = value


def read_range(text: str | None, holidays: Holidays, zone: str = "UTC") -> RangeText:
    """What `monitoring_file.range` says.

    Args:
        text: as it stands there.
        holidays: gives the public holidays of a country or a part of one.
        zone: where the range names none.

    Raises:
        CalendarError: it cannot be read.
    """
    words = (text or "").split()
    if not words:
        return RangeText()
    if len(text or "") > _LONGEST:
        raise CalendarError(f"has {len(text or '')} characters; expected at most {_LONGEST}, as in {FORM}")
    first, at, when = words[0].lower().partition("@")
    span = next((one for one in SPANS if one == first), None)
    if span is None:
        raise CalendarError(f"begins with {words[0]!r}; expected {', '.join(SPANS)}, as in {FORM}")
    if not at:
        if len(words) > 1:
            raise CalendarError(f"{words[1]!r} goes with a time, and none is there; expected as in {FORM}")
        return RangeText(span)
    said = _said(words[1:], span)
    zone = str(said.found.get("a zone", zone))
    usual = USUAL[span]
    closed = frozenset[object]().union(*(_days_of(code, holidays) for code in _listed(said, "holidays")))
    days = said.found.get("days", EVERY_DAY)
    day = said.found.get("a day of the month", 1)
    made = DueCalendar(
        span,
        _minute(when, span),
        zone,
        weekdays=days if isinstance(days, frozenset) else EVERY_DAY,
        day=day if isinstance(day, int) else 1,
        early=_seconds(said, "how early", usual.early),
        grace=_seconds(said, "how late", usual.grace),
        holidays=closed,  # type: ignore[arg-type]  # dates
        key_days=_seconds(said, "days after the key", 0),
    )
    return RangeText(span, _fitting(made, said))


def _fitting(made: DueCalendar, said: _Words) -> DueCalendar:
    """Refuse what does not go with the span, and give a weekly file its day."""
    if made.span == "weekly":
        if "days" not in said.found:
            return replace(made, weekdays=frozenset({0}))
        if len(made.weekdays) != 1:
            raise CalendarError("names several days for a weekly file; expected one, as in weekly@09:00 mon")
    if made.span != "monthly" and "a day of the month" in said.found:
        raise CalendarError(f"names a day of the month for a {made.span} file; only monthly files have one")
    if max(made.early, made.grace) >= USUAL[made.span].length:
        raise CalendarError(f"is on time for longer than a {made.span} file takes to the next one; expected less")
    return made


def _said(words: list[str], span: Span) -> _Words:
    said = _Words()
    remaining = iter(words)
    for written_so in remaining:
        word = written_so.lower()
        if word == "except":
            codes = next(remaining, "").lower()
            if not codes or not all(_COUNTRY.fullmatch(code) for code in codes.split(",")):
                raise CalendarError(f"'except' is followed by {codes!r}; expected countries, as in except DE-BY,AT")
            said.say("holidays", tuple(codes.upper().split(",")), codes)
        elif match := _SPAN.fullmatch(word):
            kind = "how late" if match[1] == "+" else "how early"
            said.say(kind, int(match[2]) * _UNITS[match[3]], word)
        elif match := _KEY_DAYS.fullmatch(word):
            said.say("days after the key", int(match[1]), word)
        elif _DAYS.fullmatch(word):
            said.say("days", _weekdays(word), word)
        elif span == "monthly" and (word == "last" or _DAY.fullmatch(word)):
            said.say("a day of the month", LAST_DAY if word == "last" else int(word), word)
        else:
            said.say("a zone", _zone(word), word)
    return said


def _weekdays(word: str) -> frozenset[int]:
    days = set[int]()
    for part in word.split(","):
        first, _, last = part.partition("-")
        if "-" in last:
            raise CalendarError(f"{word!r} is no list of days; expected as in mon-fri or mon,wed,fri")
        start = DAYS.index(first)
        length = (DAYS.index(last or first) - start) % 7 + 1
        days |= {(start + one) % 7 for one in range(length)}
    return frozenset(days)


def _zone(word: str) -> str:
    """The name of a zone as its database spells it, found in letters of either case."""
    name = _zones().get(word)
    if name is None:
        raise CalendarError(f"{word!r} is no day, zone, span or 'except'; expected as in {FORM}")
    return name


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def _minute(when: str, span: Span) -> int:
    match = _TIME.fullmatch(when)
    if match is None or (match[1] is None) != (span == "hourly"):
        expected = ":MM, as in hourly@:15" if span == "hourly" else f"HH:MM, as in {span}@09:00"
        raise CalendarError(f"{when!r} is no time of a {span} file; expected {expected}")
    return int(match[1] or 0) * 60 + int(match[2])


def _seconds(said: _Words, kind: str, default: int) -> int:
    found = said.found.get(kind, default)
    return found if isinstance(found, int) else default


def _listed(said: _Words, kind: str) -> tuple[str, ...]:
    found = said.found.get(kind, ())
    return found if isinstance(found, tuple) else ()


def _days_of(code: str, holidays: Holidays) -> frozenset[date]:
    try:
        return holidays(code)
    except ValueError as error:
        raise CalendarError(str(error)) from None


def written(made: DueCalendar, holidays: tuple[str, ...] = ()) -> str:
    """A calendar as it is written; reading it gives it back."""
    hours = f"{made.minute // 60:02d}" if made.span != "hourly" else ""
    parts = [f"{made.span}@{hours}:{made.minute % 60:02d}"]
    if made.span == "monthly":
        parts.append("last" if made.day == LAST_DAY else str(made.day))
    if made.weekdays != EVERY_DAY:
        parts.append(",".join(DAYS[day] for day in sorted(made.weekdays)))
    parts.append(made.zone)
    usual = USUAL[made.span]
    for sign, seconds, default in (("-", made.early, usual.early), ("+", made.grace, usual.grace)):
        if seconds != default:
            parts.append(f"{sign}{seconds // MINUTE}m")
    if made.key_days:
        parts.append(f"t+{made.key_days}")
    if holidays:
        parts.append(f"except {','.join(holidays)}")
    return " ".join(parts)

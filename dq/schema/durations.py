"""Spans of time: the texts that are one, and how they are written.

A text is `H+:MM:SS[.f]`, hours without an end, or ISO 8601 with the parts whose length is fixed: `P2W`, or days, hours,
minutes and seconds (`P3DT2H`, `PT1H30M`, `PT0.5S`). Years and months have no fixed length and are no durations; only
seconds have a fraction, of at most nine digits. One sign may stand before all of it. As xsd:dayTimeDuration (XML Schema
1.1), and weeks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: What is counted: within so many microseconds, 292,471 years, as of Spark's and SQL's intervals of days.
_MOST_MICROSECONDS: Final = 2**63 - 1

CLOCK_PATTERN: Final = r"[0-9]+:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
_DURATION: Final = re.compile(
    r"(?P<sign>[+-]?)(?:"
    r"(?P<clock>[0-9]+):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9])(?:\.(?P<part>[0-9]{1,9}))?"
    r"|P(?P<weeks>[0-9]+)W"
    r"|P(?=.)(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?=.)(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+)(?:\.(?P<rest>[0-9]{1,9}))?S)?)?)"
)
_SECONDS: Final = {
    "clock": 3600, "minute": 60, "second": 1, "weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60,
    "seconds": 1,
}  # fmt: skip
_PER_SECOND: Final = 1_000_000_000
_NANOSECOND_DIGITS: Final = 9
#: More digits than the longest duration has in any unit, zeros before them apart.
_MOST_DIGITS: Final = 20


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time in whole nanoseconds; less than nothing where it is negative."""

    nanoseconds: int

    def __str__(self) -> str:
        """Write it as `H:MM:SS`, a fraction of six or nine digits where there is one: `42:00:00`."""
        seconds, fraction = divmod(abs(self.nanoseconds), _PER_SECOND)
        text = f"{'-' if self.nanoseconds < 0 else ''}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return text if not fraction else f"{text}.{fraction:09}".removesuffix("000")


def read_duration(text: str) -> Duration | None:
    """Read a duration; None where the text is none, or one too long to be counted."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    parts = match.groupdict()
    seconds = 0
    for name, length in _SECONDS.items():
        digits = (parts[name] or "").lstrip("0")
        if len(digits) > _MOST_DIGITS:
            return None
        seconds += int(digits or "0") * length
    fraction = parts["part"] or parts["rest"] or ""
    nanoseconds = seconds * _PER_SECOND + int(fraction.ljust(_NANOSECOND_DIGITS, "0"))
    return counted(-nanoseconds if parts["sign"] == "-" else nanoseconds)


def counted(nanoseconds: int) -> Duration | None:
    """Give a duration, None where it is too long to be counted."""
    return Duration(nanoseconds) if -_MOST_MICROSECONDS <= nanoseconds // 1000 <= _MOST_MICROSECONDS else None

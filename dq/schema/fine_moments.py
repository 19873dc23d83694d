"""Datetimes and times finer than the microseconds that Python's own have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TypeVar

_Moment = TypeVar("_Moment", datetime, time)


@dataclass(frozen=True, slots=True)
class FineMoment:
    """A datetime or time of day, and 1 to 999 nanoseconds beyond its microseconds.

    Without such nanoseconds a value is Python's own datetime or time; both kinds compare with each other.
    """

    moment: datetime | time
    nanoseconds: int

    def isoformat(self) -> str:
        """Write it in ISO form, with nine digits of a second."""
        return f"{self.moment.isoformat(timespec='microseconds')}{self.nanoseconds:03}"

    def __str__(self) -> str:
        """Write it as Python writes its own: what messages show."""
        return self.isoformat().replace("T", " ")

    def __lt__(self, other: FineMoment | datetime | time) -> bool:
        """Tell whether it is before another, fine or not."""
        return _order_of(self) < _order_of(other)

    def __gt__(self, other: FineMoment | datetime | time) -> bool:
        """Tell whether it is behind another, fine or not."""
        return _order_of(self) > _order_of(other)


def _order_of(value: FineMoment | datetime | time) -> tuple[datetime | time, int]:
    return (value.moment, value.nanoseconds) if isinstance(value, FineMoment) else (value, 0)


def fine(moment: _Moment, nanoseconds: int) -> FineMoment | _Moment:
    """Give a moment and the nanoseconds beyond it (0 to 999) as one value."""
    return FineMoment(moment, nanoseconds) if nanoseconds else moment

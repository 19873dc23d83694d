"""When a file is due that nobody gave a time: the usual one, learned from when it came.

Learned is the time of day at which the first file of a day comes, as the circular median of those times, and how much
it varies: the tolerance is twice the deviation that nine days in ten keep. A weekday counts where the file came on
four in five of them. What varies by more than `MOST_SPREAD`, or came too seldom, is not judged, and the reason says
so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from operations.arrivals.due_calendar import DAY, EVERY_DAY, HOUR, MINUTE, DueCalendar, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: Arrivals that a usual time is learned from, at least: days, weeks, hours.
FEWEST = {"hourly": 48, "daily": 10, "weekly": 6, "monthly": 0}
#: Shares of the weekdays, or hours, on which a file came that make them usual.
USUAL_SHARE = 0.8
#: Seconds by which a time of day may vary and still be one; of an hourly file, a time within the hour.
MOST_SPREAD = {"hourly": 20 * MINUTE, "daily": 6 * HOUR, "weekly": 10 * HOUR}
LEAST_TOLERANCE = {"hourly": 10 * MINUTE, "daily": HOUR, "weekly": 2 * HOUR}
_STEP = {"hourly": MINUTE, "daily": 5 * MINUTE, "weekly": 15 * MINUTE}
#: Files of one delivery: what comes within so many seconds is one arrival.
_TOGETHER = 10 * MINUTE
#: No zone changes its clocks but at a full quarter of an hour, UTC.
_QUARTER = 15 * MINUTE
#: The weekday of 1 January 1970; Monday is 0.
_THURSDAY = 3
_SPAN_OF_GAPS: tuple[tuple[Span, float, float], ...] = (
    ("hourly", 0.5 * HOUR, 1.5 * HOUR),
    ("daily", 0.5 * DAY, 1.6 * DAY),
    ("weekly", 5.5 * DAY, 8.5 * DAY),
)


@dataclass(frozen=True, slots=True)
class NotLearned:
    """Why there is no usual time, as a sentence."""

    reason: str


class Offsets:
    """How far the clocks of a zone are ahead of UTC, by the hour; each is looked up once."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._place, self._known = ZoneInfo(zone), dict[int, int]()

    def local(self, moment: int) -> int:
        """What the clocks show at a moment: seconds since 1970, as if that were UTC."""
        quarter = moment // _QUARTER
        offset = self._known.get(quarter)
        if offset is None:
            found = datetime.fromtimestamp(quarter * _QUARTER, self._place).utcoffset()
            offset = self._known[quarter] = 0 if found is None else int(found.total_seconds())
        return moment + offset


def learn(arrivals: Sequence[int], span: Span | None, offsets: Offsets) -> DueCalendar | NotLearned:
    """The usual time of a file.

    Args:
        arrivals: when it came, seconds since 1970 in ascending order.
        span: how often it is due, where that is known.
        offsets: of the zone in which a day begins and ends, and times of day are usual.
    """
    came = _deliveries(arrivals)
    span = span or _span(came)
    if span == "monthly":
        return NotLearned("a day of the month is not learned; write one, as in monthly@09:00 1")
    if span is None:
        return NotLearned(f"{len(came)} arrivals show no rhythm of hours, days or weeks; write one, as in daily@09:00")
    length, step = HOUR if span == "hourly" else DAY, _STEP[span]
    local = list(map(offsets.local, came))
    # A day begins half a day before the usual time: what comes around midnight is of one night.
    begins = (_rounded(_circular_median([one % length for one in local], length)[0], step) - length // 2) % length
    firsts = dict[int, int]()
    for one in local:
        firsts.setdefault((one - begins) // length, one)
    if len(firsts) < FEWEST[span]:
        unit = "hours" if span == "hourly" else "days"
        return NotLearned(f"came on {len(firsts)} {unit} so far; a usual time is learned from {FEWEST[span]}")
    # The day on which it is due, which the middle of its span is of.
    weekdays = _weekdays({(at * length + begins + length // 2) // DAY for at in firsts}, span)
    if not weekdays:
        return NotLearned("comes on no day of the week regularly; write its days, as in daily@09:00 mon-fri")
    usual, spread = _circular_median([one % length for one in firsts.values()], length)
    if spread > MOST_SPREAD[span]:
        return NotLearned(f"its time varies by {spread // MINUTE} minutes; write one, as in {span}@09:00")
    at = _rounded(usual, step) % length
    tolerance = max(LEAST_TOLERANCE[span], 2 * spread)
    tolerance = min(-(-tolerance // step) * step, MOST_SPREAD[span])
    return DueCalendar(span, at // MINUTE, offsets.zone, weekdays, early=tolerance, grace=tolerance)


def _rounded(time: int, step: int) -> int:
    return (time + step // 2) // step * step


def _deliveries(arrivals: Sequence[int]) -> list[int]:
    came, last = list[int](), -_TOGETHER - 1
    for one in arrivals:
        if one - last > _TOGETHER:
            came.append(one)
            last = one
    return came


def _span(came: Sequence[int]) -> Span | None:
    gaps = [later - one for one, later in pairwise(came)]
    if not gaps:
        return None
    usual = median(gaps)
    return next((span for span, least, most in _SPAN_OF_GAPS if least <= usual <= most), None)


def _weekdays(days: Collection[int], span: Span) -> frozenset[int]:
    """The weekdays on which it usually came, of those that passed between the first and the last day (since 1970)."""
    came = Counter((day + _THURSDAY) % 7 for day in days)
    weeks, more = divmod(max(days) - min(days) + 1, 7)
    first = (min(days) + _THURSDAY) % 7
    passed = {day: weeks + ((day - first) % 7 < more) for day in EVERY_DAY}
    usual = frozenset(day for day in EVERY_DAY if came[day] >= max(2, USUAL_SHARE * passed[day]))
    if span == "weekly":
        return usual if len(usual) == 1 else frozenset()
    return usual


def _circular_median(times: Sequence[int], length: int) -> tuple[int, int]:
    """The time that is nearest to all others on a clock of `length` seconds, and the distance that 90 % keep to it.

    The clock is cut where the longest gap without any time is, so that one around midnight stays together.
    """
    ordered = sorted(times)
    gaps = [(after - one) % length for one, after in zip(ordered, [*ordered[1:], ordered[0] + length], strict=True)]
    cut = ordered[(gaps.index(max(gaps)) + 1) % len(ordered)]
    shifted = sorted((one - cut) % length for one in ordered)
    middle = int(median(shifted))
    distances = sorted(abs(one - middle) for one in shifted)
    return (middle + cut) % length, distances[int(0.9 * (len(distances) - 1))]

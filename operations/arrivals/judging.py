"""What became of each window of a file: on time, early, late, missing, or not judged yet."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from operations.arrivals.due_calendar import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: `pending`: nothing came, and it is not too late for it.
State: TypeAlias = Literal["on_time", "early", "late", "missing", "pending"]
STATES: tuple[State, ...] = ("on_time", "early", "late", "missing", "pending")


class Expected(Protocol):
    """A window, or a row that tells of one; seconds since 1970."""

    @property
    def start(self) -> int:
        """From when on arrivals are of this one."""

    @property
    def on_time_from(self) -> int:
        """What comes before is early."""

    @property
    def due(self) -> int:
        """When it is due."""

    @property
    def late_after(self) -> int:
        """What comes later is late."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When versions of a file came.

    Attributes:
        times: in seconds since 1970, in ascending order.
        named: by the place of an arrival in `times`, where its key names another window than the one in which it came:
            that is the first one due from this moment on.
    """

    times: Sequence[int] = ()
    named: Mapping[int, int] = field(default_factory=dict)

    def with_more(self, times: Sequence[int]) -> Arrivals:
        """These and others whose keys name no other window."""
        own = [(time, self.named.get(place)) for place, time in enumerate(self.times)]
        together = sorted([*own, *((one, None) for one in times)], key=itemgetter(0))
        named = {place: name for place, (_, name) in enumerate(together) if name is not None}
        return Arrivals([time for time, _ in together], named)


class Judged(NamedTuple):
    """What became of a window.

    `arrived` is the first arrival. Of those that came after it `duplicates` came on days on which the file is due, and
    `unexpected` on other days.
    """

    state: State
    arrived: int | None = None
    duplicates: int = 0
    unexpected: int = 0


_PENDING, _MISSING = Judged("pending"), Judged("missing")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of the windows of one file, in their order; how many arrivals came `before` the first of them."""

    windows: Sequence[Judged]
    before: int = 0


def judge(
    windows: Sequence[Expected],
    arrivals: Arrivals,
    at: int,
    is_due_on: Callable[[int], bool] = lambda _moment: True,
    *,
    length: int = DAY,
) -> Judgement:
    """Say of each window what became of it as of a moment.

    Args:
        windows: in their order; none begins after `at`.
        arrivals: of the file.
        at: seconds since 1970; what came later is not known yet.
        is_due_on: whether the day of a moment is one on which the file is due.
        length: seconds from one window to the next, about: what names a window so long before the first is before it.
    """
    known = bisect_right(arrivals.times, at)
    times = arrivals.times[:known]
    came = _by_window(windows, times, arrivals.named, length)
    judged, seen = list[Judged](), len(came.get(-1, ()))
    for place, window in enumerate(windows):
        own = came.get(place)
        if own is None:
            judged.append(_MISSING if at > window.late_after else _PENDING)
            continue
        first, late_after = own[0], window.late_after
        state: State = "late" if first > late_after else "early" if first < window.on_time_from else "on_time"
        seen += 1
        if len(own) == 1:
            judged.append(Judged(state, first))
        else:
            unexpected = sum(one > late_after and not is_due_on(one) for one in own[1:])
            seen += len(own) - 1
            judged.append(Judged(state, first, len(own) - 1 - unexpected, unexpected))
    if seen != known:
        raise AssertionError(f"arrivals were lost: {known} came, {seen} are in a window or before the first")
    return Judgement(judged, len(came.get(-1, ())))


def _by_window(
    windows: Sequence[Expected], times: Sequence[int], named: Mapping[int, int], length: int
) -> dict[int, list[int]]:
    """The arrivals of each window, by its place; -1 stands for those before the first."""
    starts = [one.start for one in windows]
    came: dict[int, list[int]] = {}
    for number, time in enumerate(times):
        place = bisect_right(starts, time) - 1
        if number in named:
            place = _place_of(windows, named[number], place, length)
        own = came.get(place)
        if own is None:
            came[place] = [time]
        else:
            own.append(time)
    return came


def _place_of(windows: Sequence[Expected], named: int, otherwise: int, length: int) -> int:
    """The window that a key names; where that is not open yet, the one in which it came."""
    dues = [one.due for one in windows]
    place = bisect_left(dues, named)
    if place == 0 and dues and named <= dues[0] - length:
        return -1
    return otherwise if place == len(dues) else place

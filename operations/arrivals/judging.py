"""What became of each window of a file: on time, early, late, missing, or not judged yet."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from operations.arrivals.due_calendar import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from operations.arrivals.due_calendar import Window

#: `pending`: nothing came, and it is not too late for it.
State: TypeAlias = Literal["on_time", "early", "late", "missing", "pending"]
STATES: tuple[State, ...] = ("on_time", "early", "late", "missing", "pending")


class Arrival(NamedTuple):
    """When a version of a file came, in seconds since 1970.

    `named` where its key names another window: the first one due from then on.
    """

    at: int
    named: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A window and what became of it.

    `arrived` is the first arrival. Of those that came after it `duplicates` came on days on which the file is due, and
    `unexpected` on other days.
    """

    window: Window
    state: State
    arrived: int | None = None
    duplicates: int = 0
    unexpected: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """The windows of one file, in their order, and how many arrivals came `before` the first of them."""

    windows: tuple[Judged, ...]
    before: int = 0


def judge(
    windows: Sequence[Window],
    arrivals: Sequence[Arrival],
    at: int,
    is_due_on: Callable[[int], bool] = lambda _moment: True,
    *,
    length: int = DAY,
) -> Judgement:
    """Say of each window what became of it as of a moment.

    Args:
        windows: in their order; none begins after `at`.
        arrivals: in the order of time.
        at: seconds since 1970; what came later is not known yet.
        is_due_on: whether the day of a moment is one on which the file is due.
        length: seconds from one window to the next, about: what names a window so long before the first is before it.
    """
    starts, dues = [one.start for one in windows], [one.due for one in windows]
    came: dict[int, list[int]] = {}
    known = before = 0
    for arrival in arrivals:
        if arrival.at > at:
            break
        known += 1
        place = len(dues) if arrival.named is None else bisect_left(dues, arrival.named)
        if place == 0 and arrival.named is not None and arrival.named <= dues[0] - length:
            place = -1
        if place == len(dues):  # none that it names is open yet
            place = bisect_right(starts, arrival.at) - 1
        if place < 0:
            before += 1
        else:
            came.setdefault(place, []).append(arrival.at)
    judged = tuple(_judged(window, came.get(place, ()), at, is_due_on) for place, window in enumerate(windows))
    seen = before + sum((one.arrived is not None) + one.duplicates + one.unexpected for one in judged)
    if seen != known:
        raise AssertionError(f"arrivals were lost: {known} came, {seen} are in a window or before the first")
    return Judgement(judged, before)


def _judged(window: Window, came: Sequence[int], at: int, is_due_on: Callable[[int], bool]) -> Judged:
    if not came:
        return Judged(window, "missing" if at > window.late_after else "pending")
    first = came[0]
    state: State = "late" if first > window.late_after else "early" if first < window.on_time_from else "on_time"
    if len(came) == 1:
        return Judged(window, state, first)
    unexpected = sum(one > window.late_after and not is_due_on(one) for one in came[1:])
    return Judged(window, state, first, len(came) - 1 - unexpected, unexpected)

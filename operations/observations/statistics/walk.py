"""Series walked through from some place on: each value beside what was accepted before it.

What is unusual stays out of the baseline, until so many unusual values in a row lay on one side: then they are a new
level, and all of them are accepted, as a stretch of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from operations.observations.statistics.expectation import Baselines, Bools, Ints, expect
from operations.observations.statistics.scales import Floats

States = npt.NDArray[np.int8]


class Judged(IntEnum):
    """What became of one value."""

    NONE = 0
    UNJUDGED = 1
    NORMAL = 2
    LOW = 3
    HIGH = 4
    #: Was LOW or HIGH, and is the first of a new level, or another of it.
    NEW_LEVEL = 5
    ON_NEW_LEVEL = 6


_ACCEPTED = (Judged.UNJUDGED, Judged.NORMAL, Judged.NEW_LEVEL, Judged.ON_NEW_LEVEL)


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """How each of the series is judged.

    Attributes:
        risk: of one test, the probability of calling a usual value unusual.
        is_count: the noise of counting applies.
        side: 0 both, -1 only what is too low, 1 only what is too high.
        hold: so many unusual values in a row, all on one side, are a new level.
        width: values of a baseline at most.
    """

    risk: Floats
    is_count: Bools
    side: Ints
    hold: Ints
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """(series, length) each. `states` has what was given where nothing was judged; the others NaN or -1 there.

    `why_not` is a place in `expectation.REASONS`; `deviations` are distances from the middle in half widths.
    """

    states: States
    low: Floats
    high: Floats
    deviations: Floats
    unusual: Bools
    why_not: Ints


def walk(
    values: Floats, seasons: Ints, states: States, first: Ints, rules: Rules, floor: Floats, least: Floats | None = None
) -> Walked:
    """Judge the values of each series from its place `first` on.

    Args:
        values: (series, length), right-aligned, oldest first; NaN where there is none.
        seasons: (series, length).
        states: what became of the values before `first`.
        first: for each series; its length where nothing is to be judged.
        rules: of each series.
        floor: (series, length): the deviation a value has by itself.
        least: (series, length): a value below is never too high, whatever is expected (-inf where anything may be).
    """
    length = values.shape[1]
    states = np.array(states, np.int8)
    unknown = np.full(values.shape, np.nan)
    low, high, deviations = unknown, unknown.copy(), unknown.copy()
    unusual = np.zeros(values.shape, np.bool_)
    why_not = np.full(values.shape, -1, np.int64)
    for at in range(int(first.min(initial=length)), length):
        due = np.flatnonzero(first <= at)
        states[due, at] = Judged.NONE
        due = due[np.isfinite(values[due, at])]
        if not len(due):
            continue
        found = expect(
            _baselines(values, seasons, states, due, at, rules.width),
            seasons[due, at],
            rules.risk[due],
            floor[due, at],
            rules.is_count[due],
        )
        off = values[due, at] - found.middle
        is_judged, side = found.why_not == 0, rules.side[due]
        too_low = is_judged & (off < -found.half) & (side <= 0)
        too_high = is_judged & (off > found.half) & (side >= 0)
        top = found.middle + found.half
        if least is not None:
            too_high &= values[due, at] > least[due, at]
            top = np.maximum(top, least[due, at])
        state = np.where(is_judged, Judged.NORMAL, Judged.UNJUDGED)
        states[due, at] = np.where(too_low, Judged.LOW, np.where(too_high, Judged.HIGH, state))
        low[due, at] = np.where(is_judged, np.where(side <= 0, found.middle - found.half, -np.inf), np.nan)
        high[due, at] = np.where(is_judged, np.where(side >= 0, top, np.inf), np.nan)
        deviations[due, at] = np.where(is_judged, off / np.maximum(top - found.middle, 1e-300), np.nan)
        unusual[due, at] = too_low | too_high
        why_not[due, at] = found.why_not
        _accept_levels(states, values, due[too_low | too_high], at, rules.hold)
    return Walked(states, low, high, deviations, unusual, why_not)


def rewalked_from(states: States, at: int) -> int:
    """From where the states of one series have to be told again when the value at `at` is another.

    A new level was accepted by values up to it: these are judged again as well.
    """
    while at > 0 and states[at - 1] > Judged.NORMAL:
        at -= 1
    return at


def _baselines(values: Floats, seasons: Ints, states: States, due: Ints, at: int, width: int) -> Baselines:
    """The accepted values before `at`, the last `width` of them, right-aligned."""
    before = states[due, :at]
    accepted = np.isin(before, _ACCEPTED)
    stretches = np.cumsum(before == Judged.NEW_LEVEL, axis=1)
    # Stable and of few different values: those that are left out go to the left, the others keep their order.
    order = np.argsort(accepted, axis=1, kind="stable")[:, -width:]
    kept = np.take_along_axis(accepted, order, 1)
    found = np.where(kept, np.take_along_axis(values[due, :at], order, 1), np.nan)
    if not found.shape[1]:
        empty = np.zeros((len(due), 1), np.int64)
        return Baselines(np.full((len(due), 1), np.nan), empty, empty)
    return Baselines(
        found,
        np.take_along_axis(seasons[due, :at], order, 1),
        np.where(kept, np.take_along_axis(stretches, order, 1), -1),
    )


def _accept_levels(states: States, values: Floats, flagged: Ints, at: int, hold: Ints) -> None:
    """Accept the last `hold` values of a series, where all of them lay on the side of the newest one."""
    for one in flagged:
        side, places = states[one, at], []
        for place in range(at, -1, -1):
            if not np.isfinite(values[one, place]):
                continue
            if states[one, place] != side:
                break
            places.append(place)
            if len(places) == hold[one]:
                break
        if len(places) == hold[one]:
            states[one, places] = Judged.ON_NEW_LEVEL
            states[one, places[-1]] = Judged.NEW_LEVEL

"""What the next value of a series is expected to be, from the ones before it; many series at once.

1. The level of each stretch between level shifts is taken out (its median).
2. The season's effect is taken out: the median of the other values of the same weekday, so that a value is never in its
   own baseline. Only from `SEASON_FROM` values on; before that the season is part of the noise.
3. The local level is taken out: the mean of the last `LOCAL` values. Trends become a constant.
4. What is left are residuals as a forecaster would have had them, pooled over all seasons. Their median corrects the
   forecast, their spread says how far a value may be off:
   - of counts each residual is taken in units of what counting, and whatever more there is, makes it deviate: nights of
     an hourly file do not speak for its days,
   - the median absolute deviation, as a normal deviation, times a quantile of Student's t with the degrees of freedom
     that such a deviation of n values is worth (its efficiency is 37 %; Rousseeuw and Croux 1993),
   - the floor (what counting alone, or the error of a figure, gives) times the normal quantile,
   - and, for heavy tails, the second largest residual x there was, times `(2 / ((n + 1) risk)) ** (1/3)`: beyond x are
     2 of n + 1 values on average, whatever the distribution, and further out the tail is taken to fall with the third
     power, as Student's t with 3 degrees of freedom does. Lighter tails have fewer false alarms than the budget.
   The largest of the three is the half width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from operations.observations.statistics.scales import Floats, counting_noise

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Values without which nothing is said, and from which on seasons are.
FEWEST, SEASON_FROM = 8, 28
#: Values of the same season before it without which nothing is said of a value.
_FEWEST_OF_SEASON = 3
#: The local level is the mean of so many values; a residual needs so many before it.
LOCAL, _FEWEST_LOCAL = 14, 4
#: The heaviest tail that keeps the budget: the probability falls with this power.
_TAIL_POWER = 3.0
_MAD_TO_DEVIATION, _MAD_EFFICIENCY = 1.4826, 0.37
#: Tails are light where so few of the residuals lie beyond so many deviations: 0.3 % of a normal distribution do, 4 %
#: of Student's t with 3 degrees of freedom. So many residuals are needed to tell.
_LIGHT_SHARE, _LIGHT_BEYOND, _LIGHT_FROM, _LIGHT_POWER = 0.007, 3.0, 120, 6.0

#: Why nothing can be said of a value: the places of `Expectation.why_not`.
REASONS = ("", "too few", "season")


@dataclass(frozen=True, slots=True, eq=False)
class Baselines:
    """Accepted values of series, oldest first, right-aligned in rows that NaN fills up at the left.

    Attributes:
        values: (series, width), on a scale of `scales`.
        seasons: (series, width), which season each value is of; any small numbers.
        stretches: (series, width), the number of the stretch between level shifts, ascending to the right.
    """

    values: Floats
    seasons: Ints
    stretches: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """For each series: the middle and half width of what is expected, or why there is none (a place in `REASONS`)."""

    middle: Floats
    half: Floats
    why_not: Ints


def expect(baselines: Baselines, seasons: Ints, risk: Floats, floor: Floats, is_count: Bools) -> Expectation:
    """Say what the next value of each series should be.

    Args:
        baselines: the values before it.
        seasons: of the next values.
        risk: the probability of calling a usual one unusual, for each series.
        floor: the deviation that the figure has by itself, for each series.
        is_count: of these series the noise of counting is a floor, too.
    """
    known = np.isfinite(baselines.values)
    have = known.sum(axis=1)
    seasonal = (have >= SEASON_FROM) & (_varies(baselines.seasons, known))
    levelled, last_level = _without_levels(baselines)
    effect, other, of_season = _seasons(levelled, np.where(known, baselines.seasons, -1), seasons, seasonal)
    deseasoned = levelled - other
    residuals, local = _residuals(deseasoned, baselines.stretches)
    pooled = np.isfinite(residuals).sum(axis=1)
    ordered = np.sort(residuals, axis=1)
    centre = _median(ordered, pooled)
    middle = last_level + effect + local + centre
    noise = np.where(is_count, np.maximum(counting_noise(middle), floor), floor)
    off = np.abs(residuals - centre[:, None])
    usual, usual_next = np.ones((len(off), 1)), np.ones(len(off))
    if is_count.any():
        usual, usual_next = _counting_deviations(baselines.values - residuals, off, noise, is_count)
    far = np.sort(off / usual, axis=1)
    deviation = _MAD_TO_DEVIATION * _median(far, pooled) * _small_sample(pooled)
    worth = np.maximum(2.0, _MAD_EFFICIENCY * pooled)
    half = deviation * stdtrit(worth, 1.0 - risk / 2.0)
    rank = np.where(pooled >= SEASON_FROM, 2, 1)
    outside = (far > _LIGHT_BEYOND * deviation[:, None]).sum(axis=1)
    is_light = (pooled >= _LIGHT_FROM) & (outside <= _LIGHT_SHARE * pooled)
    power = np.where(is_light, _LIGHT_POWER, _TAIL_POWER)
    beyond = np.maximum((rank / ((pooled + 1.0) * risk)) ** (1.0 / power), 1.0)
    half = np.maximum(half, beyond * _at(far, pooled - rank)) * usual_next
    half = np.maximum(half, noise * ndtri(1.0 - risk / 2.0))
    why_not = np.where((have < FEWEST) | (pooled < _FEWEST_LOCAL), 1, 0)
    why_not = np.where((why_not == 0) & seasonal & (of_season < _FEWEST_OF_SEASON), 2, why_not)
    return Expectation(middle, half, why_not)


def _counting_deviations(middles: Floats, off: Floats, noise: Floats, is_count: Bools) -> tuple[Floats, Floats]:
    """What each residual of counts deviates by as a rule, and the next value: small counts by more than large ones.

    The variance is that of counting about what was expected, and as much more, the same for all, as the residuals have.
    """
    usual, following = np.ones(off.shape), np.ones(len(off))
    counted = np.where(np.isfinite(off[is_count]), counting_noise(middles[is_count]), np.nan) ** 2
    have = np.isfinite(counted).sum(axis=1)
    spread = _MAD_TO_DEVIATION * _median(np.sort(off[is_count], axis=1), have)
    mean = np.nansum(counted, axis=1) / np.maximum(have, 1)
    more = np.nan_to_num(np.maximum(spread**2 - mean, 0.0))
    usual[is_count] = np.sqrt(counted + more[:, None])
    following[is_count] = np.sqrt(noise[is_count] ** 2 + more)
    return usual, following


def _varies(seasons: Ints, known: Bools) -> Bools:
    least = np.where(known, seasons, np.iinfo(np.int64).max).min(axis=1, initial=np.iinfo(np.int64).max)
    most = np.where(known, seasons, -1).max(axis=1, initial=-1)
    return np.asarray(most > least)


def _without_levels(baselines: Baselines) -> tuple[Floats, Floats]:
    """Take out the median of each stretch; also that of the last one."""
    values, stretches = baselines.values, baselines.stretches
    last = stretches[:, -1]
    levels = np.zeros_like(values)
    final = np.zeros(len(values))
    rows = np.arange(len(values))
    back = 0
    while len(rows):
        of = stretches[rows] == (last[rows] - back)[:, None]
        kept = np.sort(np.where(of, values[rows], np.nan), axis=1)
        middle = _median(kept, np.isfinite(kept).sum(axis=1))
        levels[rows] = np.where(of, middle[:, None], levels[rows])
        if back == 0:
            final = np.nan_to_num(middle)
        back += 1
        earlier = np.isfinite(values[rows]) & (stretches[rows] <= (last[rows] - back)[:, None])
        rows = rows[earlier.any(axis=1)]
    return values - levels, final


def _seasons(values: Floats, seasons: Ints, wanted: Ints, seasonal: Bools) -> tuple[Floats, Floats, Ints]:
    """The effect of the wanted season; of each value that of its season without itself; values of the wanted season."""
    effect, others = np.zeros(len(values)), np.zeros_like(values)
    counted = np.full(len(values), np.iinfo(np.int64).max)
    if not seasonal.any():
        return effect, others, counted
    chosen = np.flatnonzero(seasonal)
    v, width = values[chosen], values.shape[1]
    s = np.where(seasons[chosen] < 0, np.iinfo(np.int16).max, seasons[chosen]).astype(np.int16)
    order = np.argsort(v, axis=1)
    # Stable, so that within a season values stay ascending; of 16-bit integers it is a radix sort.
    order = np.take_along_axis(order, np.argsort(np.take_along_axis(s, order, 1), axis=1, kind="stable"), 1)
    v, s = np.take_along_axis(v, order, 1), np.take_along_axis(s, order, 1)
    place = np.broadcast_to(np.arange(width), v.shape)
    begins = np.ones(v.shape, np.bool_)
    begins[:, 1:] = s[:, 1:] != s[:, :-1]
    start = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    ends = np.ones(v.shape, np.bool_)
    ends[:, :-1] = begins[:, 1:]
    end = np.minimum.accumulate(np.where(ends, place, width)[:, ::-1], axis=1)[:, ::-1]
    size, rank = end - start + 1, place - start
    low, high = np.maximum(size - 2, 0) // 2, np.maximum(size - 1, 0) // 2
    without = _of(v, start + low + (low >= rank), start + high + (high >= rank))
    without = np.where(size > 1, without, np.nan)
    scattered = np.empty_like(v)
    np.put_along_axis(scattered, order, without, axis=1)
    others[chosen] = scattered
    mine = s == wanted[chosen, None]
    there = mine.sum(axis=1)
    first = mine.argmax(axis=1)
    low, high = first + np.maximum(there - 1, 0) // 2, first + there // 2
    middle = _of(v, low[:, None], high[:, None])[:, 0]
    effect[chosen] = np.where(there > 0, middle, 0.0)
    counted[chosen] = there
    return effect, others, counted


def _of(values: Floats, low: Ints, high: Ints) -> Floats:
    most = values.shape[1] - 1
    one = np.take_along_axis(values, np.minimum(low, most), 1)
    other = np.take_along_axis(values, np.minimum(high, most), 1)
    return np.asarray((one + other) / 2.0)


def _residuals(values: Floats, stretches: Ints) -> tuple[Floats, Floats]:
    """What each value differs from the mean of those before it in its stretch; and that mean for the next value."""
    known = np.isfinite(values)
    length, width = values.shape
    total, seen = np.zeros((length, width + 1)), np.zeros((length, width + 1))
    np.cumsum(np.where(known, values, 0.0), axis=1, out=total[:, 1:])
    np.cumsum(known, axis=1, out=seen[:, 1:])
    place = np.broadcast_to(np.arange(width + 1), total.shape)
    begins = np.zeros(total.shape, np.bool_)
    begins[:, 1:width] = stretches[:, 1:] != stretches[:, :-1]
    since = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    since = np.maximum(since, place - LOCAL)
    since = np.maximum(since, 0)
    summed = total - np.take_along_axis(total, since, 1)
    counted = seen - np.take_along_axis(seen, since, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        local = np.where(counted > 0, summed / counted, 0.0)
    residuals = np.where(counted[:, :-1] >= _FEWEST_LOCAL, values - local[:, :-1], np.nan)
    return residuals, local[:, -1]


def _median(ordered: Floats, count: Ints) -> Floats:
    """The medians of rows that are sorted with their NaN last; NaN of rows without a value."""
    return np.asarray((_at(ordered, (count - 1) // 2) + _at(ordered, count // 2)) / 2.0)


def _at(ordered: Floats, place: Ints) -> Floats:
    inside = np.clip(place, 0, ordered.shape[1] - 1)
    return np.asarray(np.take_along_axis(ordered, inside[:, None], 1)[:, 0])


def _small_sample(count: Ints) -> Floats:
    """The factor that makes the deviation of few values unbiased: n / (n - 0.8) (Croux and Rousseeuw 1992)."""
    return np.asarray(count / np.maximum(count - 0.8, 0.2))

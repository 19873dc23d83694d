"""How often `observe` calls the usual unusual, and how often it finds a halved file, on histories that are simulated.

    python scripts/observation_odds.py [--files 200] [--seed 1]

prints the table of docs/observations.md: for each kind of history the false alarms of a file and year, and the share of
halved volumes that are found, of the product's rule and of three that are usual elsewhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from operations.observations.files.columns import WIDTH
from operations.observations.statistics.budget import Budget
from operations.observations.statistics.scales import of_counts
from operations.observations.statistics.walk import Rules, walk

Floats = npt.NDArray[np.float64]
History = Callable[[np.random.Generator, int, int], Floats]

_LEVEL = 50_000
#: Figures of a file of ten columns that are numbers.
_FIGURES = 50
#: The usual rules look back so far.
_BACK = 28
_SHIFT, _SATURDAY, _MISSING = 200, 5, 0.2


def _noise(cv: float) -> History:
    return lambda random, files, days: _LEVEL * np.maximum(1.0 + cv * random.normal(size=(files, days)), 0.01)


def _lognormal(random: np.random.Generator, files: int, days: int) -> Floats:
    return np.asarray(_LEVEL * np.exp(0.05 * random.normal(size=(files, days))))


def _t3(random: np.random.Generator, files: int, days: int) -> Floats:
    return np.asarray(_LEVEL * np.exp(0.05 / np.sqrt(3.0) * random.standard_t(3, size=(files, days))))


def _weekly(random: np.random.Generator, files: int, days: int) -> Floats:
    return np.asarray(_lognormal(random, files, days) * np.where(np.arange(days) % 7 >= _SATURDAY, 0.3, 1.0))


def _constant(_random: np.random.Generator, files: int, days: int) -> Floats:
    return np.full((files, days), float(_LEVEL))


def _gaps(random: np.random.Generator, files: int, days: int) -> Floats:
    return np.where(random.random((files, days)) < _MISSING, np.nan, _weekly(random, files, days))


def _shift(random: np.random.Generator, files: int, days: int) -> Floats:
    return np.asarray(_lognormal(random, files, days) * np.where(np.arange(days) >= _SHIFT, 3.0, 1.0))


def _trend(random: np.random.Generator, files: int, days: int) -> Floats:
    return np.asarray(_lognormal(random, files, days) * 1.005 ** np.arange(days))


def _hourly(rows: float) -> History:
    return lambda random, files, hours: _of_hours(random, files, hours, rows)


def _of_hours(random: np.random.Generator, files: int, hours: int, rows: float) -> Floats:
    hour = np.arange(hours)
    mean = rows * (1.0 + 0.8 * np.sin(hour / 24.0 * 2.0 * np.pi)) * np.where(hour // 24 % 7 >= _SATURDAY, 0.5, 1.0)
    return random.poisson(mean, (files, hours)).astype(np.float64)


@dataclass(frozen=True)
class Kind:
    """One kind of history."""

    name: str
    make: History
    is_hourly: bool = False


KINDS = (
    Kind("normal, cv 5 %", _noise(0.05)),
    Kind("normal, cv 10 %", _noise(0.1)),
    Kind("lognormal, cv 5 %", _lognormal),
    Kind("Student's t, 3 degrees, cv 5 %", _t3),
    Kind("weekly: weekends at 30 %", _weekly),
    Kind("constant", _constant),
    Kind("weekly with a fifth of the days missing", _gaps),
    Kind("level shift, three times as much", _shift),
    Kind("trend, 0.5 % a day", _trend),
    Kind("hourly counts, 40 to 720 by hour and weekday", _hourly(400.0), is_hourly=True),
    Kind("hourly counts, 400 to 7,200", _hourly(4000.0), is_hourly=True),
)


_HEAD = (
    "| history | rows and size | columns | halved found: runs 8-27, 28 on, 182 on | z 3 | robust z 3.5 | min..max |",
    "|---|---|---|---|---|---|---|",
)


@dataclass(frozen=True)
class Odds:
    """Of one kind of history and rule.

    Attributes:
        volume: false alarms of a file and year in rows and size together.
        columns: those in the figures of its columns.
        early: the share of halved volumes that are found in runs 8 to 27.
        later: from run 28 on.
        settled: from run 182 on.
    """

    volume: float
    columns: float
    early: float
    later: float
    settled: float


def odds(kind: Kind, files: int, seed: int) -> Odds:
    """Those of the product's rule."""
    length = 24 * 84 if kind.is_hourly else 365
    files = max(files // 20, 2) if kind.is_hourly else files
    counts = kind.make(np.random.default_rng(seed), files, length)
    runs = 8766.0 if kind.is_hourly else 365.0
    risk, width = Budget().volume(runs), 1344 if kind.is_hourly else 182
    low, _, flagged = _walked(counts, risk, kind, width, is_count=True)
    volume = 2.0 * _a_year(flagged, counts, kind, runs)
    risk = Budget().column(runs, _FIGURES)
    _, _, flagged = _walked(counts, risk, kind, WIDTH, is_count=False)
    columns = _FIGURES * _a_year(flagged, counts, kind, runs)
    with np.errstate(invalid="ignore"):
        found = np.where(np.isfinite(counts), of_counts(np.round(counts / 2.0)) < low, np.nan)
    if kind.make is _shift:
        found[:, _SHIFT : _SHIFT + 20] = np.nan
    first = 24 * 28 if kind.is_hourly else 28
    settled = 1344 if kind.is_hourly else 182
    return Odds(
        volume,
        columns,
        *(float(np.nanmean(part)) for part in (found[:, 8:first], found[:, first:], found[:, settled:])),
    )


def _walked(
    counts: Floats, risk: float, kind: Kind, width: int, *, is_count: bool
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    shape, place = counts.shape, np.arange(counts.shape[1])
    seasons = np.broadcast_to(place % 168 if kind.is_hourly else place % 7, shape).astype(np.int64)
    values = of_counts(np.round(counts)) if is_count else np.log(np.maximum(counts, 0.5))
    rules = Rules(
        np.full(shape[0], risk),
        np.full(shape[0], is_count),
        np.zeros(shape[0], np.int64),
        np.full(shape[0], 24 if kind.is_hourly else 7),
        width,
    )
    floor = np.full(shape, 0.0 if is_count else 1e-3)
    walked = walk(values, seasons, np.zeros(shape, np.int8), np.zeros(shape[0], np.int64), rules, floor)
    return walked.low, walked.high, walked.unusual


def _a_year(flagged: npt.NDArray[np.bool_], counts: Floats, kind: Kind, runs: float) -> float:
    is_false = flagged.copy()
    if kind.make is _shift:
        is_false[:, _SHIFT : _SHIFT + 7] = False  # that is what it is for
    return float(is_false.sum() / np.isfinite(counts).sum() * runs)


def usual(kind: Kind, files: int, seed: int) -> dict[str, tuple[float, float]]:
    """False alarms a file and year in rows and size, and the share of halved volumes found, of the usual rules."""
    length = 24 * 84 if kind.is_hourly else 365
    files = max(files // 20, 2) if kind.is_hourly else files
    counts = kind.make(np.random.default_rng(seed), files, length)
    runs = 8766.0 if kind.is_hourly else 365.0
    alarms: dict[str, list[float]] = {}
    with np.errstate(invalid="ignore", divide="ignore"):
        for at in range(_BACK, length):
            before, now = counts[:, at - _BACK : at], counts[:, at]
            there = np.isfinite(now)
            if kind.make is _shift and _SHIFT <= at < _SHIFT + _BACK:
                continue
            for halved in (False, True):
                value = np.where(there, now / 2.0 if halved else now, np.nan)
                for name, low, high in _edges(before, value):
                    told = (value < low) | (value > high)
                    alarms.setdefault(f"{name} {halved}", []).append(float(told[there].mean()) if there.any() else 0.0)
    names = sorted({name.rsplit(" ", 1)[0] for name in alarms})
    return {
        name: (2.0 * runs * float(np.mean(alarms[f"{name} False"])), float(np.mean(alarms[f"{name} True"])))
        for name in names
    }


def _edges(before: Floats, value: Floats) -> list[tuple[str, Floats, Floats]]:
    with_it = np.concatenate((before, value[:, None]), axis=1)
    mean, deviation = np.nanmean(with_it, axis=1), np.nanstd(with_it, axis=1, ddof=1)
    middle = np.nanmedian(before, axis=1)
    mad = 1.4826 * np.nanmedian(np.abs(before - middle[:, None]), axis=1)
    return [
        ("z 3, the value included", mean - 3.0 * deviation, mean + 3.0 * deviation),
        ("robust z 3.5", middle - 3.5 * mad, middle + 3.5 * mad),
        ("min..max", np.nanmin(before, axis=1), np.nanmax(before, axis=1)),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200, help="file-years of each kind")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.stdout.write("".join(f"{line}\n" for line in _HEAD))
    for kind in KINDS:
        own, others = odds(kind, arguments.files, arguments.seed), usual(kind, arguments.files, arguments.seed)
        cells = [
            f"{others[name][0]:.1f}, {others[name][1]:.0%}"
            for name in ("z 3, the value included", "robust z 3.5", "min..max")
        ]
        found = f"{own.early:.0%}, {own.later:.1%}, {own.settled:.1%}"
        volume, columns = f"{own.volume:.2f}", f"{own.columns:.2f}"
        sys.stdout.write(f"| {kind.name} | {volume} | {columns} | {found} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""How often a file comes, and what follows from that: seasons, runs a year, how long a new level has to hold."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from operations.observations.statistics.budget import runs_a_year
from operations.observations.statistics.expectation import Ints

#: Runs from whose distances the cadence is told: the newest ones.
_TOLD_FROM = 28
_DAY, _WEEK = 24, 168
#: 1970-01-01 was a Thursday: so many hours after a Monday.
_EPOCH_IN_WEEK = 72
#: Baselines: half a year of a daily file, eight weeks of an hourly one.
_WIDTH_DAILY, _WIDTH_HOURLY = 182, 1344
#: What is kept beyond a baseline: unusual runs, and those that come late.
SLACK = 35


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a file comes: the median hours between its newest runs."""

    hours: float

    @property
    def is_hourly(self) -> bool:
        """It comes several times a day."""
        return self.hours <= _DAY / 2

    @property
    def runs_a_year(self) -> float:
        """Tests a year."""
        return runs_a_year(self.hours)

    @property
    def width(self) -> int:
        """Runs of a baseline."""
        return _WIDTH_HOURLY if self.is_hourly else _WIDTH_DAILY

    def hold(self, runs: int) -> int:
        """After how many unusual runs in a row there is a new level: `runs`, a day at least."""
        return max(runs, round(_DAY / self.hours)) if self.is_hourly else runs

    def seasons(self, windows: Ints) -> Ints:
        """The hour of the week of each window of an hourly file, the weekday of a daily one; none of slower ones."""
        hour = (windows + _EPOCH_IN_WEEK) % _WEEK
        if self.is_hourly:
            return np.asarray(hour, np.int64)
        return np.asarray(hour // _DAY if self.hours <= 2 * _DAY else np.zeros_like(windows), np.int64)


def cadence_of(windows: Ints) -> Cadence:
    """Tell it from the windows of a file's runs (hours since 1970, ascending); a day where there are fewer than two."""
    newest = windows[-_TOLD_FROM - 1 :].tolist()
    gaps = [after - before for before, after in pairwise(newest)]
    return Cadence(max(float(median(gaps)), 1.0) if gaps else float(_DAY))

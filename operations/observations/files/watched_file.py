"""A file whose runs are observed: what was known of it, what is new, and what is to be said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from operations.observations.files.cadence import SLACK, Cadence, cadence_of
from operations.observations.files.history import FileHistory, equal
from operations.observations.statistics.walk import rewalked_from

if TYPE_CHECKING:
    from dq import StateFigures
    from operations.observations.files.observation import Observation

#: Runs of column figures that are kept: six weeks of a daily file, and some that come late.
COLUMN_RUNS = 49


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run as it is now.

    Attributes:
        run_id: as text.
        window: hours since 1970.
        size: bytes.
        score: points.
        stamp: of the state, in microseconds since 1970; -1 without one.
        figures: what its state says; None without one.
        no_figures: why there are none.
    """

    run_id: str
    window: int
    size: float
    score: float
    stamp: int
    figures: StateFigures | None = None
    no_figures: str = ""

    @property
    def numbers(self) -> tuple[float, float, float]:
        """Rows, size, score."""
        rows = float("nan") if self.figures is None else float(self.figures.rows)
        return rows, self.size, self.score


@dataclass(slots=True, eq=False)
class WatchedFile:
    """One file in work.

    Attributes:
        file_id: as text.
        history: with the new runs, once `take_in` was called.
        runs: the new or restated ones, oldest first.
        is_new: nothing was known of it.
        first: for each figure of the whole file, the place from which it is told again.
        said: what is said of its runs, by run.
        forgotten: runs that are older than everything that is kept.
        cadence: how often it comes, once `take_in` was called.
    """

    file_id: str
    history: FileHistory
    runs: list[NewRun]
    is_new: bool
    first: list[int] = field(default_factory=list)
    said: dict[str, list[Observation]] = field(default_factory=dict)
    forgotten: int = 0
    cadence: Cadence = field(default_factory=lambda: cadence_of(np.empty(0, np.int64)))

    def take_in(self) -> None:
        """Put the new runs into the history."""
        self._take_in()
        self.cadence = cadence_of(self.history.windows)

    def _take_in(self) -> None:
        history = self.history
        self.runs.sort(key=lambda run: run.window)
        if not len(history.windows):
            self._take_in_all()
            return
        changed: list[list[int]] = [[], [], []]
        newest = int(history.windows[-1])
        kept: list[NewRun] = []
        for run in self.runs:
            if self._is_beyond(run.window):
                self.forgotten += 1
                continue
            at, is_there = history.place_of(run.window)
            before = history.numbers[:, at].copy() if is_there else np.full(3, np.inf)
            history.put(run.window, run.run_id, run.stamp, run.numbers)
            for metric, old in enumerate(before):
                new = history.numbers[metric, at]
                # All that was said of a run goes when it is told again, so that what is as it was is told, too.
                if is_there or not equal(old, new):
                    changed[metric].append(run.window)
            kept.append(run)
        self.runs = kept
        self.first = [self._first(metric, windows, newest) for metric, windows in enumerate(changed)]

    def forget(self) -> None:
        """Keep what baselines need."""
        self.history.forget(self.cadence.width + SLACK, COLUMN_RUNS)

    def _take_in_all(self) -> None:
        history = self.history
        self.runs = list({run.window: run for run in self.runs}.values())
        history.windows = np.array([run.window for run in self.runs], np.int64)
        history.runs = [run.run_id for run in self.runs]
        history.stamps = np.array([run.stamp for run in self.runs], np.int64)
        history.numbers = np.array([run.numbers for run in self.runs], np.float64).reshape(-1, 3).T.copy()
        history.states = np.zeros(history.numbers.shape, np.int8)
        self.first = [0, 0, 0]

    def _is_beyond(self, window: int) -> bool:
        windows = self.history.windows
        return window < int(windows[0]) and len(windows) >= cadence_of(windows).width

    def _first(self, metric: int, windows: list[int], newest: int) -> int:
        """From where a figure is told again: the earliest that changed.

        Where runs were known behind it, also the new levels that it may have had a part in.
        """
        if not windows:
            return len(self.history.windows)
        place = self.history.place_of(min(windows))[0]
        return place if min(windows) > newest else rewalked_from(self.history.states[metric], place)

"""Rows, size and score of many files at once: each of their runs beside the runs before it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from operations.observations.files.history import METRICS
from operations.observations.files.observation import Observation, State
from operations.observations.statistics.expectation import REASONS
from operations.observations.statistics.scales import of_counts, to_counts
from operations.observations.statistics.walk import Rules, Walked, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.observations.files.cadence import Cadence
    from operations.observations.files.watched_file import WatchedFile
    from operations.observations.statistics.budget import Budget

#: A score is a whole number of points.
_SCORE_NOISE = 1.0
_SCORE = METRICS.index("score")


@dataclass(frozen=True, slots=True)
class Manner:
    """How files are watched: the budget of false alarms, and after how many runs a new level is the rule."""

    budget: Budget
    hold: int


def watch_whole_files(files: Sequence[WatchedFile], manner: Manner) -> None:
    """Tell rows, size and score of all new runs of `files` again, and of the runs behind a late or restated one.

    Of a file of which nothing was known the runs before the newest are the baseline: nothing is said of them.
    """
    for width in {file.cadence.width for file in files}:
        _watch([file for file in files if file.cadence.width == width], width, manner)


def _watch(files: Sequence[WatchedFile], width: int, manner: Manner) -> None:
    cadences = [file.cadence for file in files]
    walked = _walked(files, cadences, width, manner)
    length = walked.states.shape[1]
    for at, (file, cadence) in enumerate(zip(files, cadences, strict=True)):
        history = file.history
        offset, first_row = length - len(history.windows), at * len(METRICS)
        history.states = walked.states[first_row : first_row + len(METRICS), offset:].copy()
        new = {history.place_of(run.window)[0]: run for run in file.runs}
        for metric, name in enumerate(METRICS):
            begin = max(file.first[metric], len(history.windows) - 1 if file.is_new else 0)
            for place in range(begin, len(history.windows)):
                run_id, number = history.runs[place], float(history.numbers[metric, place])
                if not math.isnan(number):
                    said = _said(
                        walked,
                        first_row + metric,
                        place + offset,
                        cadence,
                        Observation(run_id, name, "", State.NORMAL, number),
                    )
                elif place in new:
                    why = new[place].no_figures or "the figure is not known"
                    said = Observation(run_id, name, "", State.NOT_RUN, reason=why)
                else:
                    continue
                file.said.setdefault(run_id, []).append(said)


def _said(walked: Walked, row: int, at: int, cadence: Cadence, known: Observation) -> Observation:
    """Say what the walk found of one figure."""
    if (place := int(walked.why_not[row, at])) != 0:
        return replace(known, state=State.NOT_RUN, reason=not_run_reason(place, cadence))
    edges = np.array([walked.low[row, at], walked.high[row, at]])
    low, high = (float(edge) for edge in (edges if known.metric == "score" else to_counts(edges)))
    found = replace(known, low=low, high=_finite(high), deviation=float(walked.deviations[row, at]))
    if not walked.unusual[row, at]:
        return found
    return replace(found, state=State.UNUSUAL, reason=_told(found))


def not_run_reason(place: int, cadence: Cadence) -> str:
    """A place of `expectation.REASONS` in words."""
    if REASONS[place] == "season":
        return f"fewer than 3 earlier runs of this {'hour of the week' if cadence.is_hourly else 'weekday'}"
    return "fewer than 8 earlier runs to compare with"


def _told(found: Observation) -> str:
    if found.metric == "score":
        return f"{found.value:g} points, {found.low:.1f} at least were expected"
    unit = "rows" if found.metric == "rows" else "bytes"
    return f"{found.value:,.0f} {unit}, {found.low:,.0f} to {found.high:,.0f} were expected"


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _walked(files: Sequence[WatchedFile], cadences: Sequence[Cadence], width: int, manner: Manner) -> Walked:
    count, length = len(METRICS) * len(files), max(len(file.history.windows) for file in files)
    values, states = np.full((count, length), np.nan), np.zeros((count, length), np.int8)
    seasons, first = np.zeros((count, length), np.int64), np.full(count, length)
    risk, hold = np.empty(count), np.empty(count, np.int64)
    for at, (file, cadence) in enumerate(zip(files, cadences, strict=True)):
        history, rows = file.history, slice(at * len(METRICS), (at + 1) * len(METRICS))
        offset = length - len(history.windows)
        values[rows, offset:], states[rows, offset:] = history.numbers, history.states
        seasons[rows, offset:] = cadence.seasons(history.windows)
        first[rows] = np.array(file.first) + offset
        runs = cadence.runs_a_year
        risk[rows] = (manner.budget.volume(runs), manner.budget.volume(runs), manner.budget.score(runs))
        hold[rows] = cadence.hold(manner.hold)
    is_score = np.arange(count) % len(METRICS) == _SCORE
    with np.errstate(invalid="ignore"):
        values[~is_score] = of_counts(np.maximum(values[~is_score], 0.0))
    rules = Rules(risk, ~is_score, np.where(is_score, -1, 0).astype(np.int64), hold, width)
    return walk(
        values, seasons, states, first, rules, np.where(is_score[:, None], _SCORE_NOISE, 0.0) + np.zeros_like(values)
    )

"""Figures of columns of many files at once: each new run beside the runs before it and the column's reference."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from operations.observations.files.column_figures import ONLY_HIGH, Figure, figures_of, next_reference, shown
from operations.observations.files.history import with_place
from operations.observations.files.observation import Observation, State
from operations.observations.files.whole_files import Manner, not_run_reason
from operations.observations.statistics.walk import Judged, Rules, Walked, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq import ColumnFigures
    from operations.observations.files.cadence import Cadence
    from operations.observations.files.history import ColumnHistory
    from operations.observations.files.watched_file import NewRun, WatchedFile

#: Columns that are watched: the first ones.
MOST_COLUMNS = 100
#: Runs of a baseline: six weeks of a daily file.
WIDTH = 42
#: Figures of a column at most: nulls, distinct, mean, psi and ks, or nulls, psi, new and lost values.
_FIGURES_OF_COLUMN = 5
_DISTANCES = ("psi", "ks")


@dataclass(slots=True, eq=False)
class _Turn:
    """One run of one file in work: the place among the runs with column figures, and its figures by series."""

    file: WatchedFile
    run: NewRun
    cadence: Cadence
    risk: float
    place: int
    columns: dict[str, ColumnFigures]
    figures: dict[tuple[str, str], Figure]


def watch_columns(files: Sequence[WatchedFile], manner: Manner) -> None:
    """Tell the columns of all new runs, run by run: the reference of the next has this one in it."""
    cadences = {file.file_id: file.cadence for file in files}
    rounds = max((len(file.runs) for file in files), default=0)
    for turn in range(rounds):
        due = []
        for file in files:
            if turn >= len(file.runs):
                continue
            run, cadence = file.runs[turn], cadences[file.file_id]
            is_said = not file.is_new or run is file.runs[-1]
            if run.figures is not None:
                due.append(_begin(file, run, cadence, manner))
            elif is_said:
                _say(file, Observation(run.run_id, "columns", "", State.NOT_RUN, reason=run.no_figures))
        if due:
            _tell(due, manner)


def _begin(file: WatchedFile, run: NewRun, cadence: Cadence, manner: Manner) -> _Turn:
    of = file.history.columns
    columns: dict[str, ColumnFigures] = {}
    for column in () if run.figures is None else run.figures.columns:
        if len(columns) < MOST_COLUMNS:
            columns.setdefault(column.name, column)
    risk = manner.budget.column(cadence.runs_a_year, _FIGURES_OF_COLUMN * len(columns))
    figures = {
        (figure.metric, name): figure
        for name, column in columns.items()
        for figure in figures_of(column, of.references.get(name), risk)
    }
    return _Turn(file, run, cadence, risk, _put(of, run.window, figures), columns, figures)


def _put(of: ColumnHistory, window: int, figures: dict[tuple[str, str], Figure]) -> int:
    """Put the figures of a run in their place, over those of that window."""
    known = {one: at for at, one in enumerate(of.series)}
    fresh = [one for one in figures if one not in known]
    if fresh:
        of.series = [*of.series, *fresh]
        known |= {one: len(known) + at for at, one in enumerate(fresh)}
        grown = ((0, len(fresh)), (0, 0))
        of.values = np.pad(of.values, grown, constant_values=np.nan)
        of.states = np.pad(of.states, grown)
    place = int(np.searchsorted(of.windows, window))
    if place == len(of.windows) or int(of.windows[place]) != window:
        of.windows = with_place(of.windows, place, window)
        of.values, of.states = with_place(of.values, place, np.nan), with_place(of.states, place, 0)
    of.values[:, place], of.states[:, place] = np.nan, 0
    for one, figure in figures.items():
        of.values[known[one], place] = figure.value
    return place


def _tell(due: Sequence[_Turn], manner: Manner) -> None:
    rows = [len(turn.file.history.columns.series) for turn in due]
    length, begins = max(turn.place for turn in due) + 1, np.concatenate(([0], np.cumsum(rows)))
    count = int(begins[-1])
    values, states = np.full((count, length), np.nan), np.zeros((count, length), np.int8)
    seasons = np.zeros((count, length), np.int64)
    floor, least = np.zeros((count, length)), np.full((count, length), -np.inf)
    risk, side, hold = np.empty(count), np.zeros(count, np.int64), np.empty(count, np.int64)
    for turn, begin, end in zip(due, begins[:-1], begins[1:], strict=True):
        of, offset = turn.file.history.columns, length - turn.place - 1
        values[begin:end, offset:] = of.values[:, : turn.place + 1]
        states[begin:end, offset:] = of.states[:, : turn.place + 1]
        seasons[begin:end, offset:] = turn.cadence.seasons(of.windows[: turn.place + 1])
        risk[begin:end], hold[begin:end] = turn.risk, turn.cadence.hold(manner.hold)
        for at, (metric, column) in enumerate(of.series):
            side[begin + at] = metric in ONLY_HIGH
            if (figure := turn.figures.get((metric, column))) is not None:
                floor[begin + at, -1], least[begin + at, -1] = figure.floor, figure.least
    rules = Rules(risk, np.zeros(count, np.bool_), side, hold, WIDTH)
    walked = walk(values, seasons, states, np.full(count, length - 1), rules, floor, least)
    for turn, begin, end in zip(due, begins[:-1], begins[1:], strict=True):
        of, offset = turn.file.history.columns, length - turn.place - 1
        of.states[:, : turn.place + 1] = walked.states[begin:end, offset:]
        _say_columns(turn, walked, int(begin))
        _refer(turn)


def _say_columns(turn: _Turn, walked: Walked, begin: int) -> None:
    """Say what is unusual, and of all the others how many there are: compared = normal + unusual + not run."""
    counted: Counter[State] = Counter()
    found = []
    rows = slice(begin, begin + len(turn.file.history.columns.series))
    why_not, unusual = walked.why_not[rows, -1].tolist(), walked.unusual[rows, -1].tolist()
    for at, series in enumerate(turn.file.history.columns.series):
        figure = turn.figures.get(series)
        if figure is None:
            continue
        if why_not[at] != 0:
            counted[State.NOT_RUN] += 1
            reason = not_run_reason(why_not[at], turn.cadence)
        elif unusual[at]:
            counted[State.UNUSUAL] += 1
            found.append(_unusual(turn.run.run_id, figure, series[1], walked, begin + at))
        else:
            counted[State.NORMAL] += 1
    if turn.file.is_new and turn.run is not turn.file.runs[-1]:
        return
    figures, other, not_run = len(turn.figures), counted[State.UNUSUAL], counted[State.NOT_RUN]
    if figures != counted.total():
        raise AssertionError(f"figures were lost: {figures} compared, {dict(counted)}")
    left_out = max(len(turn.run.figures.columns) - len(turn.columns), 0) if turn.run.figures else 0
    told = f"{figures} figures of {len(turn.columns)} columns: "
    told += f"{counted[State.NORMAL]} normal, {other} unusual, {not_run} not run"
    told += f" ({reason})" if not_run else ""
    told += f"; {left_out} more columns are not watched" if left_out else ""
    state = State.UNUSUAL if other else State.NORMAL if counted[State.NORMAL] else State.NOT_RUN
    _say(turn.file, Observation(turn.run.run_id, "columns", "", state, float(other), reason=told), *found)


def _unusual(run_id: str, figure: Figure, column: str, walked: Walked, row: int) -> Observation:
    low, high = (
        shown(figure.metric, float(edge)) if math.isfinite(edge) else None
        for edge in (walked.low[row, -1], walked.high[row, -1])
    )
    known = Observation(
        run_id, figure.metric, column, State.UNUSUAL, figure.shown, low, high, float(walked.deviations[row, -1])
    )
    if low is None:
        return replace(known, reason=figure.told or f"{figure.shown:.4g}, {high:.4g} at most was expected")
    return replace(known, reason=f"{figure.shown:.4g}, {low:.4g} to {high:.4g} was expected")


def _refer(turn: _Turn) -> None:
    """Bring the references up to this run."""
    of = turn.file.history.columns
    judged = dict(zip(of.series, of.states[:, turn.place].tolist(), strict=True))
    for name, column in turn.columns.items():
        states = [judged.get((metric, name), 0) for metric in _DISTANCES]
        reference = next_reference(
            column,
            of.references.get(name),
            accepted=not any(state in (Judged.LOW, Judged.HIGH) for state in states),
            is_new_level=Judged.ON_NEW_LEVEL in states,
        )
        if reference is not None:
            of.references[name] = reference


def _say(file: WatchedFile, *said: Observation) -> None:
    for one in said:
        file.said.setdefault(one.run_id, []).append(one)

"""Observe what changed since the last time: each file's new runs beside its history, a block of files at a time.

A block's histories and observations are written together; what was seen is noted when all blocks are done. A run that
is stopped in between is done again by the next one, and what was written by then is found unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from dq import ProfileCodecError, changed_runs, figures_of_state, read_failed_rules, run_numbers, run_states
from etl_core.errors import TerminalError
from operations.observations.files.columns import watch_columns
from operations.observations.files.explained import explained
from operations.observations.files.history import FileHistory, UnknownLayoutError, decode_history, encode_history, equal
from operations.observations.files.observation import Observation, State
from operations.observations.files.watched_file import NewRun, WatchedFile
from operations.observations.files.whole_files import Manner, watch_whole_files
from operations.observations.store import (
    ObservedRun,
    note_seen,
    observed_windows,
    read_histories,
    seen_until,
    window_of,
    write_files,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from dq import Catalogue, RunNumbers, StateFigures

log = structlog.get_logger()

#: Files that are told and written together.
_BLOCK = 250
#: What is older is not looked at.
_HORIZON = timedelta(days=400)
#: Transactions that took long, and clocks that differ, are within so much of what was seen.
_OVERLAP = timedelta(hours=2)
#: A run's window may be so far ahead of the clock.
_AHEAD = timedelta(days=1)
#: Of a file that is new here so many of the newest profiles are read.
_FIRST_STATES = 35
_MOST_NAMED = 20
_NO_STATE = "no profile of this run is kept"


@dataclass(frozen=True, slots=True)
class Found:
    """What came of an observation: runs = observed + unchanged + ahead + forgotten.

    Attributes:
        runs: that may have changed.
        files: they are of.
        observed: of which something is said, or that are the baseline of a file that is new here.
        unchanged: as they were the last time.
        ahead: their window lies more than a day after the clock.
        forgotten: older than all that is kept of their file.
        figures: what was said, by state.
        unusual: what is unusual, the files and windows with it.
        refusals: states that could not be read, the first ones, with the reason.
    """

    runs: int
    files: int
    observed: int
    unchanged: int
    ahead: int
    forgotten: int
    figures: Counter[State]
    unusual: list[tuple[ObservedRun, Observation]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Hold the equation."""
        if self.runs != self.observed + self.unchanged + self.ahead + self.forgotten:
            raise AssertionError(
                f"runs were lost: {self.runs} changed, {self.observed} observed, {self.unchanged} unchanged, "
                f"{self.ahead} ahead, {self.forgotten} forgotten"
            )


@dataclass(slots=True)
class _Account:
    runs: int = 0
    observed: int = 0
    unchanged: int = 0
    ahead: int = 0
    forgotten: int = 0
    figures: Counter[State] = field(default_factory=Counter)
    unusual: list[tuple[ObservedRun, Observation]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def observe(
    engine: Engine, catalogue: Catalogue, manner: Manner, now: datetime, stopped: Callable[[], bool] = lambda: False
) -> Found | None:
    """Observe all runs that changed since the last time.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        manner: how files are watched.
        now: the time, aware; of runs whose windows lie further ahead nothing is said.
        stopped: asked between blocks; where it says so, nothing is noted as seen, and None comes back.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    seen = seen_until(engine)
    horizon = (now - _HORIZON).date()
    changed = changed_runs(engine, catalogue, since=None if seen is None else seen - _OVERLAP, horizon=horizon)
    account, files = _Account(), sorted(changed.by_file, key=str)
    for begin in range(0, len(files), _BLOCK):
        if stopped():
            return None
        block = files[begin : begin + _BLOCK]
        histories = _histories(engine, [str(file_id) for file_id in block])
        fresh = [file_id for file_id in block if str(file_id) not in histories]
        runs = [run_id for file_id in block if str(file_id) in histories for run_id in changed.by_file[file_id]]
        found = run_numbers(engine, catalogue, files=fresh, runs=runs, horizon=horizon)
        _observe_block(_Block(engine, catalogue, manner, now, account), found, histories)
    if changed.until is not None:
        until = min(changed.until, now)
        note_seen(engine, until if seen is None else max(until, seen))
    return Found(
        account.runs,
        len(files),
        account.observed,
        account.unchanged,
        account.ahead,
        account.forgotten,
        account.figures,
        account.unusual,
        account.refusals[:_MOST_NAMED],
    )


@dataclass(frozen=True, slots=True)
class _Block:
    engine: Engine
    catalogue: Catalogue
    manner: Manner
    now: datetime
    account: _Account


def _observe_block(block: _Block, found: Sequence[RunNumbers], histories: dict[str, FileHistory]) -> None:
    account = block.account
    account.runs += len(found)
    by_file: dict[str, list[RunNumbers]] = {}
    latest = int((block.now + _AHEAD).timestamp()) // 3600
    for run in found:
        if window_of(run.run_date, run.run_hour) > latest:
            account.ahead += 1
        else:
            by_file.setdefault(str(run.file_id), []).append(run)
    due = {file_id: _due(histories.get(file_id), runs) for file_id, runs in by_file.items()}
    account.unchanged += sum(len(by_file[file_id]) - len(runs) for file_id, runs in due.items())
    due = {file_id: runs for file_id, runs in due.items() if runs}
    figures = _figures(
        block, [run for file_id, runs in due.items() for run in _with_states(runs, is_new=file_id not in histories)]
    )
    files = [
        WatchedFile(
            file_id,
            histories.get(file_id) or FileHistory(),
            [_new_run(run, figures.get(str(run.run_id))) for run in runs],
            is_new=file_id not in histories,
        )
        for file_id, runs in due.items()
    ]
    for file in files:
        file.take_in()
        account.forgotten += file.forgotten
        # Of runs of one window the last one counts.
        account.observed += len(due[file.file_id]) - file.forgotten
    files = [file for file in files if file.runs]
    watch_whole_files(files, block.manner)
    watch_columns(files, block.manner)
    _write(block, files, {str(run.run_id): run for runs in due.values() for run in runs})


def _histories(engine: Engine, file_ids: list[str]) -> dict[str, FileHistory]:
    found = {}
    for file_id, data in read_histories(engine, file_ids).items():
        try:
            found[file_id] = decode_history(data)
        except UnknownLayoutError as error:  # noqa: PERF203 - one that is damaged hurts no other
            log.warning("a history is begun anew", file=file_id, reason=str(error))
    return found


def _due(history: FileHistory | None, runs: list[RunNumbers]) -> list[RunNumbers]:
    """The runs that are not in the history as they are now."""
    if history is None:
        return runs
    due = []
    for run in runs:
        at, is_there = history.place_of(window_of(run.run_date, run.run_hour))
        same = is_there and history.runs[at] == str(run.run_id) and history.stamps[at] == _stamp(run)
        size = float("nan") if run.size is None else float(run.size)
        if not same or not equal(history.numbers[1, at], size) or not equal(history.numbers[2, at], run.score):
            due.append(run)
    return due


def _stamp(run: RunNumbers) -> int:
    return -1 if run.state_stamp is None else run.state_stamp


def _with_states(runs: list[RunNumbers], *, is_new: bool) -> list[RunNumbers]:
    kept = [run for run in runs if run.state_stamp is not None]
    return kept[-_FIRST_STATES:] if is_new else kept


def _figures(block: _Block, runs: list[RunNumbers]) -> dict[str, StateFigures | str]:
    """What the states of these runs say, or why nothing can be read of one."""
    known = {str(run.run_id): run for run in runs}
    found: dict[str, StateFigures | str] = {}
    for run_id, state in run_states(block.engine, known) if known else ():
        if state is None:
            found[run_id] = "the file could not be parsed"
            continue
        try:
            found[run_id] = figures_of_state(state)
        except ProfileCodecError as error:
            run = known[run_id]
            block.account.refusals.append(
                f"{run.agency_slug}/{run.file_name} {run.run_date} {run.run_hour:02d}h: {error}"
            )
            found[run_id] = str(error)
    return found


def _new_run(run: RunNumbers, figures: StateFigures | str | None) -> NewRun:
    size = float("nan") if run.size is None else float(run.size)
    known = (str(run.run_id), window_of(run.run_date, run.run_hour), size, run.score, _stamp(run))
    if figures is None or isinstance(figures, str):
        return NewRun(*known, no_figures=figures or _NO_STATE)
    return NewRun(*known, figures=figures)


def _write(block: _Block, files: Sequence[WatchedFile], runs: dict[str, RunNumbers]) -> None:
    behind = [run_id for file in files for run_id in file.said if run_id not in runs]
    named = {run_id: _named(run) for run_id, run in runs.items()}
    if behind:
        named |= observed_windows(block.engine, behind)
    said = [
        (named[run_id], one)
        for file in files
        for run_id, all_said in file.said.items()
        if run_id in named
        for one in all_said
    ]
    said = [(run, _explained(block, files, one)) for run, one in said]
    histories = {}
    for file in files:
        file.forget()
        histories[file.file_id] = encode_history(file.history)
    whole = {run.run_id for file in files if not file.is_new for run in file.runs}
    whole |= {run_id for file in files for run_id in file.said if run_id in runs}
    write_files(block.engine, histories, said, whole, block.now)
    block.account.figures.update(one.state for _, one in said)
    block.account.unusual += [(run, one) for run, one in said if one.state is State.UNUSUAL]


def _named(run: RunNumbers) -> ObservedRun:
    window = window_of(run.run_date, run.run_hour)
    return ObservedRun(str(run.run_id), str(run.file_id), run.agency_slug, run.file_name, window)


def _explained(block: _Block, files: Sequence[WatchedFile], one: Observation) -> Observation:
    """Add to a score that dropped the rules that failed more than in the run before."""
    if one.metric != "score" or one.state is not State.UNUSUAL:
        return one
    history = next(file.history for file in files if one.run_id in file.said)
    at = history.runs.index(one.run_id)
    before = history.runs[at - 1] if at else None
    try:
        now_failed = read_failed_rules(block.engine, block.catalogue, _row_id(one.run_id))
        failed_before = None if before is None else read_failed_rules(block.engine, block.catalogue, _row_id(before))
    except TerminalError:  # rules of a form nobody knows explain nothing
        return one
    return explained(one, now_failed, failed_before)


def _row_id(run_id: str) -> int | UUID:
    return int(run_id) if run_id.isdigit() else UUID(run_id)


def windows(found: Found) -> Iterator[tuple[str, Observation]]:
    """What is unusual, each with its file and window as people read it."""
    for run, one in found.unusual:
        day, hour = divmod(run.window, 24)
        moment = datetime(1970, 1, 1) + timedelta(days=day)  # noqa: DTZ001 - only its date is read
        yield f"{run.agency_slug}/{run.file_name} {moment.date()} {hour:02d}h", one

"""A block of files: their new runs beside their histories, told and written together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from dq import ProfileCodecError, figures_of_state, read_failed_rules, run_numbers, run_states
from etl_core.errors import TerminalError
from operations.observations.files.columns import watch_columns
from operations.observations.files.explained import explained
from operations.observations.files.history import FileHistory, UnknownLayoutError, decode_history, encode_history, equal
from operations.observations.files.observation import Observation, State
from operations.observations.files.watched_file import NewRun, WatchedFile
from operations.observations.files.whole_files import Manner, watch_whole_files
from operations.observations.store import ObservedRun, observed_windows, read_histories, window_of, write_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy.engine import Engine

    from dq import Catalogue, RunNumbers, StateFigures

#: Runs that may have changed, by file.
Changed: TypeAlias = "Mapping[int | UUID, Sequence[int | UUID]]"
#: A run's window may be so far ahead of the clock.
_AHEAD = timedelta(days=1)
#: Of a file that is new here so many of the newest profiles are read.
_FIRST_STATES = 35
_NO_STATE = "no profile of this run is kept"


@dataclass(slots=True)
class Account:
    """What came of files: fields as of `observe.Found`, and those whose history was damaged, with the reason."""

    runs: int = 0
    observed: int = 0
    unchanged: int = 0
    ahead: int = 0
    forgotten: int = 0
    figures: Counter[State] = field(default_factory=Counter)
    unusual: list[tuple[ObservedRun, Observation]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    begun_anew: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: Account) -> None:
        """Add what came of other files."""
        self.runs += other.runs
        self.observed += other.observed
        self.unchanged += other.unchanged
        self.ahead += other.ahead
        self.forgotten += other.forgotten
        self.figures += other.figures
        self.unusual += other.unusual
        self.refusals += other.refusals
        self.begun_anew += other.begun_anew


@dataclass(frozen=True, slots=True)
class Watch:
    """How files are observed, and where what is found goes.

    Attributes:
        catalogue: of the reporting tables.
        manner: how files are watched.
        now: the time, aware.
        horizon: the earliest run date that is looked at.
        writes: whether histories and observations are written.
    """

    catalogue: Catalogue
    manner: Manner
    now: datetime
    horizon: date
    writes: bool = True


@dataclass(frozen=True, slots=True)
class _Block:
    engine: Engine
    watch: Watch
    account: Account


def observe_block(engine: Engine, watch: Watch, changed: Changed) -> Account:
    """Observe the runs of some files that changed, by file; what came of it.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    block = _Block(engine, watch, Account())
    histories = _histories(block, [str(file_id) for file_id in changed])
    fresh = [file_id for file_id in changed if str(file_id) not in histories]
    runs = [run_id for file_id, run_ids in changed.items() if str(file_id) in histories for run_id in run_ids]
    found = run_numbers(engine, watch.catalogue, files=fresh, runs=runs, horizon=watch.horizon)
    _observe(block, found, histories)
    return block.account


def _histories(block: _Block, file_ids: list[str]) -> dict[str, FileHistory]:
    found = {}
    for file_id, data in read_histories(block.engine, file_ids).items():
        try:
            found[file_id] = decode_history(data)
        except UnknownLayoutError as error:  # noqa: PERF203 - one that is damaged hurts no other
            block.account.begun_anew.append((file_id, str(error)))
    return found


def _observe(block: _Block, found: Sequence[RunNumbers], histories: dict[str, FileHistory]) -> None:
    account = block.account
    account.runs += len(found)
    by_file: dict[str, list[RunNumbers]] = {}
    latest = int((block.watch.now + _AHEAD).timestamp()) // 3600
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
    watch_whole_files(files, block.watch.manner)
    watch_columns(files, block.watch.manner)
    _write(block, files, {str(run.run_id): run for runs in due.values() for run in runs})


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
    if block.watch.writes:
        write_files(block.engine, histories, said, whole, block.watch.now)
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
        now_failed = read_failed_rules(block.engine, block.watch.catalogue, _row_id(one.run_id))
        failed_before = (
            None if before is None else read_failed_rules(block.engine, block.watch.catalogue, _row_id(before))
        )
    except TerminalError:  # rules of a form nobody knows explain nothing
        return one
    return explained(one, now_failed, failed_before)


def _row_id(run_id: str) -> int | UUID:
    return int(run_id) if run_id.isdigit() else UUID(run_id)

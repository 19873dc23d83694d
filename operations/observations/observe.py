"""Observe what changed since the last time: each file's new runs beside its history, a block of files at a time.

A block's histories and observations are written together; what was seen is noted when all blocks are done. A run that
is stopped in between is done again by the next one, and what was written by then is found unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from dq import changed_runs
from operations.observations.block import Account, Watch
from operations.observations.files.observation import Observation, State
from operations.observations.files.whole_files import Manner
from operations.observations.side_by_side import StoppedError, observe_blocks
from operations.observations.store import ObservedRun, note_seen, seen_until

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from dq import Catalogue

log = structlog.get_logger()

#: Files that are told and written together.
_BLOCK = 250
#: What is older is not looked at.
_HORIZON = timedelta(days=400)
#: Transactions that took long, and clocks that differ, are within so much of what was seen.
_OVERLAP = timedelta(hours=2)
_MOST_NAMED = 20


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


def observe(
    engine: Engine,
    catalogue: Catalogue,
    manner: Manner,
    now: datetime,
    stopped: Callable[[], bool] = lambda: False,
    *,
    writes: bool = True,
    processes: int = 1,
) -> Found | None:
    """Observe all runs that changed since the last time.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        manner: how files are watched.
        now: the time, aware; of runs whose windows lie further ahead nothing is said.
        stopped: asked between blocks; where it says so, nothing is noted as seen, and None comes back.
        writes: whether anything is changed.
        processes: how many observe at once where there are thousands of files.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    seen = seen_until(engine)
    horizon = (now - _HORIZON).date()
    changed = changed_runs(engine, catalogue, since=None if seen is None else seen - _OVERLAP, horizon=horizon)
    watch = Watch(catalogue, manner, now, horizon, writes)
    account, files = Account(), sorted(changed.by_file, key=str)
    blocks = [
        {file_id: changed.by_file[file_id] for file_id in files[begin : begin + _BLOCK]}
        for begin in range(0, len(files), _BLOCK)
    ]
    try:
        for one in observe_blocks(engine, watch, blocks, stopped, processes):
            account.add(one)
    except StoppedError:
        return None
    for file_id, reason in account.begun_anew:
        log.warning("a history is begun anew", file=file_id, reason=reason)
    if changed.until is not None and writes:
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


def windows(found: Found) -> Iterator[tuple[str, Observation]]:
    """What is unusual, each with its file and window as people read it."""
    for run, one in found.unusual:
        day, hour = divmod(run.window, 24)
        moment = datetime(1970, 1, 1) + timedelta(days=day)  # noqa: DTZ001 - only its date is read
        yield f"{run.agency_slug}/{run.file_name} {moment.date()} {hour:02d}h", one

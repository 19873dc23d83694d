"""Bring the account of arrivals up to date: all files, a few hundred of them in each transaction.

Each transaction leaves its files as they are as of the moment that is judged, so a check that was killed is done by the
next one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from dq import arrivals_by_file, flag_missing, lock_files, times_of, waiting_arrivals, watched_files
from operations.arrivals.account import (
    delete_rows,
    last_check,
    note_check,
    read_rows,
    read_standings,
    write_rows,
    write_standings,
)
from operations.arrivals.judging import STATES, Arrivals
from operations.arrivals.public_holidays import public_holidays
from operations.arrivals.watched_file import KINDS, Calendars, Checked, Seen, check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection, Engine

    from dq import Catalogue, KeyLayouts, WatchedFile

#: Files of one transaction, and those whose arrivals are read by one query.
_TOGETHER, _READ_TOGETHER = 500, 20_000
#: Days of arrivals that usual times are learned from.
LEARNED_FROM = 90
_NONE = Arrivals()


@dataclass(frozen=True, slots=True)
class ArrivalDoors:
    """What a check reads and writes.

    Attributes:
        database: with the account of arrivals.
        catalogue: of the reporting tables.
        layouts: say which file a key is of.
        clock: the present, aware.
        days: how far back windows are judged.
        zone: of files that name none.
        is_stopped: whether somebody asked to stop; the files of a transaction are finished.
    """

    database: Engine
    catalogue: Catalogue
    layouts: KeyLayouts
    clock: Callable[[], datetime]
    days: int
    zone: str
    is_stopped: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Outcome:
    """What a check found.

    windows = on time + early + late + missing + pending, of all files; `is_written` says that the account has it.
    """

    at: datetime
    is_written: bool
    kinds: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    windows: int = 0
    duplicates: int = 0
    unexpected: int = 0
    restated: int = 0
    changed: int = 0
    flagged: int = 0
    is_whole: bool = True

    @property
    def files(self) -> int:
        """How many files there are."""
        return sum(self.kinds.values())

    def add(self, found: Checked) -> None:
        """Count a file."""
        self.kinds[found.standing.kind] += 1
        self.windows += len(found.rows)
        self.restated += found.restated
        self.changed += len(found.changed) + len(found.gone)
        self.states.update([row.state for row in found.rows])
        self.duplicates += sum([row.duplicates for row in found.rows])
        self.unexpected += sum([row.unexpected for row in found.rows])

    def hold(self, files: int) -> None:
        """Hold the equations: no file and no window is lost."""
        if self.windows != sum(self.states[state] for state in STATES):
            raise AssertionError(f"windows were lost: {self.windows} due, {dict(self.states)}")
        if self.is_whole and files != sum(self.kinds[kind] for kind in KINDS):
            raise AssertionError(f"files were lost: {files} there, {dict(self.kinds)}")


def as_of_last_check(database: Engine) -> datetime | None:
    """As of when the account of arrivals is; None before the first check."""
    with database.connect() as connection:
        return last_check(connection)


def check_arrivals(
    doors: ArrivalDoors,
    at: datetime,
    show: Callable[[WatchedFile, Checked], None],
    *,
    writes: bool = True,
) -> Outcome:
    """Judge all files as of a moment, and bring the account and `is_missing` up to date.

    Args:
        doors: what is read and written.
        at: aware; what came later is not known.
        show: told each file.
        writes: whether anything is changed.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    moment = int(at.timestamp())
    calendars = Calendars(moment, doors.days, doors.zone, public_holidays)
    since = at - timedelta(days=max(doors.days, LEARNED_FROM))
    outcome = Outcome(at, writes)
    with doors.database.connect() as connection:
        files = watched_files(connection, doors.catalogue)
        waiting = waiting_arrivals(connection, since, doors.layouts)
    for many in _pieces(files, _READ_TOGETHER):
        only = None if len(many) == len(files) else [file.id for file in many]
        with doors.database.begin() as connection:
            came = arrivals_by_file(connection, doors.catalogue, since, only)
        known = _Known(calendars, since, waiting, came)
        for some in _pieces(many, _TOGETHER):
            if doors.is_stopped():
                outcome.is_whole = False
                break
            with doors.database.begin() as connection:
                found = _checked(connection, some, known)
                if writes:
                    outcome.flagged += _write(connection, doors, found, known)
            for file, one in found:
                outcome.add(one)
                show(file, one)
    outcome.hold(len(files))
    if writes and outcome.is_whole:
        with doors.database.begin() as connection:
            note_check(connection, at, doors.clock())
    return outcome


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of arrivals since a moment: those that wait for their verdict, by agency and file, and others."""

    calendars: Calendars
    since: datetime
    waiting: Mapping[tuple[str, str], list[int]]
    came: Mapping[str, str]

    def arrivals(self, file: WatchedFile) -> Arrivals:
        """Those of a file."""
        told = self.came.get(file.id)
        arrivals = _NONE if told is None else Arrivals(*times_of(told))
        more = self.waiting.get((file.agency_slug, file.file_name))
        return arrivals.with_more(more) if more else arrivals


def _pieces(files: Sequence[WatchedFile], size: int) -> Iterator[Sequence[WatchedFile]]:
    for start in range(0, len(files), size):
        yield files[start : start + size]


def _checked(connection: Connection, files: Sequence[WatchedFile], known: _Known) -> list[tuple[WatchedFile, Checked]]:
    ids = [file.id for file in files]
    standings = read_standings(connection, ids)
    rows = read_rows(connection, ids, known.calendars.since)
    found = []
    for file in files:
        standing, arrivals = standings.get(file.id), known.arrivals(file)
        seen = Seen(file.range, file.is_active, standing, rows.get(file.id, ()), arrivals)
        found.append((file, check(seen, known.calendars)))
    return found


def _write(connection: Connection, doors: ArrivalDoors, found: list[tuple[WatchedFile, Checked]], known: _Known) -> int:
    """Write what is new of these files; how many flags were changed.

    A file is said to be missing while its row is held, after its arrivals were read once more: a verdict that clears
    the flag at the same time comes before or after that.
    """
    doubtful = [file for file, one in found if one.is_missing and file.is_missing is False]
    if doubtful:
        ids = [file.id for file in doubtful]
        lock_files(connection, ids)
        anew = replace(known, came=arrivals_by_file(connection, doors.catalogue, known.since, ids))
        again = {file.id: one for file, one in _checked(connection, doubtful, anew)}
        found[:] = [(file, again.get(file.id, one)) for file, one in found]
    at = datetime.fromtimestamp(known.calendars.at, timezone.utc)
    before = read_standings(connection, [file.id for file, _ in found])
    write_standings(connection, [(f, one.standing) for f, one in found if before.get(f.id) != one.standing], at)
    delete_rows(connection, {file.id: one.gone for file, one in found if one.gone})
    write_rows(connection, {file.id: one.changed for file, one in found if one.changed}, at)
    flags = {file.id: one.is_missing for file, one in found if one.is_missing is not None}
    return flag_missing(connection, doors.catalogue, flags)

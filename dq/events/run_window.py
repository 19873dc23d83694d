"""Which date and hour a file's run belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dq.events.key_layout import FileIdentity

WindowSource = Literal["last_modified", "key"]


@dataclass(frozen=True, slots=True)
class RunWindow:
    """The window of a run, in UTC.

    `source` tells where it was taken from; `note` is set when the object's last-modified and its
    key name different windows, or when the wanted source had none: a sentence for log and ledger.
    """

    run_date: date
    run_hour: int
    source: WindowSource
    note: str | None = None

    @property
    def start(self) -> datetime:
        """When the window begins, aware."""
        return datetime.combine(self.run_date, time(self.run_hour), timezone.utc)


@dataclass(frozen=True, slots=True)
class NoWindow:
    """Neither the key nor the object says when; `reason` is a sentence for people."""

    reason: str


class KeyInRun(NamedTuple):
    """The window that the key of an object names, in the run it falls into; in the order of runs, then of windows."""

    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    named: tuple[date, int]


@dataclass(frozen=True, slots=True)
class Collapse:
    """Objects whose keys name different windows, `windows` in number, and that would nevertheless share one run."""

    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    windows: int
    first: tuple[date, int]
    last: tuple[date, int]


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """How the window of an object is chosen, once it is known when it was last modified.

    `named` is the date and hour in its key, `problem` says what is wrong with them, `prefer` is the setting RUN_WINDOW.
    """

    named: tuple[date, int] | None = None
    prefer: WindowSource = "last_modified"
    problem: str | None = None

    def window(self, last_modified: datetime | None) -> RunWindow | NoWindow:
        """The window of one object: from the preferred source, else from the other one.

        Args:
            last_modified: aware, of the object; None when unknown.
        """
        if self.prefer == "key" and self.problem is not None:
            return NoWindow(self.problem)
        modified = None
        if last_modified is not None:
            instant = last_modified.astimezone(timezone.utc)
            modified = (instant.date(), instant.hour)
        prefer, named = self.prefer, self.named
        first, second = (modified, named) if prefer == "last_modified" else (named, modified)
        other: WindowSource = "key" if prefer == "last_modified" else "last_modified"
        if first is not None:
            note = None
            if second is not None and second != first:
                note = f"run window {_text(first)} is from {_label(prefer)}; {_label(other)} says {_text(second)}"
            elif self.problem is not None:
                note = f"run window {_text(first)} is from {_label(prefer)}; {self.problem}"
            return RunWindow(*first, prefer, note)
        if second is not None:
            return RunWindow(*second, other, f"run window is from {_label(other)}; {_label(prefer)} names none")
        return NoWindow(self.problem or "neither the key nor the object's last-modified names a run date and hour")


def window_choice(identity: FileIdentity, prefer: WindowSource = "last_modified") -> WindowChoice:
    """How the window of an object is chosen whose key says `identity`."""
    return WindowChoice(_of_key(identity), prefer, identity.window_problem)


def key_in_run(identity: FileIdentity, window: RunWindow) -> KeyInRun | None:
    """What to compare with other objects of the run; None where the key names no window."""
    named = _of_key(identity)
    if named is None:
        return None
    return KeyInRun(identity.agency_slug, identity.file_name, window.run_date, window.run_hour, named)


def find_collapses(objects: Iterable[KeyInRun]) -> Iterator[Collapse]:
    """Runs that would swallow objects of several key windows, e.g. after a bulk copy gave all one last-modified.

    The objects, any number of them, come in their order; they are looked at as they go by.
    """
    for (agency_slug, file_name, run_date, run_hour), those in groupby(objects, key=_run_of):
        windows = (named for named, _ in groupby(one.named for one in those))
        first = last = next(windows)
        count = 1
        for last in windows:  # noqa: B007 - the last one is wanted
            count += 1
        if count > 1:
            yield Collapse(agency_slug, file_name, run_date, run_hour, count, first, last)


def _run_of(one: KeyInRun) -> tuple[str, str, date, int]:
    return one[:4]


def _of_key(identity: FileIdentity) -> tuple[date, int] | None:
    if identity.run_date is None or identity.run_hour is None:
        return None
    return (identity.run_date, identity.run_hour)


def _label(source: WindowSource) -> str:
    return "the key" if source == "key" else "the object's last-modified"


def _text(window: tuple[date, int]) -> str:
    return f"{window[0].isoformat()} {window[1]:02d}h"

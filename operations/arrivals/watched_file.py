"""One file as of a moment: when it is due, what became of its windows, and what of that is new."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from operations.arrivals.calendar_text import CalendarError, RangeText, read_range, written
from operations.arrivals.due_calendar import DAY, USUAL, DueCalendar, Window
from operations.arrivals.judging import Arrivals, Judged, State, judge
from operations.arrivals.learning import NotLearned, Offsets, learn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.arrivals.calendar_text import Holidays

Kind: TypeAlias = Literal["given", "learned", "not_judged", "unreadable", "inactive"]
KINDS: tuple[Kind, ...] = ("given", "learned", "not_judged", "unreadable", "inactive")


class Row(NamedTuple):
    """A window and what is known of it, as the table has it; times are seconds since 1970."""

    start: int
    on_time_from: int
    due: int
    late_after: int
    state: State
    is_learned: bool
    arrived: int | None = None
    duplicates: int = 0
    unexpected: int = 0
    restated_from: State | None = None
    restated_at: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """When a file is due, as the last check understood it, and since when it is watched (seconds since 1970)."""

    kind: Kind
    range: str | None
    calendar: str | None
    reason: str | None
    watched_since: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found of a file.

    Attributes:
        standing: when it is due.
        rows: its windows that were judged, in their order.
        changed: those of them that are new or not as before.
        gone: dues of windows that are not expected any more.
        is_missing: whether the newest window that is judged is missing; None where none is.
        restated: how many of `changed` were told otherwise before.
    """

    standing: Standing
    rows: tuple[Row, ...] = ()
    changed: tuple[Row, ...] = ()
    gone: tuple[int, ...] = ()
    is_missing: bool | None = None
    restated: int = 0


@dataclass(slots=True)
class Calendars:
    """Calendars and their windows, each made once for all files that share it.

    Args:
        at: the moment that is judged, in seconds since 1970.
        days: how far back windows are judged.
        zone: of calendars that name none.
        holidays: of countries.
    """

    at: int
    days: int
    zone: str
    holidays: Holidays
    _read: dict[str | None, RangeText | CalendarError] = field(default_factory=dict)
    _windows: dict[DueCalendar, tuple[list[Window], list[int]]] = field(default_factory=dict)
    _offsets: Offsets | None = None

    @property
    def offsets(self) -> Offsets:
        """What the clocks of the zone show."""
        if self._offsets is None:
            self._offsets = Offsets(self.zone)
        return self._offsets

    @property
    def since(self) -> int:
        """Windows due earlier are left as they are."""
        return self.at - self.days * DAY

    def read(self, text: str | None) -> RangeText | CalendarError:
        """What a range says, or why it cannot be read."""
        if text not in self._read:
            try:
                self._read[text] = read_range(text, self.holidays, self.zone)
            except CalendarError as error:
                self._read[text] = error
        return self._read[text]

    def windows(self, calendar: DueCalendar) -> tuple[list[Window], list[int]]:
        """The windows of a calendar that began by now, and when each is due."""
        if calendar not in self._windows:
            found = [one for one in calendar.windows(self.since, self.at + 1) if one.start <= self.at]
            self._windows[calendar] = found, [one.due for one in found]
        return self._windows[calendar]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a file before a check.

    Attributes:
        range: what its row says of when it is due.
        is_active: whether somebody wants it watched.
        standing: of the last check; None where there was none.
        rows: windows of earlier checks, in the order in which they were due.
        arrivals: when it came; what keys name is an hour (since 1970).
    """

    range: str | None
    is_active: bool
    standing: Standing | None
    rows: Sequence[Row]
    arrivals: Arrivals


def check(seen: Seen, calendars: Calendars) -> Checked:
    """Judge a file as of the calendars' moment.

    Windows that are over keep the times that they were first judged by, whatever a calendar says later; the present one
    gives those that come after them.
    """
    standing, calendar = _standing(seen, calendars)
    closed = [row for row in seen.rows if row.late_after < calendars.at]
    windows: list[Window | Row] = [*closed]
    if calendar is not None:
        windows += _new_windows(calendar, closed, seen, standing, calendars)
    arrivals = _named(calendar, seen.arrivals)
    is_due_on = calendar.is_due_on if calendar is not None else _always
    length = USUAL[calendar.span].length if calendar is not None else DAY
    judged = judge(windows, arrivals, calendars.at, is_due_on, length=length).windows
    before = {row.due: row for row in seen.rows}
    rows = list[Row]()
    changed = list[Row]()
    for window, one in zip(windows, judged, strict=True):
        known = before.get(window.due)
        if known is window and known[4] == one[0] and known[6:9] == one[1:]:
            rows.append(known)
            continue
        is_learned = window.is_learned if isinstance(window, Row) else standing.kind == "learned"
        rows.append(_row(window, one, known, calendars.at, is_learned=is_learned))
        if rows[-1] != known:
            changed.append(rows[-1])
    there = {row.due for row in rows}
    return Checked(
        standing,
        tuple(rows),
        tuple(changed),
        tuple(due for due in before if due not in there),
        _is_missing(rows) if standing.kind != "inactive" else False,
        sum(row.restated_at == calendars.at for row in changed),
    )


def _standing(seen: Seen, calendars: Calendars) -> tuple[Standing, DueCalendar | None]:
    before, text = seen.standing, seen.range
    times = seen.arrivals.times
    first = min(times[0] if times else calendars.at, calendars.at)
    since = first if before is None else before.watched_since
    if not seen.is_active:
        return Standing("inactive", text, None, None, since), None
    if before is not None and before.kind == "inactive":
        since = calendars.at
    said = calendars.read(text)
    if isinstance(said, CalendarError):
        return Standing("unreadable", text, None, str(said), since), None
    if said.calendar is not None:
        return Standing("given", text, " ".join((text or "").split()), None, since), said.calendar
    learned = learn(times[: bisect_right(times, calendars.at)], said.span, calendars.offsets)
    if isinstance(learned, NotLearned):
        return Standing("not_judged", text, None, learned.reason, since), None
    return Standing("learned", text, written(learned), None, since), learned


def _new_windows(
    calendar: DueCalendar, closed: Sequence[Row], seen: Seen, standing: Standing, calendars: Calendars
) -> list[Window]:
    """The windows of the present calendar that come after those that are over."""
    windows, dues = calendars.windows(calendar)
    if not closed:
        return _first_windows(windows, max(standing.watched_since, calendars.since), seen)
    last = closed[-1]
    # A calendar that was moved by hours gives no second window for the same day.
    found = windows[bisect_left(dues, last.due + USUAL[calendar.span].length // 2) :]
    if standing.watched_since > last.due:
        found = [one for one in found if one.due > standing.watched_since]
    if found and found[0].start <= last.late_after:
        first = found[0]
        start = min(last.late_after + 1, first.due)
        found[0] = Window(start, max(first.on_time_from, start), first.due, first.late_after)
    return [one for one in found if one.start <= calendars.at]


def _first_windows(windows: list[Window], begin: int, seen: Seen) -> list[Window]:
    """Those from the one on during which the watch began, unless that was over and nothing came."""
    place = max(bisect_right([one.start for one in windows], begin) - 1, 0)
    began_by_arrival = bool(seen.arrivals.times) and seen.arrivals.times[0] == begin
    if place < len(windows) and windows[place].late_after < begin and not began_by_arrival:
        place += 1
    return windows[place:]


def _named(calendar: DueCalendar | None, arrivals: Arrivals) -> Arrivals:
    """The arrivals with the moments, in place of the hours, that keys name."""
    if not arrivals.named:
        return arrivals
    if calendar is None:
        return Arrivals(arrivals.times)
    named = {place: calendar.named_hour(hour) for place, hour in arrivals.named.items()}
    return Arrivals(arrivals.times, named)


def _always(_moment: int) -> bool:
    return True


def _row(window: Window | Row, judged: Judged, before: Row | None, at: int, *, is_learned: bool) -> Row:
    state = judged.state
    told, since = (None, None) if before is None else (before.restated_from, before.restated_at)
    if before is not None and before.state not in {"pending", state}:
        told, since = before.state, at
    return Row(
        window.start,
        window.on_time_from,
        window.due,
        window.late_after,
        state,
        is_learned,
        judged.arrived,
        judged.duplicates,
        judged.unexpected,
        told,
        since,
    )


def _is_missing(rows: Sequence[Row]) -> bool | None:
    newest = next((row for row in reversed(rows) if row.state != "pending"), None)
    return None if newest is None else newest.state == "missing"

"""What became of windows: each has one state, and no arrival is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.arrivals.calendar_text import read_range
from operations.arrivals.due_calendar import DAY, HOUR, DueCalendar, Window
from operations.arrivals.judging import Arrivals, judge
from operations.arrivals.learning import NotLearned, Offsets, learn
from operations.arrivals.public_holidays import public_holidays
from operations.arrivals.watched_file import Calendars, Checked, Row, Seen, check

MONDAY = int(datetime(2026, 1, 5, tzinfo=timezone.utc).timestamp())


def at(day: int, hour: float) -> int:
    """So many days after Monday, 5 January 2026, at an hour, UTC."""
    return MONDAY + day * DAY + int(hour * HOUR)


def calendars(moment: int, days: int = 40) -> Calendars:
    return Calendars(moment, days, "UTC", public_holidays)


def _seen(text: str | None, came: list[float]) -> Seen:
    return Seen(text, is_active=True, standing=None, rows=(), arrivals=Arrivals([at(0, one) for one in came]))


def first_check(text: str | None, came: list[float], moment: int) -> Checked:
    """A file that came at these hours since Monday."""
    return check(_seen(text, came), calendars(moment))


def again(before: Checked, text: str | None, came: list[float], moment: int) -> Checked:
    seen = replace(_seen(text, came), standing=before.standing, rows=before.rows)
    return check(seen, calendars(moment))


def states(found: Checked) -> list[str]:
    return [row.state for row in found.rows]


def test_on_time_early_late_missing_and_not_yet() -> None:
    came = [9.0, 24 + 3, 48 + 20]
    found = first_check("daily@09:00", came, at(4, 8))
    assert states(found) == ["on_time", "early", "late", "missing", "pending"]
    assert found.is_missing is True
    assert [row.arrived for row in found.rows] == [*(at(0, one) for one in came), None, None]


def test_what_comes_after_all_replaces_missing_and_says_what_was_told() -> None:
    before = first_check("daily@09:00", [9], at(1, 12))
    assert states(before) == ["on_time", "missing"]
    after = again(before, "daily@09:00", [9, 24 + 15], at(1, 16))
    assert states(after) == ["on_time", "late"]
    assert (after.rows[1].restated_from, after.rows[1].restated_at, after.restated) == ("missing", at(1, 16), 1)
    assert after.changed == after.rows[1:]
    assert after.is_missing is False
    assert again(after, "daily@09:00", [9, 24 + 15], at(1, 16)).changed == ()


def test_a_second_version_is_a_duplicate_and_one_on_a_day_off_is_not() -> None:
    found = first_check("daily@09:00 mon-fri", [9, 11, *(24 * day + 9 for day in range(1, 5)), 24 * 5 + 12], at(6, 0))
    assert [(row.duplicates, row.unexpected) for row in found.rows] == [(1, 0), (0, 0), (0, 0), (0, 0), (0, 1)]


def test_none_is_due_on_a_holiday() -> None:
    whit_sunday = int(datetime(2026, 5, 24, tzinfo=timezone.utc).timestamp())
    came = Arrivals([whit_sunday + day * DAY + 9 * HOUR for day in (-2, -1, 0, 2)])
    found = check(replace(_seen("daily@09:00 except DE", []), arrivals=came), calendars(whit_sunday + 3 * DAY))
    assert states(found) == ["on_time", "on_time", "on_time", "on_time"]


def test_a_file_of_yesterday_belongs_to_the_window_that_its_key_names() -> None:
    hour = at(0, 12) // HOUR
    came = Arrivals([at(-1, 9), at(1, 7), at(1, 9)], {1: hour})
    seen = replace(_seen("daily@09:00", []), arrivals=came)
    found = check(seen, calendars(at(1, 12)))
    assert states(found) == ["on_time", "late", "on_time"]


def test_a_new_file_is_not_missing_before_it_was_watched() -> None:
    first = first_check("daily@09:00", [], at(0, 12))
    assert (states(first), first.is_missing) == ([], None)
    second = again(first, "daily@09:00", [], at(1, 12))
    assert states(second) == ["missing"]


def test_a_calendar_that_changes_leaves_what_is_over_and_gives_no_day_twice() -> None:
    before = first_check("daily@09:00", [9, 24 + 9], at(1, 12))
    after = again(before, "daily@15:00", [9, 24 + 9], at(1, 18))
    assert [row.due for row in after.rows] == [at(0, 9), at(1, 9)]
    later = again(after, "daily@15:00", [9, 24 + 9, 48 + 15], at(2, 16))
    assert ([row.due for row in later.rows], states(later)) == (
        [at(0, 9), at(1, 9), at(2, 15)],
        ["on_time", "on_time", "on_time"],
    )


def test_a_window_that_was_open_goes_with_its_calendar() -> None:
    before = first_check("daily@09:00", [9], at(1, 8))
    assert states(before) == ["on_time", "pending"]
    after = again(before, "yearly", [9], at(1, 8.5))
    assert (after.standing.kind, after.gone, states(after)) == ("unreadable", (at(1, 9),), ["on_time"])
    assert "begins with 'yearly'" in str(after.standing.reason)


def test_a_clock_that_was_ahead_is_mended_by_the_next_check() -> None:
    ahead = first_check("daily@09:00", [9], at(3, 12))
    assert states(ahead) == ["on_time", "missing", "missing", "missing"]
    back = again(ahead, "daily@09:00", [9, 24 + 9], at(1, 12))
    assert (states(back), len(back.gone)) == (["on_time", "on_time"], 2)


def test_nobody_waits_for_an_inactive_file_and_the_watch_begins_anew() -> None:
    active = first_check("daily@09:00", [9], at(0, 12))
    seen = replace(_seen("daily@09:00", [9]), is_active=False, standing=active.standing, rows=active.rows)
    inactive = check(seen, calendars(at(5, 12)))
    assert (inactive.standing.kind, states(inactive), inactive.is_missing) == ("inactive", ["on_time"], False)
    awake = again(inactive, "daily@09:00", [9], at(8, 12))
    assert states(awake) == ["on_time"]
    assert states(again(awake, "daily@09:00", [9], at(9, 12))) == ["on_time", "missing"]


def test_the_usual_time_is_learned_and_marked() -> None:
    came = [24 * day + 9 + (day % 3) / 10 for day in range(30) if day % 7 < 5]
    found = first_check("daily", came, at(29, 12))
    assert found.standing.kind == "learned"
    assert found.standing.calendar == "daily@09:05 mon,tue,wed,thu,fri UTC -60m"
    assert all(row.is_learned for row in found.rows)
    assert states(found).count("on_time") == len(came)
    assert first_check(None, came, at(29, 12)).standing.calendar == found.standing.calendar


def test_what_comes_around_midnight_is_of_one_night_each() -> None:
    minutes = (0, 20, -20, 5, -15, 10, -5)
    came = [24 * day + 24 + minutes[day % 7] / 60 for day in range(50)]
    found = first_check("daily", came, at(51, 12))
    assert found.standing.calendar is not None
    assert found.standing.calendar.startswith("daily@00:00 UTC")
    assert set(states(found)) <= {"on_time", "missing"}
    assert states(found).count("missing") <= 1


def test_too_little_history_is_not_judged_and_says_so() -> None:
    found = first_check("daily", [24 * day + 9 for day in range(5)], at(5, 12))
    assert (found.standing.kind, found.rows) == ("not_judged", ())
    assert found.standing.reason == "came on 5 days so far; a usual time is learned from 10"


@pytest.mark.parametrize(
    ("came", "span", "said"),
    [
        ([24 * day + 5 * (day % 4) for day in range(30)], "daily", "its time varies"),
        ([100 * day * day for day in range(12)], None, "no rhythm"),
        ([24.0 * 31 * month for month in range(3)], "monthly", "a day of the month is not learned"),
        ([24 * 2 * day + 9 for day in range(30)], "daily", "comes on no day of the week regularly"),
    ],
)
def test_what_cannot_be_learned_says_why(came: list[float], span: str | None, said: str) -> None:
    found = learn([at(0, one) for one in came], span, Offsets("UTC"))  # type: ignore[arg-type]
    assert isinstance(found, NotLearned)
    assert said in found.reason


def test_a_time_around_midnight_is_one_time() -> None:
    came = [at(day, 23.9 if day % 2 else 24.05) for day in range(40)]
    found = learn(came, "hourly", Offsets("UTC"))
    assert isinstance(found, NotLearned)
    weekly = learn([at(7 * week, 23.9 if week % 2 else 23.5) for week in range(8)], None, Offsets("UTC"))
    assert isinstance(weekly, DueCalendar)
    assert (weekly.span, weekly.weekdays) == ("weekly", frozenset({0}))


def test_an_hourly_rhythm_is_learned() -> None:
    found = learn([at(0, hour + 0.2) for hour in range(24 * 14)], None, Offsets("UTC"))
    assert isinstance(found, DueCalendar)
    assert (found.span, found.minute) == ("hourly", 12)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Window], Arrivals, int]:
    spec = draw(st.sampled_from(("daily@09:00", "daily@02:30 mon-fri Europe/Berlin", "hourly@:10", "weekly@09:00 tue")))
    made = read_range(spec, public_holidays).calendar
    assert made is not None
    days = 3 if made.span == "hourly" else 30
    moment = at(draw(st.integers(0, days)), draw(st.integers(0, 23)))
    windows = [one for one in made.windows(at(0, 0), at(days, 0)) if one.start <= moment]
    came = sorted(draw(st.lists(st.integers(at(-2, 0), at(days, 0)), max_size=40)))
    named = draw(st.dictionaries(st.integers(0, 40), st.integers(at(-3, 0), at(days, 0)), max_size=5))
    return windows, Arrivals(came, named), moment


@given(histories())
def test_every_window_has_one_state_and_every_arrival_a_place(history: tuple[list[Window], Arrivals, int]) -> None:
    """Held against windows looked for one by one."""
    windows, arrivals, moment = history
    found = judge(windows, arrivals, moment)
    known = [one for one in arrivals.times if one <= moment]
    assert len(found.windows) == len(windows)
    counted = found.before + sum((one.arrived is not None) + one.duplicates + one.unexpected for one in found.windows)
    assert counted == len(known)
    for window, one in zip(windows, found.windows, strict=True):
        if one.arrived is None:
            assert one.state == ("missing" if moment > window.late_after else "pending")
        elif one.arrived > window.late_after:
            assert one.state == "late"
        else:
            assert one.state == ("early" if one.arrived < window.on_time_from else "on_time")
    for place, window in enumerate(windows):
        until = windows[place + 1].start if place + 1 < len(windows) else moment + 1
        own = [one for number, one in enumerate(known) if number not in arrivals.named and window.start <= one < until]
        if own:
            arrived = found.windows[place].arrived
            assert arrived is not None
            assert arrived <= own[0]


@given(st.lists(st.integers(0, 24 * 20), max_size=40), st.lists(st.integers(1, 24 * 20), min_size=1, max_size=4))
def test_checks_in_between_change_nothing_of_what_the_last_one_says(came: list[int], moments: list[int]) -> None:
    """Of windows that both know: when they were due, and what became of them."""
    hours = sorted(set(came))
    first = [float(one) for one in hours]
    moments = sorted(moments)
    found = None
    for moment in moments:
        known = [one for one in first if one <= moment]
        last = at(0, moment)
        found = first_check("daily@09:00", known, last) if found is None else again(found, "daily@09:00", known, last)
    assert found is not None
    at_once = first_check("daily@09:00", [one for one in first if one <= moments[-1]], at(0, moments[-1]))
    told = {row.due: _fact(row) for row in found.rows}
    for row in at_once.rows:
        if row.due in told and row.due != min(told):
            assert told[row.due] == _fact(row)


def _fact(row: Row) -> tuple[object, ...]:
    return row.state, row.arrived, row.duplicates, row.unexpected

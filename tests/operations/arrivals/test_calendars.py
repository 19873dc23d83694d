"""Calendars as people write them: what they say, what is refused, and when a file is due by them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.arrivals.calendar_text import CalendarError, read_range, written
from operations.arrivals.due_calendar import DAY, EVERY_DAY, HOUR, USUAL, DueCalendar
from operations.arrivals.public_holidays import public_holidays


def calendar(text: str) -> DueCalendar:
    found = read_range(text, public_holidays).calendar
    assert found is not None
    return found


def dues(text: str, since: str, until: str) -> list[str]:
    """When a file is due, in its own zone."""
    made = calendar(text)
    first, last = (int(datetime.fromisoformat(f"{one}+00:00").timestamp()) for one in (since, until))
    found = [one.due for one in made.windows(first, last) if one.due < last]
    return [datetime.fromtimestamp(one, ZoneInfo(made.zone)).strftime("%a %m-%d %H:%M %z") for one in found]


@pytest.mark.parametrize(
    ("text", "since", "until", "expected"),
    [
        ("daily@09:00", "2026-01-01", "2026-01-03", ["Thu 01-01 09:00 +0000", "Fri 01-02 09:00 +0000"]),
        (
            "daily@09:00 mon-fri europe/berlin",
            "2026-01-02",
            "2026-01-06",
            ["Fri 01-02 09:00 +0100", "Mon 01-05 09:00 +0100"],
        ),
        # Whit Monday, 25 May 2026, in all of Germany; Corpus Christi, 4 June, in a part of it.
        ("daily@09:00 mon except DE", "2026-05-18", "2026-06-02", ["Mon 05-18 09:00 +0000", "Mon 06-01 09:00 +0000"]),
        ("daily@09:00 thu except DE-BY", "2026-06-03", "2026-06-12", ["Thu 06-11 09:00 +0000"]),
        ("daily@09:00 thu except DE-BE", "2026-06-03", "2026-06-05", ["Thu 06-04 09:00 +0000"]),
        ("weekly@18:00 fri", "2026-01-01", "2026-01-10", ["Fri 01-02 18:00 +0000", "Fri 01-09 18:00 +0000"]),
        # Good Friday, 3 April: due the next day.
        ("weekly@18:00 fri except DE", "2026-04-01", "2026-04-08", ["Sat 04-04 18:00 +0000"]),
        ("monthly@06:00 last", "2028-02-01", "2028-04-01", ["Tue 02-29 06:00 +0000", "Fri 03-31 06:00 +0000"]),
        ("monthly@06:00 30", "2026-02-01", "2026-03-31", ["Sat 02-28 06:00 +0000", "Mon 03-30 06:00 +0000"]),
        ("monthly@06:00 1 mon-fri", "2026-02-01", "2026-03-01", ["Mon 02-02 06:00 +0000"]),
        # 02:30 is left out on 29 March and there twice on 25 October.
        (
            "daily@02:30 Europe/Berlin",
            "2026-03-28",
            "2026-03-30T12:00",
            ["Sat 03-28 02:30 +0100", "Sun 03-29 03:30 +0200", "Mon 03-30 02:30 +0200"],
        ),
        (
            "daily@02:30 Europe/Berlin",
            "2026-10-24T12:00",
            "2026-10-26T12:00",
            ["Sun 10-25 02:30 +0200", "Mon 10-26 02:30 +0100"],
        ),
        (
            "hourly@:10 Europe/Berlin",
            "2026-10-24T23:00",
            "2026-10-25T03:00",
            ["Sun 10-25 01:10 +0200", "Sun 10-25 02:10 +0200", "Sun 10-25 02:10 +0100", "Sun 10-25 03:10 +0100"],
        ),
        (
            "hourly@:10 Europe/Berlin",
            "2026-03-29T00:00",
            "2026-03-29T02:00",
            ["Sun 03-29 01:10 +0100", "Sun 03-29 03:10 +0200"],
        ),
        ("hourly@:15 Asia/Kolkata", "2026-01-01T00:00", "2026-01-01T01:00", ["Thu 01-01 06:15 +0530"]),
    ],
)
def test_a_file_is_due(text: str, since: str, until: str, expected: list[str]) -> None:
    assert dues(text, since, until) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yearly@09:00", "begins with 'yearly@09:00'; expected hourly, daily, weekly, monthly"),
        ("daily@9", "'9' is no time of a daily file; expected HH:MM"),
        ("daily@25:00", "'25:00' is no time"),
        ("hourly@09:10", "expected :MM, as in hourly@:15"),
        ("daily mon-fri", "'mon-fri' goes with a time, and none is there"),
        ("daily@09:00 Mars/Base", "'mars/base' is no day, zone, span or 'except'"),
        ("daily@09:00 mon-wed-fri", "'mon-wed-fri' is no list of days"),
        ("daily@09:00 +1h +2h", "names how late a second time"),
        ("daily@09:00 15", "'15' is no day, zone"),
        ("daily@09:00 +36h", "is on time for longer than a daily file takes"),
        ("weekly@09:00 mon,fri", "names several days for a weekly file"),
        ("daily@09:00 except", "'except' is followed by ''"),
        ("daily@09:00 except QQ", "no public holidays are known of 'QQ'"),
        ("daily@09:00 except DE-XX", "DE has no part 'XX'; expected one of BB, BE"),
        (f"daily@09:00 {'x' * 300}", "has 312 characters"),
        ("daily@09:00 \x00", "is no day, zone"),
    ],
)
def test_what_cannot_be_read_says_what_is_expected(text: str, said: str) -> None:
    with pytest.raises(CalendarError) as caught:
        read_range(text, public_holidays)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", [None, "", "  ", "daily", " Hourly ", "MONTHLY"])
def test_a_span_alone_or_nothing_leaves_the_time_to_be_learned(text: str | None) -> None:
    found = read_range(text, public_holidays)
    assert (found.span, found.calendar) == ((text or "").strip().lower() or None, None)


@given(st.text(max_size=40) | st.from_regex(r"(daily|weekly|monthly|hourly)@[0-9:]{0,5}( [a-z0-9+/-]{1,8}){0,4}"))
def test_whatever_somebody_writes_is_read_or_refused_in_a_sentence(text: str) -> None:
    said = "expected"
    try:
        read_range(text, public_holidays)
    except CalendarError as error:
        said = str(error)
    assert "expected" in said


CALENDARS = st.builds(
    DueCalendar,
    st.sampled_from(("hourly", "daily", "weekly", "monthly")),
    st.integers(0, 59),
    st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(1, 31),
    early=st.integers(1, 9).map(lambda n: n * 300),
    grace=st.integers(1, 9).map(lambda n: n * 300),
    key_days=st.integers(0, 3),
)
MOMENTS = st.integers(int(datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp()), 1_830_000_000)


@given(CALENDARS, MOMENTS, st.integers(1, 80))
def test_windows_follow_each_other_and_none_is_lost_however_they_are_asked_for(
    made: DueCalendar, since: int, days: int
) -> None:
    length = DAY * (1 if made.span == "hourly" else days)
    until = since + length
    found = [one for one in made.windows(since, until) if one.due < until]
    for one in found:
        assert one.start <= one.on_time_from <= one.due <= one.late_after
    for one, after in pairwise(found):
        assert one.start < after.start
        assert one.late_after < after.start or after.start == after.due
    middle = since + length // 2
    parts = [*made.windows(since, middle), *made.windows(middle, until)]
    assert sorted({one.due for one in parts if one.due < until}) == [one.due for one in found]
    if made.span == "hourly" and made.weekdays == EVERY_DAY:
        assert len(found) == length // HOUR


@given(CALENDARS.filter(lambda one: one.span != "weekly" or len(one.weekdays) == 1))
def test_a_calendar_is_read_as_it_is_written(made: DueCalendar) -> None:
    if made.span != "monthly":
        made = DueCalendar(made.span, made.minute, made.zone, made.weekdays, 1, made.early, made.grace)
    assert calendar(written(made)) == made


def test_a_key_names_the_window_of_its_day_or_of_so_many_days_later() -> None:
    hour = int(datetime(2026, 1, 5, 12, tzinfo=timezone.utc).timestamp()) // HOUR
    midnight = int(datetime(2026, 1, 5, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())
    assert calendar("daily@09:00 Europe/Berlin").named_hour(hour) == midnight
    assert calendar("daily@09:00 Europe/Berlin t+1").named_hour(hour) == midnight + DAY
    assert calendar("hourly@:10").named_hour(hour) == hour * HOUR


def test_what_is_usual_is_said_once_for_each_span() -> None:
    assert {one.span for one in map(calendar, ("hourly@:10", "daily@09:00", "weekly@09:00", "monthly@09:00"))} == set(
        USUAL
    )
    assert calendar("daily@09:00 -30m +2h") == DueCalendar("daily", 540, early=1800, grace=7200)
    assert calendar("weekly@09:00").weekdays == frozenset({0})
    assert date(2026, 5, 25) in public_holidays("DE")
    assert timedelta(seconds=USUAL["daily"].grace) == timedelta(hours=1)

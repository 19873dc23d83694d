"""The window comes from the last-modified or from the key."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from dq.events.key_layout import FileIdentity
from dq.events.run_window import (
    Collapse,
    NoWindow,
    RunWindow,
    WindowSource,
    find_collapses,
    key_in_run,
    window_choice,
)

IDENTITY = FileIdentity("a", "f", date(2026, 1, 4), 12, "data.csv")
UNDATED = FileIdentity("a", "f", None, None, "data.csv")
MODIFIED = datetime(2026, 1, 5, 0, 30, tzinfo=timezone(timedelta(hours=2)))


def test_last_modified_wins_by_default_and_is_taken_in_utc() -> None:
    """Half past midnight at +02:00 is 22h of the day before; the difference to the key is told."""
    window = window_choice(IDENTITY).window(MODIFIED)
    assert isinstance(window, RunWindow)
    assert (window.run_date, window.run_hour, window.source) == (date(2026, 1, 4), 22, "last_modified")
    assert window.note == "run window 2026-01-04 22h is from the object's last-modified; the key says 2026-01-04 12h"


def test_the_key_wins_when_asked_for() -> None:
    """And the note says what the last-modified would have been."""
    window = window_choice(IDENTITY, "key").window(MODIFIED)
    assert isinstance(window, RunWindow)
    assert (window.run_date, window.run_hour, window.source) == (date(2026, 1, 4), 12, "key")
    assert window.note is not None
    assert "last-modified says 2026-01-04 22h" in window.note


def test_agreement_needs_no_note() -> None:
    """The normal case stays silent."""
    agreed = datetime(2026, 1, 4, 12, 59, 59, tzinfo=timezone.utc)
    assert window_choice(IDENTITY).window(agreed) == RunWindow(date(2026, 1, 4), 12, "last_modified")


def test_the_other_source_steps_in_and_says_so() -> None:
    """Without both there is no window."""
    fallback = window_choice(IDENTITY).window(None)
    assert isinstance(fallback, RunWindow)
    assert (fallback.source, fallback.run_hour, fallback.note is None) == ("key", 12, False)
    fallback = window_choice(UNDATED, "key").window(MODIFIED)
    assert isinstance(fallback, RunWindow)
    assert (fallback.source, fallback.run_hour) == ("last_modified", 22)
    assert isinstance(window_choice(UNDATED).window(None), NoWindow)


def test_a_bulk_copy_that_would_collapse_windows_is_found() -> None:
    """Two hours of one file with one last-modified; other files and single windows are left alone."""
    copied = datetime(2026, 2, 1, 3, tzinfo=timezone.utc)
    identities = [
        FileIdentity("a", "f", date(2026, 1, 4), 12, "data.csv"),
        FileIdentity("a", "f", date(2026, 1, 4), 13, "data.csv"),
        FileIdentity("a", "f", date(2026, 1, 4), 13, "more.csv"),
        FileIdentity("b", "f", date(2026, 1, 4), 13, "data.csv"),
        UNDATED,
    ]
    expected = Collapse("a", "f", date(2026, 2, 1), 3, 2, (date(2026, 1, 4), 12), (date(2026, 1, 4), 13))
    assert collapses(identities, copied, "last_modified") == [expected]
    assert collapses(identities, copied, "key") == []


def test_windows_of_a_run_are_counted_once_each_with_the_first_and_the_last() -> None:
    copied = datetime(2026, 2, 1, 3, tzinfo=timezone.utc)
    identities = [FileIdentity("a", "f", date(2026, 1, 4), hour, f"{n}.csv") for hour in (5, 3, 9) for n in range(4)]
    (found,) = collapses(identities, copied, "last_modified")
    assert (found.windows, found.first, found.last) == (3, (date(2026, 1, 4), 3), (date(2026, 1, 4), 9))


def collapses(identities: list[FileIdentity], modified: datetime, source: WindowSource) -> list[Collapse]:
    """What would collapse of objects that were all last modified at one time."""
    windows = [(identity, window_choice(identity, source).window(modified)) for identity in identities]
    compared = [key_in_run(identity, window) for identity, window in windows if isinstance(window, RunWindow)]
    return list(find_collapses(sorted(one for one in compared if one is not None)))

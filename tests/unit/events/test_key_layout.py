"""Keys name files by template."""

from __future__ import annotations

import time
from datetime import date

import pytest

from dq.events.key_layout import FileIdentity, KeyLayouts, Unmatched


def test_the_default_template_reads_agency_file_and_window() -> None:
    """The layout of the product's own documentation."""
    found = KeyLayouts().identify("agency/tenant-a/files/file-name/2026-01-04/12/data.csv")
    assert found == FileIdentity("tenant-a", "file-name", date(2026, 1, 4), 12, "data.csv")


def test_names_may_hold_spaces_letters_of_any_script_and_template_characters() -> None:
    """A key is text, not a path and not a pattern."""
    found = KeyLayouts().identify("agency/tenant a/files/f+name (final)/2026-01-04/7/départ {1} 100%*.csv")
    assert found == FileIdentity("tenant a", "f+name (final)", date(2026, 1, 4), 7, "départ {1} 100%*.csv")


@pytest.mark.parametrize(
    "key",
    [
        "agency/a/files/f/2026-01-04/12/sub/data.csv",
        "agency/a/files/f/2026-01-04/12/",
        "agency//files/f/2026-01-04/12/data.csv",
        "/agency/a/files/f/2026-01-04/12/data.csv",
        "xagency/a/files/f/2026-01-04/12/data.csv",
        "data.csv",
        "",
    ],
)
def test_a_key_that_fits_no_template_says_which_form_is_expected(key: str) -> None:
    """`{object}` is one path segment; the reason quotes the templates."""
    found = KeyLayouts().identify(key)
    assert isinstance(found, Unmatched)
    assert "{agency_slug}" in found.reason


@pytest.mark.parametrize(
    "window", ["2026-02-30/12", "2026-01-04/24", "2026-1-4/12", "2026-01-04/noon", "٢٠٢٦-01-04/12"]
)
def test_a_date_and_hour_that_are_none_leave_the_file_and_say_what_is_wrong(window: str) -> None:
    """Whether that matters depends on where the window of a run comes from."""
    found = KeyLayouts().identify(f"agency/a/files/f/{window}/data.csv")
    assert isinstance(found, FileIdentity)
    assert (found.agency_slug, found.file_name, found.object_name) == ("a", "f", "data.csv")
    assert (found.run_date, found.run_hour) == (None, None)
    assert repr(window.partition("/")[0]) in str(found.window_problem)


def test_control_characters_are_refused_and_named() -> None:
    """They could forge log lines; the reason does not repeat them."""
    found = KeyLayouts().identify("agency/a/files/f/2026-01-04/12/da\nta.csv")
    assert found == Unmatched("the key holds the control character U+000A at position 34")


def test_the_first_template_that_fits_wins() -> None:
    """A date that is none lets the next template try."""
    layouts = KeyLayouts(
        ["{agency_slug}/{file_name}/{run_date}/{run_hour}/{object}", "{agency_slug}/{file_name}/{object:path}"]
    )
    assert layouts.identify("a/f/2026-01-04/5/x.csv") == FileIdentity("a", "f", date(2026, 1, 4), 5, "x.csv")
    assert layouts.identify("a/f/2026-13-04/5/x.csv") == FileIdentity("a", "f", None, None, "2026-13-04/5/x.csv")


def test_placeholders_may_share_a_segment() -> None:
    """Typed placeholders keep names with dashes and underscores apart from the date."""
    layouts = KeyLayouts(["in/{agency_slug}/{file_name}_{run_date}_{run_hour}.csv"])
    assert layouts.identify("in/a/my_file_x_2026-01-04_05.csv") == FileIdentity(
        "a", "my_file_x", date(2026, 1, 4), 5, ""
    )


def test_all_problems_of_all_templates_are_listed_at_once() -> None:
    """Somebody who configures sees everything in one message."""
    with pytest.raises(ValueError) as caught:
        KeyLayouts(["{agency_slug}{file_name}/{hour}", "{agency_slug}/{agency_slug}/{run_date}", "x}/{object:path}/y"])
    message = str(caught.value)
    for part in (
        "two placeholders touch",
        "unknown placeholder {hour}",
        "{agency_slug} stands there twice",
        "{file_name} is missing",
        "{run_date} and {run_hour} come together",
        "a brace has no partner",
        "{object:path} has to be the end",
    ):
        assert part in message
    with pytest.raises(ValueError, match="no template"):
        KeyLayouts([])


@pytest.mark.parametrize("key", ["_" * 1024, "in/" + "_" * 1000 + ".csv", "a_b_2026-01-04_12." + "_" * 900 + "/"])
def test_a_layout_without_slashes_costs_no_seconds_a_key(key: str) -> None:
    """Whoever announces an object chooses its key; the thread that reads it also keeps the leases."""
    layouts = KeyLayouts(
        (
            "{agency_slug}_{file_name}_{run_date}_{run_hour}.{object}",
            "in/{agency_slug}/{file_name}_{run_date}_{run_hour}.csv",
        )
    )
    began = time.process_time()
    assert isinstance(layouts.identify(key), Unmatched)
    assert time.process_time() - began < 2  # it took minutes


def test_a_layout_without_slashes_reads_what_one_with_slashes_reads() -> None:
    layouts = KeyLayouts(("{agency_slug}_{file_name}_{run_date}_{run_hour}.{object}",))
    found = layouts.identify("tenant-ä_trips_of_day_2026-01-04_7.data.csv")
    assert found == FileIdentity("tenant-ä_trips_of", "day", date(2026, 1, 4), 7, "data.csv")
    assert isinstance(layouts.identify("a_b_2026-01-04_7/x.csv"), Unmatched)
    assert isinstance(layouts.identify("a_b_2026-01-04_7.\ud800"), Unmatched)

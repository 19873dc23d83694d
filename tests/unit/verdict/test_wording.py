"""Numbers and foreign text in sentences for people."""

from fractions import Fraction

import pytest

from dq.checks.wording import count, listed, on_one_line, percent, points


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (Fraction(0), "0.0%"),
        (Fraction(1, 10**9), "under 0.1%"),
        (Fraction(3, 100), "3.0%"),
        (Fraction(9999999, 10**7), "over 99.9%"),
        (Fraction(1), "100.0%"),
    ],
)
def test_a_share_never_rounds_to_nothing_or_to_all(share: Fraction, text: str) -> None:
    assert percent(share) == text


def test_counts_have_separators_and_a_noun_in_the_right_number() -> None:
    assert (count(1, "row"), count(0, "row"), count(5_000_000, "row"), count(1234)) == (
        "1 row",
        "0 rows",
        "5,000,000 rows",
        "1,234",
    )


@pytest.mark.parametrize(
    ("deduction", "text"),
    [(Fraction(8), "8"), (Fraction(10, 3), "3.33"), (Fraction(25, 2), "12.5"), (Fraction(1, 999), "under 0.01")],
)
def test_points_are_short(deduction: Fraction, text: str) -> None:
    assert points(deduction) == text


def test_long_lists_say_how_many_are_left_out() -> None:
    assert listed([str(number) for number in range(1007)]) == "0, 1, 2, 3, 4 and 1,002 more"


def test_text_from_a_file_stays_on_its_line_and_within_its_length() -> None:
    assert on_one_line("a\r\nb\x1b[31m\u2029c") == "a  b [31m c"
    assert on_one_line("x" * 100) == "x" * 79 + "…"

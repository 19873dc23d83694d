"""The page on rows: its examples say what they say."""

from __future__ import annotations

import doctest
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_every_example_says_what_the_page_says() -> None:
    page = doctest.testfile(str(_ROOT / "docs/rows.md"), module_relative=False)
    assert page.attempted > 10
    assert page.failed == 0

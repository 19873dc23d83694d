"""What looks wrong with a file that came without a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dq.suggestions.dialect import find_dialect
from dq.suggestions.suspicions import suspicions
from tests.unit.report.files import kept_verdict

if TYPE_CHECKING:
    from pathlib import Path


def _said(folder: Path, text: str) -> str:
    path = folder / "file.csv"
    path.write_text(text, encoding="utf-8")
    profile = kept_verdict(path, None).profile
    assert profile is not None
    return "\n".join(suspicions(profile, find_dialect(path.read_bytes())))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n1;2\n", "a definition has to say delimiter ';'"),
        ("a,b\n1,2\n3\n", "1 row of 2 cannot be parsed"),
        ("a,a\n1,2\n", "names stand in the header more than once: a"),
        ("a,b\n", "there is a header and no row"),
        ("a,b\n,2\n,3\n", "a: is empty in every row"),
        ("a,b\n" + "x,1\n" * 30, "a: has the same value in every row"),
        ("a,b\n x ,1\n", "a: has blanks around values, such as ' x '"),
        ("a\ncard\nCard\n", "a: has values that differ in their case alone: card, Card"),
        ("a\n1\n2\nN/A\n", "a: looks like a integer; N/A may stand for nothing"),
        ("a\nx\nN/A\ny\n", "a: has values that may stand for nothing: N/A"),
        ("a\n31/12/2025\n15/01/2026\n", "a: looks like a date written as %d/%m/%Y"),
        ('a\n"1.200,50"\n"7,00"\n', "a: looks like numbers with marks that are not read, such as 1.200,50"),
        ("a\nGrÃ¶ÃŸe\n", "a: has text that was decoded twice"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in _said(tmp_path, text)


def test_of_a_good_file_nothing_is_said(tmp_path: Path) -> None:
    assert _said(tmp_path, "id,name\n1,Ada\n2,Grace\n3,Linus\n") == ""

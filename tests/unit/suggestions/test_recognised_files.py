"""What `check_file` says of a file without a definition, whatever the file is."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from jobs.running.settings import read_settings
from jobs.suggesting.own_file import open_own_file
from jobs.suggesting.recognised import recognised, recognised_report
from tests.golden_cases import GoldenCase, golden_cases
from tests.unit.report.files import kept_verdict

if TYPE_CHECKING:
    from pathlib import Path

    from jobs.suggesting.recognised import Recognised


def _recognised(path: Path) -> Recognised:
    profile = kept_verdict(path, None).profile
    assert profile is not None
    with open_own_file(str(path), read_settings(env_file=None)) as file:
        return recognised(file, profile)


def _shown(path: Path, found: Recognised, *, width: int, bars: bool) -> str:
    said = io.StringIO()
    Console(file=said, width=width).print(recognised_report(path.name, found, width=width, bars=bars))
    return said.getvalue()


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.name)
def test_every_golden_file_is_recognised(case: GoldenCase) -> None:
    found = _recognised(case.path)
    shown = _shown(case.path, found, width=200, bars=False)
    assert shown.startswith(f"{case.path.name}: ")
    assert "what looks wrong" in shown or "nothing looks wrong" in shown
    assert json.loads(json.dumps(found.written())).keys() == {"format", "dialect", "suspicions"}
    assert all(f"{column['name']}"[:10] in shown for column in found.payload["statisticalSummary"]["columns"])


def test_a_wide_terminal_has_bars_and_a_pipe_plain_lines(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text("number\n" + "\n".join(str(at * at) for at in range(200)) + "\n")
    found = _recognised(path)
    assert "█" in _shown(path, found, width=140, bars=True)
    assert "█" not in _shown(path, found, width=80, bars=True)
    plain = _shown(path, found, width=200, bars=False)
    assert not set("█┃│━") & set(plain)


def test_a_tab_separated_file_needs_no_dialect_where_its_name_says_so(tmp_path: Path) -> None:
    for name, dialect in (("a.tsv", {}), ("a.csv", {"delimiter": "\t"})):
        (tmp_path / name).write_text("a\tb\n1\t2\n3\t4\n")
        assert _recognised(tmp_path / name).dialect == dialect


def test_values_cannot_leave_their_line_on_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("a\x1b[31m,b\n\x1b[2J,\u202eevil\n\x1b]0;title\x07,x\n", encoding="utf-8")
    shown = _shown(path, _recognised(path), width=200, bars=True)
    assert not set("\x1b\x07\u202e") & set(shown)

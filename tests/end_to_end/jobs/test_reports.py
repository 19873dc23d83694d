"""Pages of runs, and definitions from kept profiles, out of a database that the intake filled."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from dq.definitions import load_definition
from tests.end_to_end.landing import Landing, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.command_line import CommandLine

DEFINITION = {
    "fields": [
        {"name": "id", "type": "integer", "required": True, "unique": True},
        {"name": "driver", "sensitive": True},
        {"name": "fare", "type": "number", "min": 0},
    ]
}
SECRET = "driver-canary"


def _rows(first: int, fare: str = "2.5") -> bytes:
    lines = [f"{number},{SECRET}-{number},{fare if number % 10 else '3.5'}" for number in range(first, first + 100)]
    return "\n".join(["id,driver,fare", *lines, ""]).encode()


@pytest.fixture
def two_runs(landing: Landing) -> Landing:
    """One file in two hours, of which the second has negative fares; and one that nobody judged yet."""
    landing.configure(definition=DEFINITION)
    landing.configure("<b>odd & co</b>", definition=None)
    landing.announce(landing.put(key_of(hour=10), _rows(0)))
    landing.announce(landing.put(key_of(hour=11), _rows(100, fare="-2.5")))
    landing.process()
    return landing


def test_an_agency_has_an_overview_and_a_page_a_file_with_what_is_new(
    two_runs: Landing, command_line: CommandLine, tmp_path: Path
) -> None:
    ran = command_line.run("report", "--agency", "tenant-a", "--out", "pages")
    assert (ran.code, two_runs.states()) == (0, dict.fromkeys(two_runs.states(), "done"))
    index = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    (name,) = set(re.findall(r'href="(trips-[0-9a-f]{8}\.html)"', index))
    page = (tmp_path / "pages" / name).read_text(encoding="utf-8")
    assert 'href="index.html"' in page
    assert "The score went from 100 to" in page
    assert "2026-01-04 10h" in page
    assert page.count("<circle class=") == 4  # the ring, and a dot for each run
    assert "values below the minimum" in page
    assert SECRET not in page + index
    before = {path.name: path.read_bytes() for path in (tmp_path / "pages").iterdir()}
    assert command_line.run("report", "--agency", "tenant-a", "--out", "pages").code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "pages").iterdir()} == before


def test_a_run_has_its_page_and_an_unknown_one_is_named(
    two_runs: Landing, command_line: CommandLine, tmp_path: Path
) -> None:
    run = two_runs.verdicts()[0].run_id
    assert command_line.run("report", "--run", str(run), "--out", "pages").code == 0
    assert f"run-{run}.html" in {path.name for path in (tmp_path / "pages").iterdir()}
    for unknown in ("999999", "x'; DROP TABLE", "../../etc", "9" * 40):
        ran = command_line.run("report", "--run", unknown, "--out", "pages")
        assert (ran.code, "there is no run" in ran.err) == (2, True)
    ran = command_line.run("report", "--agency", "nobody", "--out", "pages")
    assert (ran.code, "no file of agency 'nobody' has a verdict" in ran.err) == (2, True)


def test_kept_profiles_suggest_a_definition_and_say_which_files_would_have_failed_it(
    two_runs: Landing, command_line: CommandLine, tmp_path: Path
) -> None:
    assert len(two_runs.verdicts()) == 2
    ran = command_line.run("suggest_definition", "--runs", "tenant-a/trips", "--out", "def.json", "--json", "all.json")
    assert ran.code == 0
    definition = json.loads((tmp_path / "def.json").read_text())
    assert load_definition(definition).warnings == ()
    assert {field["name"]: field.get("type") for field in definition["fields"]} == {
        "id": "integer",
        "driver": "any",
        "fare": "number",
    }
    result = json.loads((tmp_path / "all.json").read_text())
    assert result["backtest"]["files"] == 2
    assert result["backtest"]["failing"] == 0
    assert SECRET not in json.dumps(result)


def test_a_definition_suggested_for_a_file_is_tested_by_the_runs_before_it(
    two_runs: Landing, command_line: CommandLine, tmp_path: Path
) -> None:
    assert len(two_runs.verdicts()) == 2
    (tmp_path / "new.csv").write_bytes(_rows(0))
    ran = command_line.run("suggest_definition", "new.csv", "--runs", "tenant-a/trips", "--json", "all.json")
    assert ran.code == 0
    result = json.loads((tmp_path / "all.json").read_text())
    broken = {(rule["field"], rule["rule"]): rule["broken"] for rule in result["backtest"]["rules"]}
    assert broken["fare", "min"] == 1
    assert result["backtest"]["failing"] == 1

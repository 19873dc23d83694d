"""The bench runs: tiny files, every kind of program, no word about time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from tests.bench.__main__ import main
from tests.bench.inputs import TRIP_FIELDS, Inputs
from tests.bench.report.baseline import comparison, read_baseline, write_baseline
from tests.bench.report.figures import Figure, Report, markdown_table, read_report

if TYPE_CHECKING:
    from pathlib import Path


#: What works measure, by the works; those of a night take processes and sessions of their own.
BY_DAY = {
    "inbox": {"inbox/lost", "inbox/status", "inbox/claim", "inbox/add"},
}
BY_NIGHT = {
    "narrow_csv": {"csv/auto", "csv/auto-duckdb", "csv/spark", "csv/local"},
    "frames": {"frames/check"},
    "findings": {"rows/findings-csv", "rows/findings-parquet"},
    "lake": {"lake/csv", "lake/csv-keys", "lake/csv-memory", "lake/commit"},
    "etl": {"etl/flow"},
    "agencies": {"agencies/copies", "agencies/again", "agencies/employment", "agencies/employment-memory"},
    "api": {"api/ingest"},
    "citizens": {"citizens/first", "citizens/second", "citizens/rollback", "citizens/memory"},
}


@pytest.mark.parametrize("works", [BY_DAY, pytest.param(BY_NIGHT, marks=pytest.mark.night)], ids=["day", "night"])
def test_a_tiny_bench_measures_each_lane_against_its_peer_and_keeps_the_results(
    works: dict[str, set[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = [word for work in works for word in ("--only", work)]
    assert main(["run", "--tiny", "--folder", str(tmp_path), *only]) == 0
    report = read_report(tmp_path / "results.json")
    ours = {one.name: one.ours for one in report.figures}
    assert set().union(*works.values()) <= set(ours)
    ratios = {one.name: one.ratio for one in report.figures}
    compared = {"csv/auto", "frames/check", "rows/findings-csv", "etl/flow", "agencies/copies", "api/ingest"}
    assert all(ratios[name] for name in compared & set(ours))
    assert ours.get("inbox/lost", 1) == 1
    if "narrow_csv" in works:
        shown = capsys.readouterr().out
        assert "Spark's bare read" in shown
        assert "1.3" in shown


def test_the_same_file_is_made_every_time(tmp_path: Path) -> None:
    one, other = (Inputs(tmp_path / name).trips_csv(1_000).read_bytes() for name in ("one", "other"))
    assert one == other
    assert one.count(b"\n") == 1_001
    assert one.split(b"\n", 1)[0].count(b",") == len(TRIP_FIELDS) - 1


def test_the_comparison_names_what_became_worse_and_what_is_new(tmp_path: Path) -> None:
    before = Report({}, [_figure("csv/auto", 0.8), _figure("csv/spark", 2.0)], [])
    now = Report({}, [_figure("csv/auto", 1.2), _figure("csv/spark", 2.05), _figure("csv/local", 1.0)], [])
    write_baseline(before, tmp_path / "baseline.json")
    kept = read_baseline(tmp_path / "baseline.json")
    assert kept == {"csv/auto": 0.8, "csv/spark": 2.0}
    console = Console(width=120, record=True, file=(tmp_path / "out").open("w"))
    console.print(comparison(kept, now))
    console.file.close()
    lines = {line.split()[1]: line for line in console.export_text().splitlines() if "csv/" in line}
    assert "+50%" in lines["csv/auto"]
    assert "worse" in lines["csv/auto"]
    assert "worse" not in lines["csv/spark"]
    assert "new" in lines["csv/local"]


def test_a_missed_bound_is_said_in_the_table() -> None:
    missed = Figure("csv/auto", "a file", 2.0, peer_name="peer", peer=1.0, ratio=2.0, must=1.3, aim=0.9)
    met = Figure("memory/task", "a task", 390.0, unit="MiB", must=600, aim=400)
    table = markdown_table([missed, met])
    assert "| 1.3 missed | 0.9 missed |" in table
    assert "| 390 MiB |  |  |  | 600 MiB | 400 MiB |" in table


def test_results_of_another_version_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    Report({"cores": 2}, [_figure("csv/auto", 0.8)], ["a note"]).write(path)
    found = json.loads(path.read_text())
    found["figures"][0]["later"] = 1
    path.write_text(json.dumps(found))
    assert read_report(path).figures[0].ratio == 0.8


def _figure(name: str, ratio: float) -> Figure:
    return Figure(name, "a file", ratio, peer_name="peer", peer=1.0, ratio=ratio)

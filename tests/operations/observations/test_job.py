"""The job: what it prints, its line of the audit, and that two do not observe at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from etl_core.postgres.locks import held
from jobs.registry import load_job
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import run_job
from tests.databases import login
from tests.operations.observations.landscape import add_file, add_run

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine


def _set(monkeypatch: pytest.MonkeyPatch, database: Engine) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False))


def test_it_prints_what_is_unusual_and_leaves_its_line(
    database: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _set(monkeypatch, database)
    file, job = add_file(database, "halved"), load_job("observe")
    for day in range(20):
        add_run(database, file, day)
    assert run_job(job, ["--at", "2026-01-25"]) == ExitCode.OK
    assert "20 runs of 1 files: 20 observed" in capsys.readouterr().out
    add_run(database, file, 20, size=400)
    assert run_job(job, ["--at", "2026-01-26", "--json"]) == ExitCode.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["observed"], told["figures"]) == (1, {"normal": 1, "not_run": 2, "unusual": 1})
    assert [(one["run"], one["metric"], one["value"]) for one in told["unusual"]] == [
        ("harbour/halved 2026-01-25 06h", "size", 400.0)
    ]
    with database.connect() as connection:
        lines = connection.execute(text("SELECT status, message FROM pipeline.audit WHERE job = 'observe' ORDER BY at"))
        assert [(line.status, line.message.endswith("1 unusual")) for line in lines] == [
            ("succeeded", False),
            ("succeeded", True),
        ]


def test_a_dry_run_needs_a_readers_rights_and_changes_nothing(
    database: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, job = add_file(database, "halved"), load_job("observe")
    for day in range(20):
        add_run(database, file, day, size=400 if day == 19 else 1000)
    with login(database, "pipeline_reader") as reader:
        _set(monkeypatch, reader)
        assert run_job(job, ["--at", "2026-01-25", "--dry-run"]) == ExitCode.OK
        assert run_job(job, ["--at", "2026-01-25"]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert "20 observed" in told.out
    assert "1 unusual" in told.out
    assert "no line in pipeline.audit" not in told.err
    with database.connect() as connection:
        for table in ("observation", "observed_file", "observation_progress"):
            assert connection.execute(text(f"SELECT 1 FROM pipeline.{table}")).first() is None
    _set(monkeypatch, database)
    monkeypatch.setenv("METRICS_FILE", str(tmp_path / "observe.prom"))
    assert run_job(job, ["--at", "2026-01-25"]) == ExitCode.OK
    figures = (tmp_path / "observe.prom").read_text()
    assert 'pipeline_observed_runs_total{outcome="observed"} 20.0' in figures
    assert 'pipeline_observed_figures_total{state="unusual"} 1.0' in figures


def test_while_one_observes_another_is_told_to_come_back(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, database)
    with held(database, "observe"):
        assert run_job(load_job("observe"), []) == ExitCode.TRY_AGAIN


def test_a_time_that_is_none_is_refused(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, database)
    with pytest.raises(SystemExit) as caught:
        run_job(load_job("observe"), ["--at", "soon"])
    assert caught.value.code == ExitCode.USAGE

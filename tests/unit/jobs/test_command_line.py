"""Finding and running jobs from the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from etl_core.errors import UsageError
from jobs.cli import main
from jobs.registry import job_names, load_job


def test_every_job_of_the_registry_has_a_description_of_one_line() -> None:
    for name in job_names():
        job = load_job(name)
        assert job.description
        assert "\n" not in job.description
        assert callable(job.entrypoint)


def test_the_jobs_users_were_promised_are_there() -> None:
    promised = {
        "watch_files",
        "process_file",
        "backfill",
        "replay_events",
        "check_file",
        "migrate",
        "inbox",
        "reconcile",
        "demo",
    }
    assert promised <= set(job_names())


def test_list_names_every_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == list(job_names())


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["check_file", "--help"], ["watch_files", "--help"]])
def test_help_and_list_import_nothing_heavy(arguments: list[str]) -> None:
    """They answer at once, on a machine without Java too."""
    program = (
        "import sys; from jobs.cli import main\n"
        f"try: code = main({arguments!r})\n"
        "except SystemExit as stop: code = stop.code\n"
        "heavy = {'pyspark', 'boto3', 'sqlalchemy', 'polars', 'pyarrow', 'numpy', 'pandas', 'moto'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)), 'code:', code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: [] code: 0"


@pytest.mark.parametrize("arguments", [["wach_files"], ["run", "wach_files"], ["run", "wach_files", "--", "--once"]])
def test_an_unknown_job_ends_with_2_and_names_the_nearest(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert "watch_files" in json.loads(captured.err)["message"]
    assert captured.out == ""


def test_a_job_that_resembles_none_gets_the_whole_list() -> None:
    with pytest.raises(UsageError, match=r"there are .*watch_files"):
        load_job("zzz")


@pytest.mark.parametrize("name", ["../cli", "registry", "cli", "", "log", "os"])
def test_a_module_that_is_no_job_cannot_be_run(name: str) -> None:
    with pytest.raises(UsageError):
        load_job(name)


def test_dashes_are_as_good_as_underscores() -> None:
    assert load_job("watch-files") == load_job("watch_files")


@pytest.mark.parametrize("arguments", [[], ["run"], ["list", "extra"]])
def test_an_incomplete_command_line_ends_with_2(arguments: list[str]) -> None:
    assert main(arguments) == 2

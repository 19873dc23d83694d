"""Errors become exit codes and one line each."""

from __future__ import annotations

import json
import logging
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from dq.errors import DefinitionError
from etl_core.errors import (
    CatalogueError,
    DatabaseUnavailableError,
    ObjectGoneError,
    QueueUnavailableError,
    SettingsError,
    StorageUnavailableError,
    UsageError,
)
from etl_core.log.set_up import configure_logging
from etl_core.spark.java_process import java_gone
from jobs.running.exit_codes import run_entrypoint

if TYPE_CHECKING:
    from collections.abc import Callable


def raising(error: BaseException) -> Callable[[list[str]], int]:
    def entrypoint(_argv: list[str]) -> int:
        raise error

    return entrypoint


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("settings", ["READER: no"]), 2),
        (CatalogueError("tables", ["a is missing"]), 2),
        (DefinitionError("definition", ["bad"]), 2),
        (UsageError("no"), 2),
        (StorageUnavailableError("no"), 75),
        (DatabaseUnavailableError("no"), 75),
        (QueueUnavailableError("no"), 75),
        (ObjectGoneError("gone"), 1),
        (RuntimeError("nobody foresaw this"), 1),
        (KeyboardInterrupt(), 75),
    ],
)
def test_each_error_has_its_exit_code(error: BaseException, code: int) -> None:
    configure_logging()
    assert run_entrypoint(raising(error), []) == code


def test_an_entrypoints_own_code_is_kept() -> None:
    assert run_entrypoint(len, ["a"]) == 1


def test_all_problems_are_listed_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    run_entrypoint(raising(SettingsError("settings", ["READER: wrong", "LOG_LEVEL: wrong"])), [])
    (line,) = capsys.readouterr().err.splitlines()
    found = json.loads(line)
    assert found["problems"] == ["READER: wrong", "LOG_LEVEL: wrong"]
    assert (found["error"], found["error_type"]) == ("READER: wrong; LOG_LEVEL: wrong", "SettingsError")


def test_an_unexpected_error_is_one_line_with_a_hint_and_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    run_entrypoint(raising(ZeroDivisionError("odd")), [])
    (line,) = capsys.readouterr().err.splitlines()
    assert (json.loads(line)["error"], json.loads(line)["error_type"]) == ("odd", "ZeroDivisionError")
    assert "LOG_LEVEL=DEBUG" in line
    assert "Traceback" not in line


@pytest.mark.parametrize("error", [ConnectionRefusedError(111, "refused"), RuntimeError("whatever follows from it")])
def test_where_sparks_jvm_has_gone_whatever_follows_is_75_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    configure_logging()
    with subprocess.Popen(["sleep", "60"]) as jvm:
        monkeypatch.setattr("pyspark.SparkContext._gateway", SimpleNamespace(proc=jvm))
        assert java_gone() is None
        jvm.kill()
        jvm.wait()
        assert run_entrypoint(raising(error), []) == 75
    assert "Spark's JVM has ended (killed by signal 9)" in capsys.readouterr().err


def test_at_debug_level_the_trace_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG")
    run_entrypoint(raising(ZeroDivisionError("odd")), [])
    assert "Traceback" in capsys.readouterr().err
    logging.getLogger().setLevel(logging.WARNING)

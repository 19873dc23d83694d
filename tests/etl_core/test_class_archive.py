"""Spark's classes are mapped in from the file that set-up made; one that does not fit costs nothing but time."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from etl_core.spark import class_archive
from etl_core.spark.jars import spark_home

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _submit(options: str, tmp_path: Path) -> tuple[str, str]:
    """What `spark-submit --version` prints on stdout, and the log of the classes it loaded."""
    log = tmp_path / "classes.log"
    environment = {**os.environ, "SPARK_SUBMIT_OPTS": f"{options} -Xlog:class+load:file={log}"}
    command = [str(spark_home() / "bin" / "spark-submit"), "--version"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout, log.read_text()


def test_classes_come_from_the_file(tmp_path: Path) -> None:
    assert class_archive.is_current()
    _, loaded = _submit(class_archive.archive_options(), tmp_path)
    [line] = [line for line in loaded.splitlines() if " org.apache.spark.deploy.SparkSubmit " in line]
    assert line.endswith("source: shared objects file (top)")


def test_a_file_that_does_not_fit_is_passed_over_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_archive, "beside_the_jars", lambda: tmp_path)
    assert not class_archive.archive_options()
    (tmp_path / "classes.jsa").write_bytes(b"of another Java" * 1000)
    assert not class_archive.is_current()
    stdout, loaded = _submit(class_archive.archive_options(), tmp_path)
    assert not stdout
    assert "SparkSubmit source: file:" in loaded

"""A stdout without a reader ends no job."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.console.output import LastingOutput, outlast_reader

if TYPE_CHECKING:
    import pytest

PROGRAM = """
import sys
from jobs.console.output import outlast_reader
outlast_reader()
for number in range(100_000):
    print("line", number)
sys.stderr.write("done")
"""


def test_a_job_whose_reader_goes_away_is_done_all_the_same() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        text=True,
    ) as job:
        assert job.stdout is not None
        assert job.stderr is not None
        assert job.stdout.readline() == "line 0\n"
        job.stdout.close()
        assert job.stderr.read() == "done"
    assert job.returncode == 0


def test_a_stdout_that_somebody_put_in_its_place_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    other = io.StringIO()
    monkeypatch.setattr("sys.stdout", other)
    outlast_reader()
    assert sys.stdout is other
    assert not isinstance(sys.stdout, LastingOutput)

"""Whole processes, from the shell's call to their end: imports are most of what a small file costs."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.bench.contestant import ROOT, Sample

if TYPE_CHECKING:
    from pathlib import Path


def check_file(path: Path, definition: Path) -> Sample:
    """`check_file` as a user calls it."""
    return _timed([sys.executable, "-m", "jobs.cli", "check_file", str(path), "--schema", str(definition)])


def summarize_file(path: Path) -> Sample:
    """An interpreter that imports DuckDB and has it profile the file."""
    program = "import sys, duckdb; duckdb.sql(f\"SUMMARIZE FROM '{sys.argv[1]}'\").fetchall()"
    return _timed([sys.executable, "-c", program, str(path)])


def _timed(command: list[str]) -> Sample:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Sample(seconds, cpu, {}, {})

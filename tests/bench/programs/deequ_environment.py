"""The throw-away environment that PyDeequ needs: it supports no PySpark of our years."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BUILD = ("setuptools<81", "wheel")  # that PySpark comes as source and builds with setuptools
_PACKAGES = ("pyspark==3.5.7", "pydeequ==1.7.0", "numpy<2", "pandas<3", "psutil")
_SECONDS = 600


class NoDeequError(Exception):
    """The environment cannot be made here; the message says why, in a sentence."""


def deequ_python(tools: Path) -> Path:
    """The interpreter of the environment under `tools`, made when it is not there.

    Raises:
        NoDeequError: packages cannot be fetched, or that takes too long.
    """
    folder = tools / "deequ"
    python, finished = folder / "bin" / "python", folder / "finished"
    if finished.exists():
        return python
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([*pip, *_BUILD])
        _run([*pip, "--no-build-isolation", *_PACKAGES])
    except subprocess.CalledProcessError as error:
        last = (error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise NoDeequError(f"PyDeequ is skipped: its environment cannot be made ({last})") from error
    except subprocess.TimeoutExpired as error:
        raise NoDeequError(f"PyDeequ is skipped: its environment was not ready after {_SECONDS} s") from error
    finished.touch()
    return python


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)

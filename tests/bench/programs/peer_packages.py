"""Packages that only a peer needs, in a folder of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 300


class NoPeerError(Exception):
    """They cannot be fetched here; the message says why, in a sentence."""


def peer_packages(folder: Path, *packages: str) -> Path:
    """The folder with the packages and what they need, made when it is not there.

    Raises:
        NoPeerError: they cannot be fetched, or that takes too long.
    """
    finished = folder / "finished"
    if finished.exists():
        return folder
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run(
            [*command, "--target", str(folder), *packages], check=True, capture_output=True, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise NoPeerError(f"{', '.join(packages)} is skipped: it cannot be installed ({last})") from error
    except subprocess.TimeoutExpired as error:
        raise NoPeerError(f"{', '.join(packages)} is skipped: it was not there after {_SECONDS} s") from error
    finished.touch()
    return folder

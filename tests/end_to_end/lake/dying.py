"""A job that is killed by the system (SIGKILL) at a place: `python -m tests.end_to_end.lake.dying PLACE JOB...`.

PLACE is the name of a function of loading and how often it is called before: `replace_runs:1` lets the first call of it
return and dies at the beginning of the second.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from jobs.cli import main
from pipelines.lake.lifting import load_objects

if TYPE_CHECKING:
    from collections.abc import Callable


def dying(function: Callable[..., object], calls: int) -> Callable[..., object]:
    """A function in whose next call after so many the process is killed."""
    left = calls

    def called(*arguments: object, **options: object) -> object:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return function(*arguments, **options)

    return called


if __name__ == "__main__":
    name, _, calls = sys.argv[1].partition(":")
    setattr(load_objects, name, dying(getattr(load_objects, name), int(calls)))
    sys.exit(main(sys.argv[2:]))

"""`run_pipeline` that dies by SIGKILL at one of its commits: `python -m ... MOMENT NUMBER STEP ARGS...`.

The moment is `commit`, right before the server hears of it, or `committed`, right after it has answered.
"""

from __future__ import annotations

import os
import signal
import sys

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

from pipelines.citizens.run_pipeline import main

seen = 0


def count() -> bool:
    """Whether this is the one."""
    global seen  # noqa: PLW0603 - a program of one run
    seen += 1
    return seen > int(sys.argv[2])


def die() -> None:
    """Die as a machine that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


def at_commit(_connection: object) -> None:
    """Die before the server hears of the commit."""
    if count():
        die()


def committed(self: DefaultDialect, connection: object) -> None:
    """Commit, and die."""
    plain(self, connection)  # type: ignore[no-untyped-call]
    if count():
        die()


plain = DefaultDialect.do_commit
if __name__ == "__main__":
    if sys.argv[1] == "commit":
        event.listen(Engine, "commit", at_commit)
    else:
        DefaultDialect.do_commit = committed  # type: ignore[method-assign]
    sys.exit(main(sys.argv[3:]))

"""What tests of jobs in processes of their own share."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.end_to_end.landing import Landing


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until a condition holds, at most so many seconds: longer means that it never will."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def inherited() -> dict[str, str]:
    """What a shell would hand on."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME", "TZ") if name in os.environ}


@contextmanager
def blocked_verdicts(landing: Landing) -> Iterator[None]:
    """Nobody can write a verdict while the block runs: who has claimed rows holds them."""
    with landing.database.connect() as connection:
        connection.execute(text("LOCK TABLE reporting.monitoring_file_data_quality IN ACCESS EXCLUSIVE MODE"))
        yield
        connection.rollback()

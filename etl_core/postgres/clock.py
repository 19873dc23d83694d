"""The database's time: what all processes that share a ledger agree on, whatever the clocks of their machines say."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

#: How long the time is counted on from what the database said. Clocks drift by some milliseconds meanwhile.
_SECONDS = 60.0


def seconds_passed() -> float:
    """Seconds since some moment, those included in which the machine slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class DatabaseClock:
    """Tells the present, aware, in the database's time.

    The database is asked on the first use and about once a minute; in between the seconds that passed are added. They
    are also for as long as it does not answer later on: whoever needs it will say so.

    Args:
        engine: of `etl_core.postgres.database.connect`.
        passed: counts seconds.
    """

    def __init__(self, engine: Engine, passed: Callable[[], float] = seconds_passed) -> None:
        self._engine, self._passed = engine, passed
        self._told: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """The present.

        Raises:
            PipelineError: the database was never reached.
        """
        told = self._told
        if told is None or self._passed() - told[1] >= _SECONDS:
            told = self._told = self._ask(told)
        moment, at = told
        return moment + timedelta(seconds=self._passed() - at)

    def _ask(self, told: tuple[datetime, float] | None) -> tuple[datetime, float]:
        before = self._passed()
        try:
            with self._engine.connect() as connection:
                moment: datetime = connection.scalars(select(func.clock_timestamp())).one()
        except PipelineError:
            if told is None:
                raise
            return told[0] + timedelta(seconds=before - told[1]), before
        return moment, before

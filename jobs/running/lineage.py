"""Lineage is told beside a job's work: now and then while it runs, and once more when it has ended.

What is told comes from the account, never from the work itself: an endpoint that is away stops nothing and loses
nothing. All of it happens in one thread, which a job that has ended waits for so many seconds and no more.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import PipelineError
from operations.lineage.settings import LineageSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl_core.settings import Settings
    from jobs.running.job_run import JobRun
    from operations.lineage.telling.senders import Sender
    from operations.lineage.telling.turn import Lines, Turn

log = structlog.get_logger()

_EVERY_SECONDS = 30.0


class Teller:
    """Tells the lineage of some accounts, in a thread of its own.

    Args:
        settings: where to, and for how long after the end.
        sender: opens the way there.
        every: seconds between turns while the job runs.
    """

    def __init__(self, settings: LineageSettings, sender: Callable[[], Sender], every: float = _EVERY_SECONDS) -> None:
        self._settings, self._open, self._every = settings, sender, every
        self._accounts: list[Callable[[], Lines | None]] = []
        self._ending, self._until = threading.Event(), float("inf")
        self._said: str | None = None
        self._thread = threading.Thread(target=self._repeat, name="lineage", daemon=True)

    def also(self, account: Callable[[], Lines | None]) -> None:
        """Tell of an account, too; it is opened for each turn, and None while it cannot be."""
        self._accounts.append(account)

    def start(self) -> None:
        """Begin; the first turn comes after a while."""
        self._thread.start()

    def finish(self) -> None:
        """Have a last turn, and wait for it as long as the settings say; what is not told then others tell."""
        self._until = time.monotonic() + self._settings.openlineage_seconds
        self._ending.set()
        self._thread.join(self._settings.openlineage_seconds)
        if self._thread.is_alive():
            log.warning("lineage is told by the next job: there was no time left")

    def _repeat(self) -> None:
        while not self._ending.wait(self._every):
            self._turn()
        self._turn()

    def _is_over(self) -> bool:
        return time.monotonic() >= self._until

    def _turn(self) -> None:
        try:
            from operations.lineage.telling.turn import tell

            sender = self._open()
            try:
                for account in self._accounts:
                    lines = account()
                    if lines is not None:
                        self._say(tell(lines, sender, lambda: datetime.now(timezone.utc), self._is_over))
            finally:
                sender.close()
        except PipelineError as error:
            self._warn(str(error))
        except ModuleNotFoundError as error:
            self._warn(f"the package {error.name} is not installed; pip install 'pipeline-processing[operations]'")
        except Exception as error:  # noqa: BLE001 - whatever it is, the job's work goes on
            self._warn(type(error).__name__)

    def _say(self, turn: Turn) -> None:
        if turn.given_up:
            log.warning("lineage was given up", lines=turn.given_up, days=self._settings.openlineage_keep)
        if turn.told:
            log.info("lineage was told", lines=turn.told, refused=turn.refused, unfit=turn.unfit)
        if turn.away is not None:
            self._warn(turn.away)
        elif turn.told:
            self._said = None

    def _warn(self, why: str) -> None:
        """Say once why nothing is told, not at every turn."""
        if why != self._said:
            log.warning("lineage is not told, and waits", error=why)
        self._said = why


def begin_telling(run: JobRun, settings: Settings) -> None:
    """Have the account of a run told while it runs and when it has ended, where the settings name somebody to tell."""
    own = settings[LineageSettings]
    if not own.is_told or run.lineage is not None:
        return
    teller = Teller(own, lambda: _sender(own))
    teller.also(lambda: _audit_lines(run, settings))
    run.lineage = teller
    teller.start()


def _sender(own: LineageSettings) -> Sender:
    from operations.lineage.telling.senders import FileSender, HttpSender

    if own.openlineage_url is None:
        return FileSender(own.openlineage_file or "", own.openlineage_namespace)
    key = None if own.openlineage_api_key is None else own.openlineage_api_key.get_secret_value()
    return HttpSender(own.openlineage_url, key, own.openlineage_namespace, own.openlineage_seconds)


def _audit_lines(run: JobRun, settings: Settings) -> Lines | None:
    from jobs.running.lineage_places import flows_of, lake_of
    from operations.lineage.telling.facts import FactReader
    from operations.lineage.telling.told_lines import AuditLines

    if run.database is None:
        return None
    facts = FactReader(run.database, lake_of(settings), flows_of(settings))
    return AuditLines(run.database, facts, timedelta(days=settings[LineageSettings].openlineage_keep))

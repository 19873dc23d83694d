"""Say what is wrong to whom it concerns: files that failed, are late or missing, failed jobs, what waits or is dead.

What is found in the tables is kept in pipeline.alert, told when it is new, at most once per ALERT_REPEAT while it
lasts, and when it is over. Messages go to the channels of ALERT_URLS as ALERT_ROUTES says; those that cannot be
delivered wait in pipeline.alert_delivery. `--watch` goes on until a signal asks to end; `--once` suits cron.
"""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from rich.table import Table

from jobs.console.arguments import moment
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from etl_core.settings import Settings
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import Program
    from operations.alerts.finding.source import Asked
    from operations.alerts.metrics import AlertMetrics
    from operations.alerts.round import Decided
    from operations.alerts.sending.channels import AppriseChannel

log = structlog.get_logger()

#: What is ahead of the database's clock by no more is no future.
_CLOCKS_DIFFER = timedelta(minutes=1)


def main(argv: list[str], program: Program | None = None) -> int:
    """Look and tell; exit 1 when a message was given up, 75 when one waits for another try.

    `program` has other settings than those of the environment.
    """
    arguments = _parser().parse_args(argv)
    from etl_core.metrics.publishing import left_in_file, served
    from etl_core.metrics.settings import MetricsSettings
    from etl_core.postgres.clock import DatabaseClock
    from etl_core.postgres.migrations import require
    from jobs.running.database import open_database
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import start
    from operations.alerts.metrics import AlertMetrics
    from operations.alerts.settings import AlertSettings
    from operations.alerts.tables import ALERTS

    program = program or start()
    settings = program.settings[AlertSettings]
    channels = _channels(program.settings)
    note(step="watch" if arguments.watch else "once")
    metrics, published = AlertMetrics(), program.settings[MetricsSettings]
    only_reads = arguments.list or arguments.dry_run
    for one in channels:
        metrics.begin(one.channel.name)
    with (
        left_in_file(metrics.registry, published.metrics_file),
        served(metrics.registry, published.metrics_port if arguments.watch else None),
        open_database(program.settings, only_reads=only_reads) as database,
        StopRequest() as stop,
    ):
        require(database, ALERTS, only_reads=only_reads)
        if arguments.list:
            _show_open(database)
            return ExitCode.OK
        clock: Callable[[], datetime] = DatabaseClock(database)
        if arguments.at is not None:
            if not arguments.dry_run:
                _refuse_future(arguments.at, clock())
            clock = _standing(arguments.at)
        rounds = Rounds(database, program, channels, metrics, clock, stop)
        if arguments.dry_run:
            _show(rounds.dry_run())
            return ExitCode.OK
        if not channels:
            log.warning("ALERT_URLS is not set: alerts are kept, and nobody is told")
        if arguments.watch:
            rounds.keep_on(settings.alert_poll_seconds)
            note(message=rounds.told())
            return ExitCode.OK
        rounds.run()
    note(message=rounds.told())
    return rounds.code()


class Rounds:
    """Rounds of one process, and what they came to."""

    def __init__(
        self,
        database: Engine,
        program: Program,
        channels: Sequence[AppriseChannel],
        metrics: AlertMetrics,
        clock: Callable[[], datetime],
        stop: StopRequest,
    ) -> None:
        """Begin at nothing."""
        from collections import Counter

        from operations.alerts.settings import AlertSettings

        self._database, self._channels, self._metrics = database, channels, metrics
        self._settings, self._clock, self._stop = program.settings[AlertSettings], clock, stop
        self._file_of_key = _file_of_key(program)
        self._rounds, self._sentence, self._waiting = 0, "nothing was looked at", 0
        self.deliveries: Counter[str] = Counter()

    def dry_run(self) -> Decided:
        """What a round would do."""
        from operations.alerts.round import decide

        channels = [one.channel for one in self._channels]
        return decide(self._database, self._asked(), self._settings, channels, dry_run=True)

    def run(self) -> None:
        """One round.

        Raises:
            RetryableError: the database does not answer, or another process is at it.
        """
        from operations.alerts.keeping import open_by_kind
        from operations.alerts.round import run_round
        from operations.alerts.sending.outbox import Outbox

        decided, delivered = run_round(
            self._database, self._asked(), self._settings, self._channels, self._clock, self._stop.is_set
        )
        for (channel, outcome), count in delivered.tries.items():
            self._metrics.delivered(channel, outcome, count)
            self.deliveries[outcome] += count
        waiting = Outbox(self._database).waiting()
        self._metrics.looked(open_by_kind(self._database), waiting, self._clock().timestamp())
        self._rounds, self._sentence, self._waiting = self._rounds + 1, decided.sentence, waiting
        if decided.composed.told or decided.changed.opened or decided.changed.resolved or delivered.tries:
            log.info("looked", what=decided.sentence, waiting=waiting, **self.deliveries)

    def keep_on(self, seconds: float) -> None:
        """Rounds until somebody asks to stop; while the database is away, wait for it."""
        from etl_core.errors import RetryableError
        from etl_core.retry import Backoff, Outage

        log.info("watching", seconds=seconds)
        outage = Outage(Backoff(first=1, factor=2, longest=60))
        while not self._stop.is_set():
            try:
                self.run()
            except RetryableError as error:
                wait = outage.failed()
                log.warning("waiting for an outage to end", error=error, in_a_row=outage.failures, wait=wait)
                self._stop.wait(wait)
                continue
            if (lasted := outage.over()) is not None:
                log.info("the outage is over", seconds=lasted)
            self._stop.wait(seconds)
        log.info("stopped")

    def told(self) -> str:
        """What it came to, in words."""
        sent = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(self.deliveries.items()))
        rounds = "" if self._rounds <= 1 else f"{self._rounds:,} rounds, the last one: "
        return f"{rounds}{self._sentence}{f'; messages: {sent}' if sent else ''}"

    def code(self) -> ExitCode:
        """What it means for the shell: where no channel is set, what waits is for whoever has them."""
        if self.deliveries["given_up"]:
            return ExitCode.FAILED
        if not self._channels:
            return ExitCode.OK
        return ExitCode.TRY_AGAIN if self.deliveries["failed"] or self._waiting else ExitCode.OK

    def _asked(self) -> Asked:
        from operations.alerts.finding.source import Asked

        return Asked(
            self._clock(),
            self._settings.backlog,
            self._settings.alert_score_drop,
            file_of_key=self._file_of_key,
        )


def _channels(settings: Settings) -> tuple[AppriseChannel, ...]:
    """The channels. Rules for one that there is not are refused: their alerts would go nowhere.

    Raises:
        SettingsError: an address or a rule cannot be used.
        UsageError: Apprise is not installed.
    """
    from etl_core.errors import SettingsError, UsageError
    from operations.alerts.settings import AlertSettings

    own = settings[AlertSettings]
    strange = sorted({one.channel for one in own.routes} - own.channels.keys())
    if strange:
        known = ", ".join(sorted(own.channels)) or "none"
        raise SettingsError("settings", [f"ALERT_ROUTES: no channel {', '.join(strange)}; ALERT_URLS has {known}"])
    if not own.channels:
        return ()
    try:
        from operations.alerts.sending.channels import open_channels
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed; `pip install pipeline-processing[operations]`") from error
    return open_channels(own.channels, own.alert_send_seconds, settings.secrets())


def _file_of_key(program: Program) -> Callable[[str, str], tuple[str, str] | None]:
    """Agency and file that a key names, as KEY_LAYOUTS reads it."""
    from dq.batch.settings import BatchSettings
    from dq.events.key_layout import FileIdentity, KeyLayouts

    layouts = KeyLayouts(program.settings[BatchSettings].key_layouts)

    def file_of_key(_bucket: str, key: str) -> tuple[str, str] | None:
        found = layouts.identify(key)
        return (found.agency_slug, found.file_name) if isinstance(found, FileIdentity) else None

    return file_of_key


def _standing(at: datetime) -> Callable[[], datetime]:
    return lambda: at


def _refuse_future(at: datetime, now: datetime) -> None:
    """Refuse to write a moment that is still to come: alerts would be open since then, and seen later than now.

    Raises:
        UsageError: it is ahead of the database's clock by more than clocks differ.
    """
    from etl_core.errors import UsageError

    if at > now + _CLOCKS_DIFFER:
        found = f"--at {at.isoformat()} is in the future; the database has {now.replace(microsecond=0).isoformat()}"
        raise UsageError(f"{found}. Give a moment that has passed, or only look, with --dry-run")


def _show(decided: Decided) -> None:
    table = Table("channel", "what", "text", header_style="bold")
    for one in decided.composed.messages:
        table.add_row(*map(cell, (one.channel, one.title, one.body)))
    for alert in (telling.alert for telling in decided.composed.unheard):
        table.add_row(*map(cell, ("none", f"[{alert.severity}] {alert.subject}", alert.text)))
    stdout().print(table)
    stdout().print(cell(decided.sentence))


def _show_open(database: Engine) -> None:
    from operations.alerts.keeping import open_alerts

    table = Table("since", "severity", "kind", "subject", "what", header_style="bold")
    with database.connect() as connection:
        for one in open_alerts(connection):
            since = f"{one.opened_at:%Y-%m-%d %H:%M}"
            table.add_row(*map(cell, (since, one.severity, one.kind.replace("_", " "), one.subject, one.text)))
    stdout().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing alerts", description=__doc__)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="look once, then end (the default)")
    how.add_argument("--watch", action="store_true", help="look every ALERT_POLL_SECONDS, until a signal asks to end")
    how.add_argument("--dry-run", action="store_true", help="only show what would be told to whom")
    how.add_argument("--list", action="store_true", help="only show the alerts that are open")
    parser.add_argument(
        "--at",
        type=moment,
        metavar="MOMENT",
        help="as if it were this moment (UTC unless it says otherwise); one to come only with --dry-run",
    )
    return parser


JOB = (main, "say what is wrong to whom it concerns: late, missing, failed, dead; --watch goes on")

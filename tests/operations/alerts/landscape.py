"""Rows that alerts are found in: files, runs, announcements, lines of the audit, arrivals, observations."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from operations.alerts.deciding.routes import Channel
from operations.alerts.finding.source import Asked
from operations.alerts.settings import AlertSettings

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

NOW = datetime(2025, 12, 1, 9, 0, tzinfo=timezone.utc)

_RUN = """
    WITH run AS (
        INSERT INTO reporting.monitoring_file_run (monitoring_file_id, run_date, run_hour)
        VALUES (:file, :date, :hour) RETURNING id
    ), verdict AS (
        INSERT INTO reporting.monitoring_file_data_quality (monitoring_file_run_id, score, passed, metrics, deductions)
        SELECT id, :score, :passed, '{}', '[]' FROM run
    ) SELECT id FROM run
"""
_CLEAR = """
    SET LOCAL session_replication_role = replica;
    TRUNCATE reporting.monitoring_file, pipeline.object_inbox, pipeline.object_inbox_count, pipeline.audit,
             pipeline.announcement_dead_letter, pipeline.alert, pipeline.alert_delivery, pipeline.alert_channel
             RESTART IDENTITY CASCADE;
"""


def settings(**given: object) -> AlertSettings:
    return AlertSettings.model_validate({name.upper(): value for name, value in given.items()})


def asked(now: datetime = NOW) -> Asked:
    return Asked(now)


@dataclass(frozen=True)
class Landscape:
    """A database with all tables."""

    engine: Engine
    url: str

    def clear(self) -> None:
        """Empty what tests fill; without the triggers that keep the audit as it is."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(_CLEAR)

    def file(self, agency: str, name: str, *, slack: bool = True) -> int:
        statement = """
            INSERT INTO reporting.monitoring_file (agency_slug, file_name, notify_slack)
            VALUES (:agency, :name, :slack) RETURNING id
        """
        return int(self._one(statement, agency=agency, name=name, slack=slack))

    def run(
        self, file: int, at: datetime, score: int = 100, *, passed: bool = True, rules: Sequence[tuple[Any, ...]] = ()
    ) -> int:
        """A judged run; `rules` are (rule, column, severity, failed, checked, details)."""
        run = int(self._one(_RUN, file=file, date=at.date(), hour=at.hour, score=score, passed=passed))
        for rule, column, severity, failed, checked, details in rules:
            self.execute(
                """INSERT INTO reporting.monitoring_file_failed_validation (monitoring_file_run_id, rule_id, dimension,
                   column_name, severity, failed_count, checked_count, details)
                   VALUES (:run, :rule, 'bounds', :column, :severity, :failed, :checked, CAST(:details AS jsonb))""",
                run=run, rule=rule, column=column, severity=severity, failed=failed, checked=checked,
                details=json.dumps(details),
            )  # fmt: skip
        return run

    def announced(self, key: str, state: str = "dead", *, at: datetime = NOW, reason: str = "broken") -> int:
        return int(
            self._one(
                """INSERT INTO pipeline.object_inbox (bucket, key, source, received_at, due_at, updated_at,
                       state, reason)
                   VALUES ('landing', :key, 'queue', :at, :at, :at, :state, :reason) RETURNING id""",
                key=key, at=at, state=state, reason=reason,
            )
        )  # fmt: skip

    def letter(self, body: str, *, at: datetime = NOW) -> int:
        return int(
            self._one(
                """INSERT INTO pipeline.announcement_dead_letter (received_at, source, reason, body, digest)
                   VALUES (:at, 'queue', :body, :body, :digest) RETURNING id""",
                at=at, body=body, digest=uuid.uuid4().hex,
            )
        )  # fmt: skip

    def line(
        self,
        job: str,
        status: str,
        at: datetime,
        *,
        step: str = "run",
        subject: str | None = None,
        run_id: str | None = None,
        message: str | None = None,
        inputs: Sequence[str] = (),
    ) -> None:
        self.execute(
            """INSERT INTO pipeline.audit (id, at, job, job_version, run_id, step, subject, inputs, outputs, status,
               message, duration_ms)
               VALUES (:id, :at, :job, '1', :run_id, :step, :subject, CAST(:inputs AS jsonb), '[]', :status,
                       :message, 1)""",
            id=uuid.uuid4(), at=at, job=job, run_id=run_id or uuid.uuid4().hex, step=step, subject=subject,
            inputs=json.dumps(list(inputs)), status=status, message=message,
        )  # fmt: skip

    def execute(self, statement: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def rows(self, statement: str, **values: object) -> list[Any]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def _one(self, statement: str, **values: object) -> Any:  # noqa: ANN401 - what a column holds
        with self.engine.begin() as connection:
            return connection.execute(text(statement), values).scalar_one()


class Inbox:
    """A channel that keeps what it takes; `refuses` says why it takes nothing."""

    def __init__(self, name: str = "ops", *, is_slack: bool = False) -> None:
        self.channel = Channel(name, is_slack)
        self.taken: list[tuple[str, str, str]] = []
        self.refuses: str | None = None

    def send(self, tone: str, title: str, body: str) -> str | None:
        if self.refuses is None:
            self.taken.append((tone, title, body))
        return self.refuses

    @property
    def titles(self) -> list[str]:
        return [title for _, title, _ in self.taken]


def later(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)

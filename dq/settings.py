"""The rooms whose settings scoring files needs."""

from __future__ import annotations

from pathlib import Path

from dq.batch.settings import BatchSettings
from dq.engine.settings import EngineSettings
from dq.intake.settings import IntakeSettings
from dq.ledger.settings import LedgerSettings
from dq.reporting.settings import ReportingSettings
from etl_core.log.settings import LogSettings
from etl_core.metrics.settings import MetricsSettings
from etl_core.objects.settings import S3Settings
from etl_core.postgres.settings import PostgresSettings
from etl_core.queue.settings import QueueSettings
from etl_core.settings import RoomSettings, Settings, read_rooms

ROOMS: tuple[type[RoomSettings], ...] = (
    PostgresSettings,
    S3Settings,
    QueueSettings,
    IntakeSettings,
    LogSettings,
    MetricsSettings,
    BatchSettings,
    LedgerSettings,
    ReportingSettings,
    EngineSettings,
)


def read_settings(*more: type[RoomSettings], env_file: Path | None = Path(".env"), **overrides: object) -> Settings:
    """The settings of these rooms and of `more`, read and judged together; as `etl_core.settings.read_rooms`."""
    return read_rooms((*ROOMS, *more), env_file, **overrides)

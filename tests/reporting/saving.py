"""Saving results as a job does: the file looked up, a transaction of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.reporting import MonitoredFile, ReportingStore, RunResult, Saved
from etl_core.postgres.transaction import begin

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

PAIR = ("tenant-a", "trips")


def configured(engine: Engine, pair: tuple[str, str] = PAIR) -> MonitoredFile:
    """The configured file of a pair."""
    with engine.connect() as connection:
        return ReportingStore(read_catalogue(engine)).monitored_files(connection, [pair])[pair]


def save(engine: Engine, wanted: RunResult) -> Saved:
    """Save in a transaction of its own."""
    with begin(engine) as transaction:
        return ReportingStore(read_catalogue(engine)).save(transaction, wanted)

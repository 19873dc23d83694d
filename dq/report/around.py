"""What operations keep around a run and a file, as it is shown. None stands for what the database does not keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Arrived:
    """A window in which a file was expected, and what became of it; moments are aware."""

    due_at: datetime
    late_after: datetime
    state: str
    arrived_at: datetime | None
    duplicates: int
    unexpected: int
    is_learned: bool
    restated_from: str | None


@dataclass(frozen=True, slots=True)
class Observed:
    """A figure of a run beside its file's history. `column` is empty where it is about the whole file."""

    metric: str
    column: str
    state: str
    value: float | None
    low: float | None
    high: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert about a file; `resolved_at` is None while it lasts."""

    kind: str
    severity: str
    text: str
    opened_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Origin:
    """An object that a run was read from: its row of the ledger, its address, and when it was announced."""

    object_id: int
    uri: str
    version: str | None
    state: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Became:
    """A table that rows of a run were brought to, how that ended, and how many."""

    table: str
    state: str
    silver: int | None
    quarantined: int | None
    malformed: int | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class AroundRun:
    """Everything around a run. None: the database keeps none of it, or this role may not read it."""

    arrivals: Sequence[Arrived] | None
    observed: Sequence[Observed] | None
    alerts: Sequence[Alerted] | None
    origins: Sequence[Origin] | None
    became: Sequence[Became] | None


@dataclass(frozen=True, slots=True)
class DueWhen:
    """When a file is due, as the last check understood it."""

    kind: str
    calendar: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Unusual:
    """What was unusual of one run. `row` is the number of the observation, which with its window makes a key."""

    run_id: str
    run_date: date
    run_hour: int
    row: int
    observed: Observed


@dataclass(frozen=True, slots=True)
class AroundFile:
    """The newest of what is kept around a file."""

    due: Sequence[DueWhen] | None
    arrivals: Sequence[Arrived] | None
    unusual: Sequence[Unusual] | None
    alerts: Sequence[Alerted] | None

"""What a stream is put together from: the outside world, behind its doors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.kafka.topics import Topics
from pipelines.records.metrics import RecordMetrics

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from dq import HourVerdicts
    from pipelines.records.sinks import TableSink


class Stop(Protocol):
    """Whether somebody asked the stream to end."""

    def is_set(self) -> bool:
        """Whether somebody did."""

    def wait(self, seconds: float) -> bool:
        """Sleep, unless somebody asks before; whether somebody did."""


@dataclass(frozen=True, slots=True)
class StreamDoors:
    """What a stream is put together from.

    Attributes:
        database: with the account of streams.
        access: to the brokers.
        topics: asks them.
        clock: gives the aware present.
        metrics: count what becomes of records.
        table: good records go there, too; None: to no table.
        verdicts: make those of the stream's hours; None: nobody wants any.
        spark_options: of the source, beside those of the access.
    """

    database: Engine
    access: KafkaAccess
    topics: Topics
    clock: Callable[[], datetime]
    metrics: RecordMetrics
    table: TableSink | None = None
    verdicts: HourVerdicts | None = None
    spark_options: Mapping[str, str] | None = None

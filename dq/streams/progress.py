"""How far a flow is in each partition of its topic, and what became of every record before that.

Offsets are kept here and not where a stream keeps its own checkpoint, in the transaction that keeps what was counted:
a stream that is killed anywhere goes on with the first record that is not accounted for (decision 0030).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, insert, select, update

from dq.streams.tables import stream_hour_part, stream_partition
from etl_core.errors import RetryableError
from etl_core.postgres.locks import lock
from etl_core.storable import storable

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Engine

    from dq.streams.hour_tallies import HourPart

_C = stream_partition.c


class OtherReaderError(RetryableError):
    """Another process has gone on with a partition; nothing of this batch was accounted for."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic a flow reads; `id` tells it from one of the same name that was deleted."""

    flow: str
    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the offsets of a partition, each counted once; attributes are columns of the table."""

    processed: int = 0
    dead: int = 0
    tombstones: int = 0
    skipped: int = 0
    lost: int = 0

    @property
    def offsets(self) -> int:
        """How many offsets these are."""
        return self.consumed + self.skipped + self.lost

    @property
    def consumed(self) -> int:
        """How many records."""
        return self.processed + self.dead + self.tombstones

    def __add__(self, other: Counts) -> Counts:
        """Put two ranges together."""
        return Counts(
            self.processed + other.processed,
            self.dead + other.dead,
            self.tombstones + other.tombstones,
            self.skipped + other.skipped,
            self.lost + other.lost,
        )


@dataclass(frozen=True, slots=True)
class Advance:
    """A partition goes on from offset `start` to `until`, which is the next one.

    Raises AssertionError where an offset between them is not accounted for.
    """

    partition: int
    start: int
    until: int
    counts: Counts

    def __post_init__(self) -> None:
        """Hold the equation."""
        if self.until - self.start != self.counts.offsets:
            raise AssertionError(
                f"records were lost: partition {self.partition} went from offset {self.start} to {self.until}, and"
                f" {self.counts.offsets} are accounted for ({self.counts})"
            )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partition stands: the next offset, and what became of those since the first one."""

    next_offset: int
    counts: Counts


def standing_of(engine: Engine, topic: Topic) -> dict[int, Standing]:
    """Where the partitions of a topic stand, those the flow has read from."""
    query = select(stream_partition).where(_is(topic))
    with engine.connect() as connection:
        return {
            row.partition: Standing(
                row.next_offset, Counts(row.processed, row.dead, row.tombstones, row.skipped, row.lost)
            )
            for row in connection.execute(query)
        }


def topic_ids(engine: Engine, flow: str, topic: str) -> list[str]:
    """The ids of all topics of this name that a flow has read, the one it read last at the end."""
    query = select(_C.topic_id, _C.updated_at).where(_C.flow == storable(flow), _C.topic == topic)
    with engine.connect() as connection:
        newest: dict[str, datetime] = {}
        for topic_id, updated in connection.execute(query):
            newest[topic_id] = max(newest.get(topic_id, updated), updated)
    return sorted(newest, key=lambda one: newest[one])


def advance(
    engine: Engine,
    topic: Topic,
    advances: Sequence[Advance],
    hours: Sequence[HourPart],
    fingerprint: str,
    now: datetime,
) -> None:
    """Account for a batch: how far its partitions are, and what was counted in its hours; all of it or nothing.

    Args:
        engine: of the ledger.
        topic: what was read.
        advances: each partition of the batch, once.
        hours: what was counted of its records.
        fingerprint: of the definition they were counted by.
        now: aware.

    Raises:
        OtherReaderError: a partition is not where the batch began.
        DatabaseUnavailableError: no answer.
    """
    with engine.begin() as connection:
        lock(connection, "stream", topic.flow, topic.name)
        rows = connection.execute(select(_C.partition, _C.next_offset).where(_is(topic)))
        known: dict[int, int] = {row.partition: row.next_offset for row in rows}
        for one in advances:
            _advance(connection, topic, one, known.get(one.partition), now)
        values = [
            {
                "flow": storable(topic.flow),
                "hour": part.hour,
                "fingerprint": fingerprint,
                "records": part.records,
                "bytes": part.size,
                "newest": part.newest,
                "profile": part.profile,
                "is_judged": False,
            }
            for part in hours
        ]
        if values:
            connection.execute(insert(stream_hour_part), values)


def _advance(connection: Connection, topic: Topic, one: Advance, known: int | None, now: datetime) -> None:
    if known is not None and known != one.start:
        raise OtherReaderError(
            f"partition {one.partition} of {topic.name} is at offset {known}, and this batch began at {one.start}:"
            " another process reads for this flow; stop one of them"
        )
    counts = asdict(one.counts)
    if known is None:
        row = {"flow": storable(topic.flow), "topic": topic.name, "topic_id": topic.id, "partition": one.partition}
        connection.execute(
            insert(stream_partition).values(
                **row, first_offset=one.start, next_offset=one.until, updated_at=now, **counts
            )
        )
        return
    added = {name: stream_partition.c[name] + count for name, count in counts.items()}
    connection.execute(
        update(stream_partition)
        .where(_is(topic), _C.partition == one.partition)
        .values(next_offset=one.until, updated_at=now, **added)
    )


def _is(topic: Topic) -> ColumnElement[bool]:
    return and_(_C.flow == storable(topic.flow), _C.topic == topic.name, _C.topic_id == topic.id)

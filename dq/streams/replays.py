"""Dead letters that were sent back to their topic: each of them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from dq.streams.tables import stream_replay
from etl_core.storable import storable

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from dq.streams.progress import Topic

_C = stream_replay.c


@dataclass(frozen=True, slots=True)
class Replayed:
    """A letter by its place, and which attempt its record is on now."""

    partition: int
    offset: int
    attempt: int


def replayed(engine: Engine, letters: Topic) -> set[tuple[int, int]]:
    """The places of the letters of a topic that were sent back."""
    query = select(_C.partition, _C.offset).where(
        _C.flow == storable(letters.flow), _C.topic == letters.name, _C.topic_id == letters.id
    )
    with engine.connect() as connection:
        return {(partition, offset) for partition, offset in connection.execute(query)}


def note_replayed(engine: Engine, letters: Topic, sent: Sequence[Replayed], now: datetime) -> None:
    """Note that letters were sent back."""
    topic = {"flow": storable(letters.flow), "topic": letters.name, "topic_id": letters.id}
    rows = [
        {**topic, "partition": one.partition, "offset": one.offset, "attempt": one.attempt, "replayed_at": now}
        for one in sent
    ]
    if rows:
        with engine.begin() as connection:
            connection.execute(insert(stream_replay).on_conflict_do_nothing(), rows)

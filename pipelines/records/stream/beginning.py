"""Where a flow goes on: with the first record that is not accounted for, or not at all where records are gone.

Three things make records go before anybody has read them: the topic keeps them for too short a time, somebody deleted
the topic and made it anew, or its newest records were cut off with the broker that had them. Each is told by name, and
the flow goes on only when somebody accepts that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from dq import Advance, Counts, Topic, advance, standing_of, topic_ids
from pipelines.records.errors import RecordsLostError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from dq import Standing
    from pipelines.records.kafka.topics import KnownTopic, Span

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Beginning:
    """The topic as it is now, and the offset each of its partitions goes on with."""

    topic: Topic
    offsets: Mapping[int, int]


def beginning_of(
    engine: Engine,
    flow: str,
    topic: KnownTopic,
    spans: Mapping[int, Span],
    now: datetime,
    *,
    accept_loss: bool = False,
) -> Beginning:
    """Find where a flow goes on in a topic.

    Args:
        engine: of the account.
        flow: its name.
        topic: as the brokers know it.
        spans: the offsets its partitions have.
        now: aware.
        accept_loss: go on behind what is gone, and account for it.

    Raises:
        RecordsLostError: records are gone, and nobody accepted that.
        DatabaseUnavailableError: no answer.
    """
    known = Topic(flow, topic.name, topic.id)
    earlier = topic_ids(engine, flow, topic.name)
    standing = standing_of(engine, known)
    losses, advances = [], []
    if earlier and topic.id not in earlier:
        before = standing_of(engine, Topic(flow, topic.name, earlier[-1]))
        places = ", ".join(f"{one.next_offset:,} of partition {at}" for at, one in sorted(before.items()))
        losses.append(
            f"topic {topic.name} was deleted and made anew ({earlier[-1]} is now {topic.id}): what the old one had from"
            f" offset {places} on is gone"
        )
    for partition, span in sorted(spans.items()):
        one = standing.get(partition)
        if one is None:
            # The beginning is accounted for before anything is read: a loss after it has a name as well.
            advances.append(Advance(partition, span.first, span.first, Counts()))
        elif one.next_offset < span.first:
            lost = span.first - one.next_offset
            losses.append(
                f"partition {partition} of {topic.name} begins at offset {span.first:,}, and this flow had come to"
                f" {one.next_offset:,}: {lost:,} offsets are gone, unread"
            )
            advances.append(Advance(partition, one.next_offset, span.first, Counts(lost=lost)))
        elif one.next_offset > span.end:
            raise RecordsLostError(_cut_off(topic, partition, one, span))
    if losses and not accept_loss:
        raise RecordsLostError("; ".join(losses) + "; --accept-loss goes on without them, and accounts for them")
    for loss in losses:
        log.warning("records are lost, and somebody accepted that", flow=flow, loss=loss)
    if advances:
        advance(engine, known, advances, (), "", now)
        standing = standing_of(engine, known)
    return Beginning(known, {partition: standing[partition].next_offset for partition in spans})


def _cut_off(topic: KnownTopic, partition: int, one: Standing, span: Span) -> str:
    return (
        f"partition {partition} of {topic.name} ends at offset {span.end:,}, and this flow had come to"
        f" {one.next_offset:,}: a broker lost records that were read, and what comes now has offsets of others; make"
        " the topic anew, or give the flow another name to have it read from the earliest"
    )

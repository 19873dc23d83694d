"""Reading what a topic has at the moment, partition by partition, without being a member of any group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from pipelines.records.kafka.access import READ_COMMITTED, KafkaAccess
from pipelines.records.kafka.topics import kafka_error

if TYPE_CHECKING:
    from confluent_kafka import Message

    from pipelines.records.kafka.sending import Headers
    from pipelines.records.kafka.topics import Span

#: Seconds without an answer until the brokers count as gone.
_PATIENCE: Final = 30


def read_topic(access: KafkaAccess, topic: str, spans: Mapping[int, Span], group: str) -> Iterator[Message]:
    """Give the committed records of some offsets, those of a partition in their order.

    Args:
        access: to the brokers.
        topic: its name.
        spans: which offsets of which partitions.
        group: how the brokers call who reads; nothing is noted for it.

    Raises:
        KafkaUnavailableError, KafkaRefusedError: the brokers do not answer, or do not let us.
    """
    consumer = Consumer(
        {
            **access.of_librdkafka(),
            **READ_COMMITTED,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "log_level": 2,
        }
    )
    try:
        for partition, span in spans.items():
            if span.first < span.end:
                consumer.assign([TopicPartition(topic, partition, span.first)])
                yield from _to_end(consumer, topic, span.end, access)
    finally:
        consumer.close()


def headers_of(message: Message) -> Headers:
    """The headers of a record; a name may be there several times."""
    found = message.headers() or []
    return list(found.items() if isinstance(found, dict) else found)


def _to_end(consumer: Consumer, topic: str, end: int, access: KafkaAccess) -> Iterator[Message]:
    waited = 0
    while waited < _PATIENCE:
        message = consumer.poll(1.0)
        if message is None:
            waited += 1
            continue
        error = message.error()
        if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            return
        if error is not None:
            raise kafka_error(error, f"topic {topic}", access)
        waited = 0
        if (message.offset() or 0) >= end:
            return
        yield message
    raise kafka_error(KafkaError(KafkaError._TIMED_OUT), f"topic {topic}", access)  # noqa: SLF001 - as above

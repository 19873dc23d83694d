"""Sending records by librdkafka: in order, each once for each time it is sent, or an error that names what was not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from confluent_kafka import Producer

from pipelines.records.errors import KafkaUnavailableError
from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.kafka.topics import kafka_error

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

#: Headers as the client takes them.
Headers: TypeAlias = "list[tuple[str, str | bytes | None]]"

#: Seconds until everything that was sent is with the brokers.
_PATIENCE = 120.0
#: Above what any topic takes: the topic's own limit is what counts, and it is asked for.
_LARGEST = 1_000_000_000
_SETTINGS = {
    "enable.idempotence": True,
    # Records of one key go where Java's clients send them, too.
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "linger.ms": 20,
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 131_072,
    "message.max.bytes": _LARGEST,
    # Nobody asks after what arrived.
    "delivery.report.only.error": True,
    "message.timeout.ms": 60_000,
    # Every broken connection would be told on stderr; what matters comes back as an error.
    "log_level": 2,
}


class Sender:
    """Sends records; `finish` says whether all of them have arrived."""

    def __init__(self, access: KafkaAccess) -> None:
        """Connect when the first record is sent; the client of a process is kept for the next sender."""
        self._access = access
        self._producer = _producer(access)
        self._failed: list[tuple[KafkaError, str]] = []

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None:
        """Hand a record over; waits where too many are on their way."""
        while not self._is_taken(topic, key, value, headers):
            self._producer.poll(0.05)

    def send_all(self, topic: str, keys: Sequence[bytes | None], values: Sequence[bytes | None]) -> None:
        """Hand many records of one topic over."""
        for key, value in zip(keys, values, strict=True):
            if not self._is_taken(topic, key, value, None):
                self.send(topic, key, value)
        self._producer.poll(0)

    def _is_taken(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None) -> bool:
        try:
            self._producer.produce(topic, value, key, headers=headers or None, on_delivery=self._told)
        except BufferError:
            return False
        return True

    def finish(self) -> None:
        """Wait until everything has arrived.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: something has not.
        """
        left = self._producer.flush(_PATIENCE)
        if not left and not self._failed:
            return
        _producer.cache_clear()  # what is left in it is nobody's
        if not self._failed:
            raise KafkaUnavailableError(
                f"{left:,} records did not arrive at {self._access.servers} within {_PATIENCE:g} s;"
                " trying again may help"
            )
        error, topic = self._failed[0]
        more = len(self._failed) - 1
        subject = f"a record for topic {topic}" + (f" (and {more:,} others)" if more else "")
        raise kafka_error(error, subject, self._access)

    def _told(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed.append((error, message.topic() or ""))


@cache
def _producer(access: KafkaAccess) -> Producer:
    """The client of this process."""
    return Producer({**access.of_librdkafka(), **_SETTINGS})

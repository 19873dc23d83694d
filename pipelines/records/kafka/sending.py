"""Sending records by librdkafka: in order, each once for each time it is sent, or an error that names what was not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from confluent_kafka import Producer

from pipelines.records.errors import KafkaUnavailableError
from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.kafka.topics import kafka_error

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

#: The key and the value of a record.
Pair: TypeAlias = "tuple[bytes | None, bytes | None]"
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
        self._client = _client(access)
        self._client.failed.clear()
        self._producer = self._client.producer

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None:
        """Hand a record over; waits where too many are on their way."""
        while not self._is_taken(topic, key, value, headers):
            self._producer.poll(0.05)

    def send_all(self, topic: str, keys: Sequence[bytes | None], values: Sequence[bytes | None]) -> None:
        """Hand many records of one topic over."""
        left = zip(keys, values, strict=True)
        while (missed := self._first_missed(topic, left)) is not None:
            self.send(topic, *missed)
        self._producer.poll(0)

    def _first_missed(self, topic: str, pairs: Iterator[Pair]) -> Pair | None:
        """Hand records over until too many are on their way: the one that was not taken, None where all were."""
        produce = self._producer.produce
        pair: Pair | None = None
        try:
            for pair in pairs:
                produce(topic, pair[1], pair[0])
        except BufferError:
            return pair
        return None

    def _is_taken(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None) -> bool:
        try:
            self._producer.produce(topic, value, key, headers=headers or None)
        except BufferError:
            return False
        return True

    def finish(self) -> None:
        """Wait until everything has arrived.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: something has not.
        """
        left = self._producer.flush(_PATIENCE)
        failed = self._client.failed
        if not left and not failed:
            return
        _client.cache_clear()  # what is left in it is nobody's
        if not failed:
            raise KafkaUnavailableError(
                f"{left:,} records did not arrive at {self._access.servers} within {_PATIENCE:g} s;"
                " trying again may help"
            )
        error, topic = failed[0]
        more = len(failed) - 1
        subject = f"a record for topic {topic}" + (f" (and {more:,} others)" if more else "")
        raise kafka_error(error, subject, self._access)


class _Client:
    """The client of a process, and what it could not send."""

    def __init__(self, access: KafkaAccess) -> None:
        self.failed: list[tuple[KafkaError, str]] = []
        settings: dict[str, Any] = {**access.of_librdkafka(), **_SETTINGS, "on_delivery": self._told}
        self.producer = Producer(settings)

    def _told(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failed.append((error, message.topic() or ""))


@cache
def _client(access: KafkaAccess) -> _Client:
    return _Client(access)

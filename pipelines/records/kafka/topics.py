"""What the brokers know of topics: which they are, where they begin and end, how large a record may be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._resource import ResourceType

from etl_core.retry import Backoff, call_again
from pipelines.records.errors import KafkaRefusedError, KafkaUnavailableError, NoSuchTopicError
from pipelines.records.kafka.access import KafkaAccess

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from etl_core.errors import PipelineError

log = structlog.get_logger()
_T = TypeVar("_T")

#: Seconds an answer may take.
_PATIENCE = 12.0
#: Seconds after which nothing is asked again, and those after which it is said that somebody waits.
_LONGEST, _QUIET = 40.0, 5.0
#: Seconds that the end of a stream waits for the brokers to have heard how far its group is.
_NOTE_SECONDS = 5.0
#: Questions are asked again: for a moment after a topic was made, or its broker was started, it is not there, or has no
#: leader.
_ATTEMPTS = 6
_BACKOFF = Backoff(first=0.1, factor=2.0, longest=2.0)
#: What a topic takes where it does not say, and we may not ask.
_DEFAULT_LARGEST = 1_048_588
_LARGEST = "max.message.bytes"


@dataclass(frozen=True, slots=True)
class KnownTopic:
    """A topic: `id` tells it from one of the same name that was deleted."""

    name: str
    id: str
    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets a partition has: from `first` on, and those before `end`."""

    first: int
    end: int


class Topics:
    """Asks the brokers."""

    def __init__(self, access: KafkaAccess) -> None:
        """Connect when the first question is asked."""
        self._access = access
        # librdkafka tells every broken connection on stderr; what matters comes back as an error.
        settings: dict[str, Any] = {**access.of_librdkafka(), "log_level": 2, "error_cb": self._tell}
        self._admin = AdminClient(settings)
        self._refusal: KafkaError | None = None
        self._noted: list[Future[Any]] = []
        self._last_note: list[ConsumerGroupTopicPartitions] = []

    def find(self, names: Sequence[str]) -> dict[str, KnownTopic]:
        """The topics of these names.

        Raises:
            KafkaRefusedError: one is not there, or we may not see it.
            KafkaUnavailableError: no answer.
        """

        def once() -> dict[str, KnownTopic]:
            found, wanted = {}, TopicCollection(list(names))
            asked = self._asked(lambda: self._admin.describe_topics(wanted, request_timeout=_PATIENCE))
            for name in names:
                one = self._answer(asked[name], f"topic {name}")
                found[name] = KnownTopic(name, str(one.topic_id), tuple(sorted(part.id for part in one.partitions)))
            return found

        return self._again(once, KafkaUnavailableError, NoSuchTopicError)

    def spans(self, topic: KnownTopic) -> dict[int, Span]:
        """Which offsets the partitions of a topic have now; as far as transactions are decided.

        Raises:
            KafkaRefusedError, KafkaUnavailableError: see `find`.
        """

        def once() -> dict[int, Span]:
            first = self._offsets(topic, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
            end = self._offsets(topic, OffsetSpec.latest())  # type: ignore[no-untyped-call]
            return {partition: Span(first[partition], end[partition]) for partition in topic.partitions}

        return self._again(once, KafkaUnavailableError)

    def note_offsets(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Tell the brokers how far a group is, for who looks at its lag there; nothing here depends on it."""
        places = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
        self._last_note = [ConsumerGroupTopicPartitions(group, places)]
        self._note()

    def wait_for_notes(self) -> None:
        """Let what was told last arrive, for some seconds; the first note of a group may come before who keeps it."""

        def once() -> None:
            error = next((found for answer in self._noted if (found := _not_noted(answer))), None)
            if error is not None and error.name() not in _REFUSED:
                self._note()
                raise KafkaUnavailableError(error.str())

        with suppress(KafkaUnavailableError, FutureTimeoutError):
            call_again(once, attempts=_ATTEMPTS, backoff=_BACKOFF, on=KafkaUnavailableError)
        self._noted = []

    def _note(self) -> None:
        with suppress(KafkaException):  # a right that is missing is nobody's concern but theirs
            answers = self._admin.alter_consumer_group_offsets(self._last_note, request_timeout=_PATIENCE)
            self._noted = list(answers.values())

    def largest_record(self, name: str) -> int:
        """How many bytes a record of a topic may have; Kafka's default where we may not ask."""
        resource = ConfigResource(ResourceType.TOPIC, name)
        try:
            answer = self._admin.describe_configs([resource], request_timeout=_PATIENCE)[resource].result()
        except KafkaException:
            return _DEFAULT_LARGEST
        return int(answer[_LARGEST].value) if _LARGEST in answer else _DEFAULT_LARGEST

    def _again(self, ask: Callable[[], _T], *on: type[PipelineError]) -> _T:
        """Ask until there is an answer, for a bounded time, and say what is waited for."""
        began = time.monotonic()

        def waiting(error: PipelineError, _seconds: float) -> None:
            if time.monotonic() - began >= _QUIET:
                log.warning("the brokers are asked again", servers=self._access.servers, error=error)

        def rest(seconds: float) -> bool:
            time.sleep(seconds)
            return time.monotonic() - began >= _LONGEST

        return call_again(ask, attempts=_ATTEMPTS, backoff=_BACKOFF, on=on, waiting=waiting, sleep=rest)

    def _tell(self, error: KafkaError) -> None:
        if error.name() in _REFUSED:
            self._refusal = error

    def _offsets(self, topic: KnownTopic, spec: Any) -> dict[int, int]:  # noqa: ANN401 - librdkafka's
        places = {TopicPartition(topic.name, partition): spec for partition in topic.partitions}
        asked = self._asked(
            lambda: self._admin.list_offsets(
                places, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=_PATIENCE
            )
        )
        return {
            place.partition: self._answer(future, f"partition {place.partition} of {topic.name}").offset
            for place, future in asked.items()
        }

    def _asked(self, ask: Any) -> Any:  # noqa: ANN401 - librdkafka's futures
        try:
            return ask()
        except KafkaException as error:
            raise kafka_error(error.args[0], "the brokers", self._access) from error

    def _answer(self, future: Any, subject: str) -> Any:  # noqa: ANN401 - librdkafka's
        while not future.done():
            self._admin.poll(0.05)
            # The client goes on trying to sign in, whatever the brokers say.
            if self._refusal is not None:
                raise kafka_error(self._refusal, subject, self._access)
        try:
            return future.result()
        except KafkaException as error:
            raise kafka_error(error.args[0], subject, self._access) from error


def kafka_error(error: KafkaError, subject: str, access: KafkaAccess) -> KafkaRefusedError | KafkaUnavailableError:
    """Name an error of the client by what somebody can do about it."""
    said = f"{subject}: {error.str()}"
    code = error.name()
    if code in _NO_TOPIC:
        return NoSuchTopicError(f"{said}; make the topic, or name another one in the flow")
    if code in _REFUSED:
        return KafkaRefusedError(f"{said}; give the user of KAFKA_SASL_USERNAME the right, or mend its password")
    return KafkaUnavailableError(f"{said} ({access.servers}); trying again may help")


_NO_TOPIC = frozenset({"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "TOPIC_EXCEPTION", "INVALID_TOPIC_EXCEPTION"})
_REFUSED = frozenset(
    {
        "TOPIC_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED",
        "GROUP_AUTHORIZATION_FAILED",
        "SASL_AUTHENTICATION_FAILED",
        "_AUTHENTICATION",
    }
)


def _not_noted(answer: Future[Any]) -> KafkaError | None:
    """Why offsets were not noted: a group's coordinator answers for each partition alone that it is not ready."""
    try:
        places = answer.result(timeout=_NOTE_SECONDS).topic_partitions
    except KafkaException as error:
        refused: KafkaError = error.args[0]
        return refused
    return next((place.error for place in places if place.error is not None), None)

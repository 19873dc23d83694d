"""A flow of records between topics of its own, and what a test wants to know of it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from sqlalchemy import text

from dq import Counts, HourVerdicts, StreamQuality, record_checks, standing_of
from dq import Topic as Account
from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.reporting import ReportingStore
from etl_core.postgres.database import connect
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.tables.appended_table import AppendedTable
from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.kafka.reading import headers_of, read_topic
from pipelines.records.kafka.topics import Topics
from pipelines.records.metrics import RecordMetrics
from pipelines.records.read_flow import read_flow
from pipelines.records.stream.doors import StreamDoors
from pipelines.records.stream.record_stream import RecordStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from confluent_kafka import Message
    from pyspark.sql import SparkSession
    from sqlalchemy.engine import Engine

    from jobs.playground.local_broker import LocalBroker
    from pipelines.records.flow import Flow

FLOW = """
flow: {name}
from: {{topic: {name}-raw}}
definition:
  fields:
    - {{name: user_id, type: string, required: true}}
    - {{name: event_type, type: string, required: true}}
    - {{name: timestamp, type: datetime, required: true}}
    - {{name: metadata, type: object}}
enrich:
  event_id: {{concat: [user_id, timestamp], separator: "_"}}
  processed_at: now
select:
  id: event_id
  user_id: user_id
  event_type: event_type
  timestamp: timestamp
  processed_at: processed_at
  metadata: metadata
to: {{topic: {name}-processed, key: id, delta: silver/{name}}}
dead_letters: {{topic: {name}-dlq}}
quality: {{agency: streams, file: {name}, window: 1h}}
"""


def event(number: int, **others: Any) -> bytes:  # noqa: ANN401 - JSON
    """A good record."""
    moment = f"2026-01-01T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
    made = {"user_id": f"u{number}", "event_type": "click", "timestamp": moment, "metadata": {"n": number}}
    return json.dumps({**made, **others}).encode()


class Asked:
    """Whether somebody asked the stream to end."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)


@dataclass
class Rig:
    """A flow, its topics, its account."""

    broker: LocalBroker
    spark: SparkSession
    database: Engine
    database_url: str
    folder: Path
    name: str
    producer: Producer
    admin: AdminClient
    partitions: int = 2
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def made(cls, broker: LocalBroker, spark: SparkSession, database_url: str, folder: Path) -> Iterator[Rig]:
        database = connect(database_url)
        clients: dict[str, str | int | float | bool] = {"bootstrap.servers": broker.address, "log_level": 2}
        name = f"events-{uuid.uuid4().hex[:8]}"
        rig = cls(broker, spark, database, database_url, folder, name, Producer(clients), AdminClient(clients))
        rig.make_topics()
        yield rig
        database.dispose()

    @property
    def flow(self) -> Flow:
        return read_flow(self.flow_text, "flow.yaml")

    @property
    def flow_text(self) -> str:
        return FLOW.format(name=self.name)

    @property
    def access(self) -> KafkaAccess:
        return KafkaAccess(self.broker.address)

    def topic(self, which: str) -> str:
        return f"{self.name}-{which}"

    def make_topics(self, *which: str, **settings: str) -> None:
        wanted = which or ("raw", "processed", "dlq")
        made = self.admin.create_topics(
            [NewTopic(self.topic(one), self.partitions, 1, config=settings) for one in wanted]
        )
        for one in made.values():
            one.result()
        Topics(self.access).find([self.topic(one) for one in wanted])

    def delete_topic(self, which: str) -> None:
        for one in self.admin.delete_topics([self.topic(which)]).values():
            one.result()
        deadline = time.monotonic() + 20
        while self.topic(which) in self.admin.list_topics(timeout=10).topics:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def send(
        self,
        values: Sequence[bytes | None],
        *,
        partition: int = -1,
        key: bytes | None = b"k",
        **more: Any,  # noqa: ANN401
    ) -> None:
        failed: list[Any] = []

        def told(error: Any, _message: Any) -> None:  # noqa: ANN401 - the client's
            failed.extend([] if error is None else [error])

        for value in values:
            self.producer.produce(self.topic("raw"), value, key, partition=partition, on_delivery=told, **more)
            self.producer.poll(0)
        assert self.producer.flush(30) == 0
        assert failed == []

    def table(self) -> AppendedTable:
        folder = lake_table(str(self.folder / "lake"), "silver", self.name)
        return AppendedTable(folder, "streams", self.name)

    def doors(self, **others: Any) -> StreamDoors:  # noqa: ANN401
        flow = self.flow
        quality = StreamQuality(flow.name, "streams", self.name, record_checks(flow.definition))
        store = ReportingStore(read_catalogue(self.database))
        made: dict[str, Any] = {
            "database": self.database,
            "access": self.access,
            "topics": Topics(self.access),
            "clock": lambda: datetime.now(timezone.utc),
            "metrics": RecordMetrics(flow.name),
            "table": self.table(),
            "verdicts": HourVerdicts(self.database, store, quality, creates_file=True, keeps=True),
        }
        return StreamDoors(**{**made, **others})

    def stream(self, *, most: int = 100_000, accept_loss: bool = False, **doors: Any) -> RecordStream:  # noqa: ANN401
        return RecordStream(
            self.doors(**doors), self.flow, lambda: self.spark, most_offsets=most, accept_loss=accept_loss
        )

    def drain(self, **how: Any) -> Counts:  # noqa: ANN401
        """Read what is there; what became of it."""
        stream = self.stream(**how)
        stream.drain(Asked())
        return stream.totals

    def standing(self) -> dict[int, Counts]:
        """What became of every partition so far."""
        known = Topics(self.access).find([self.topic("raw")])[self.topic("raw")]
        return {
            at: one.counts for at, one in standing_of(self.database, Account(self.name, known.name, known.id)).items()
        }

    def read(self, which: str) -> list[Message]:
        """All records of a topic that were committed."""
        topics = Topics(self.access)
        known = topics.find([self.topic(which)])[self.topic(which)]
        return list(read_topic(self.access, known.name, topics.spans(known), uuid.uuid4().hex))

    def committed(self, wanted: dict[int, int]) -> dict[int, int]:
        """How far the brokers say that the flow's group is; they have a minute to say what is `wanted`, for a flow
        does not wait until they have noted it."""
        group, until = self.flow.source.group, time.monotonic() + 60
        while True:
            asked = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
            said = {one.partition: one.offset for one in asked[group].result().topic_partitions}
            if said == wanted or time.monotonic() > until:
                return said
            time.sleep(0.2)

    def ids(self) -> list[str]:
        """The ids of all good records, as often as they were sent."""
        return [json.loads(one.value() or b"{}")["id"] for one in self.read("processed") if one.value() is not None]

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the table, in the order of their places."""
        from deltalake import DeltaTable  # noqa: PLC0415 - 100 MB

        found = DeltaTable(self.table().folder.uri).to_pyarrow_table().to_pylist()
        return sorted(found, key=lambda row: (row["_partition"], row["_offset"]))

    def ask(self, statement: str) -> list[Any]:
        with self.database.connect() as connection:
            return list(connection.execute(text(statement)))


def headers(message: Message) -> dict[str, str]:
    """The headers of a record."""
    return {name: value.decode() if isinstance(value, bytes) else value or "" for name, value in headers_of(message)}

"""Records through Kafka: the whole flow, and what Spark does by itself with the same topic."""

from __future__ import annotations

import json
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows

from dq import HourVerdicts, StreamQuality, record_checks
from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.reporting import ReportingStore
from etl_core.postgres.database import connect
from etl_core.postgres.embedded import embedded_postgres
from etl_core.spark.profiles import RECORDS
from etl_core.spark.session import build_session
from jobs.playground.local_broker import local_broker
from jobs.running.database import make_all_tables
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.tables.appended_table import AppendedTable
from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.kafka.topics import Topics
from pipelines.records.metrics import RecordMetrics
from pipelines.records.read_flow import read_flow
from pipelines.records.stream.doors import StreamDoors
from pipelines.records.stream.record_stream import RecordStream
from tests.bench.contestant import Work, serve
from tests.pipelines.records.rig import FLOW, Asked

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARTITIONS = 4
_MOST = 250_000
_FIELDS = "user_id string, event_type string, timestamp timestamp, metadata string"
_WARM_SECONDS = 20


def main() -> None:
    """Start everything and answer."""
    with ExitStack() as stack:
        serve(partial(_prepare, stack))


def _prepare(stack: ExitStack) -> Mapping[str, Work]:
    work = RecordsWork(stack)
    return {"fill": work.fill, "spark": work.spark, "flow": work.flow, "latency": work.latency}


class RecordsWork:
    """What is measured: one broker, one database, one session."""

    def __init__(self, stack: ExitStack) -> None:
        self._root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dq-")))
        self._broker = stack.enter_context(local_broker(self._root / "broker"))
        self._database = connect(stack.enter_context(embedded_postgres(self._root / "postgres")).dsn)
        make_all_tables(self._database)
        self._session = build_session(profile=RECORDS, master="local[2]")
        self._admin = AdminClient({"bootstrap.servers": self._broker.address, "log_level": 2})
        self._filled = ""

    def fill(self, rows: int) -> None:
        """A topic of so many events of 300 bytes."""
        self._filled = self._topics("raw")
        producer = Producer({"bootstrap.servers": self._broker.address, "linger.ms": 50, "log_level": 2})
        for number in range(rows):
            while True:
                try:
                    producer.produce(f"{self._filled}-raw", _event(number), b"u%d" % (number % 5000))
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.flush()

    def spark(self) -> None:
        """Spark reads, parses, writes again; no check, no account."""
        name = self._topics("processed")
        source = (
            self._session.readStream.format("kafka")
            .options(**KafkaAccess(self._broker.address).of_spark())
            .options(subscribe=f"{self._filled}-raw", startingOffsets="earliest", maxOffsetsPerTrigger=str(_MOST))
            .load()
        )
        told = F.from_json(F.col("value").cast("string"), _FIELDS).alias("told")
        key = F.concat_ws("_", "told.user_id", "told.timestamp").alias("key")
        sent = source.select(told).select(key, F.to_json("told").alias("value"))
        with tempfile.TemporaryDirectory() as checkpoint:
            query = (
                sent.writeStream.format("kafka")
                .options(**KafkaAccess(self._broker.address).of_spark())
                .options(topic=f"{name}-processed", checkpointLocation=checkpoint)
                .trigger(availableNow=True)
                .start()
            )
            query.awaitTermination()

    def flow(self, *, table: bool) -> Mapping[str, Any]:
        """The whole flow; with a table of the lake, or without."""
        stream = self._stream(self._topics("processed", "dlq"), source=self._filled, table=table)
        stream.drain(Asked())
        return {"processed": stream.totals.processed}

    def latency(self, rate: int, seconds: int) -> Mapping[str, Any]:
        """So many events a second; from produce to processed, the seconds within which half and 95 % of them are."""
        name = self._topics("raw", "processed", "dlq")
        stream, asked = self._stream(name, source=name, table=True), Asked()
        watching = threading.Thread(target=stream.watch, args=(asked,))
        watching.start()
        sent, taken = {}, {}
        reading, done = self._reader(name), threading.Event()

        def read() -> None:
            while not done.is_set():
                for message in reading.consume(500, 0.05):
                    taken[json.loads(message.value() or b"{}")["metadata"]["n"]] = time.perf_counter()

        reader = threading.Thread(target=read)
        reader.start()
        producer = Producer({"bootstrap.servers": self._broker.address, "linger.ms": 5, "log_level": 2})
        began, total = time.perf_counter(), rate * (seconds + _WARM_SECONDS)
        for number in range(total):
            due = began + number / rate
            while time.perf_counter() < due:
                time.sleep(0.001)
            sent[number] = time.perf_counter()
            producer.produce(f"{name}-raw", _event(number), b"u%d" % (number % 5000))
            producer.poll(0)
        producer.flush()
        deadline = time.perf_counter() + 60
        while len(taken) < total and time.perf_counter() < deadline:
            time.sleep(0.05)
        done.set()
        reader.join()
        asked.set()
        watching.join()
        reading.close()
        found = sorted(taken[number] - sent[number] for number in range(rate * _WARM_SECONDS, total) if number in taken)
        return {"p50": found[len(found) // 2], "p95": found[int(len(found) * 0.95)], "missing": total - len(taken)}

    def _reader(self, name: str) -> Consumer:
        reading = Consumer({"bootstrap.servers": self._broker.address, "group.id": "bench", "log_level": 2})
        reading.assign([TopicPartition(f"{name}-processed", at, 0) for at in range(_PARTITIONS)])
        return reading

    def _topics(self, *which: str) -> str:
        """Topics of a new name, which this gives."""
        name = f"bench-{uuid.uuid4().hex[:8]}"
        for made in self._admin.create_topics([NewTopic(f"{name}-{one}", _PARTITIONS, 1) for one in which]).values():
            made.result()
        Topics(KafkaAccess(self._broker.address)).find([f"{name}-{one}" for one in which])
        return name

    def _stream(self, name: str, *, source: str, table: bool) -> RecordStream:
        text = FLOW.format(name=name).replace(f"{{topic: {name}-raw}}", f"{{topic: {source}-raw}}")
        flow, access = read_flow(text, "flow.yaml"), KafkaAccess(self._broker.address)
        quality = StreamQuality(flow.name, "streams", name, record_checks(flow.definition))
        store = ReportingStore(read_catalogue(self._database))
        lake = lake_table(str(self._root / "lake"), "silver", name)
        doors = StreamDoors(
            database=self._database,
            access=access,
            topics=Topics(access),
            clock=lambda: datetime.now(timezone.utc),
            metrics=RecordMetrics(flow.name),
            table=AppendedTable(lake, "streams", name) if table else None,
            verdicts=HourVerdicts(self._database, store, quality, creates_file=True, keeps=True),
        )
        return RecordStream(doors, flow, lambda: self._session, most_offsets=_MOST)


def _event(number: int) -> bytes:
    moment = f"2026-01-01T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
    more = {
        "n": number,
        "page": f"/products/{number % 977}/details",
        "agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/2010",
    }
    event = {"user_id": f"user-{number % 5000:05d}", "event_type": "view", "timestamp": moment, "metadata": more}
    padded = {**event, "metadata": {**more, "note": "." * (285 - len(json.dumps(event)))}}
    return json.dumps(padded).encode()


if __name__ == "__main__":
    main()

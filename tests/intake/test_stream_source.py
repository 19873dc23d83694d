"""The stream on a real Spark: from the queue to the ledger's rows, across failures and restarts."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from threading import Lock
from typing import TYPE_CHECKING

import pytest
import sqlalchemy

from dq.events.object_event import ObjectEvent
from dq.intake.feed_settings import FeedSettings, handed_over
from dq.intake.stream_source import inbox_stream
from dq.ledger.inbox_item import Ending
from dq.ledger.inspection import balance, inbox_status, list_rows
from etl_core.postgres.transaction import begin
from etl_core.queue.sqs import QueueAccess
from tests.announcements import notification, s3_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

    from dq.ledger.inbox import Inbox
    from tests.local_s3 import S3Server

CANARY = "canary-5d0f-password"
OWNER = "stream-test"


class Work:
    """Ends every row it is given; fails before the first one if it is told to."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.finished: list[str] = []
        self.fail_next = False
        self.batches = 0
        self._lock = Lock()

    def __call__(self, rows: DataFrame, _: int) -> None:
        """The function for foreachBatch."""
        batches = sorted(row.batch for row in rows.collect())
        self.batches += 1
        if self.fail_next and batches:
            self.fail_next = False
            raise RuntimeError("the batch failed")
        for batch in batches:
            self._work_off(batch)

    def _work_off(self, batch: int) -> None:
        for item in self.inbox.items(batch - 1, batch, OWNER):
            with begin(self.inbox.engine) as transaction:
                self.inbox.finish(transaction, item, Ending("done"), datetime.now(timezone.utc))
            with self._lock:
                self.finished.append(item.event.key)


@pytest.fixture
def settings(ledger_url: str, s3_server: S3Server, sqs: SQSClient) -> FeedSettings:
    """A feed with a queue, three rows a batch; the address carries a password that must not show."""
    url = sqs.create_queue(QueueName="stream-source")["QueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    queue = QueueAccess(url, s3_server.endpoint, s3_server.region, s3_server.access_key, s3_server.secret_key)
    address = sqlalchemy.make_url(ledger_url).set(password=CANARY).render_as_string(hide_password=False)
    return FeedSettings(address, OWNER, queue, max_files=3, wait_seconds=0)


@pytest.fixture
def handover(settings: FeedSettings) -> Iterator[str]:
    """Where the settings are."""
    with handed_over(settings) as path:
        yield path


def start(spark: SparkSession, handover: str, checkpoint: Path, work: Work) -> StreamingQuery:
    """Run the stream every tenth of a second."""
    writer = inbox_stream(spark, handover).writeStream.foreachBatch(work)
    return writer.option("checkpointLocation", str(checkpoint)).trigger(processingTime="100 milliseconds").start()


def wait_until_empty(inbox: Inbox, expected: int) -> None:
    """Until so many objects are done, at most a minute."""
    until = time.monotonic() + 60
    while inbox_status(inbox.engine, datetime.now(timezone.utc)).states["done"] < expected:
        assert time.monotonic() < until, inbox_status(inbox.engine, datetime.now(timezone.utc))
        time.sleep(0.05)  # polls for the work of another process


def test_the_stream_takes_messages_in_and_survives_failures_and_restarts(
    spark: SparkSession, handover: str, settings: FeedSettings, inbox: Inbox, sqs: SQSClient, tmp_path: Path
) -> None:
    """Every object once, whatever happens to the query; no secret in its plan, progress and checkpoint."""
    assert settings.queue is not None
    work, checkpoint = Work(inbox), tmp_path / "checkpoint"
    shown: list[str] = []

    def announce(*names: str) -> None:
        assert settings.queue is not None
        for name in names:
            sqs.send_message(QueueUrl=settings.queue.url, MessageBody=notification(s3_record(name)))

    announce(*(f"a{number}" for number in range(7)))
    query = start(spark, handover, checkpoint, work)
    wait_until_empty(inbox, 7)
    shown += [str(query.lastProgress), str(query.recentProgress)]
    batches = work.batches
    announce("b0")
    wait_until_empty(inbox, 8)
    assert query.isActive
    assert work.batches == batches + 1, "the running query takes a message in with its next batch"
    work.fail_next = True
    announce("c0", "c1")
    with pytest.raises(Exception, match="the batch failed"):
        query.awaitTermination(60)
    query = start(spark, handover, checkpoint, work)
    wait_until_empty(inbox, 10)
    query.stop()
    inbox.add([ObjectEvent("landing", "d0")], now=datetime.now(timezone.utc))
    query = start(spark, handover, checkpoint, work)
    wait_until_empty(inbox, 11)
    query.stop()
    lost = start(spark, handover, tmp_path / "another checkpoint", work)
    inbox.add([ObjectEvent("landing", "e0")], now=datetime.now(timezone.utc))
    wait_until_empty(inbox, 12)
    lost.stop()

    names = [f"a{number}" for number in range(7)] + ["b0", "c0", "c1", "d0", "e0"]
    assert sorted(work.finished) == names
    assert sorted(row.event.key for row in list_rows(inbox.engine)) == names
    assert balance(inbox.engine).holds
    names_of_counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = sqs.get_queue_attributes(QueueUrl=settings.queue.url, AttributeNames=names_of_counts)["Attributes"]  # type: ignore[arg-type] # names of attributes
    assert set(left.values()) == {"0"}
    plan = inbox_stream(spark, handover)._jdf.queryExecution().toString()
    files = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    for text in (*shown, plan, *files):
        assert CANARY not in text
        assert "test-secret-key" not in text

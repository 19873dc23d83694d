"""No message is deleted before its rows are durable; no outage loses what came before it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from dq.intake.take_in import Intake, drain, take_in
from dq.ledger.by_hand.dead_letters import list_dead_letters
from dq.ledger.inbox import Inbox
from dq.ledger.inspection import list_rows
from dq.ledger.migrate import migrate
from etl_core.errors import DatabaseUnavailableError, QueueUnavailableError, TerminalError
from etl_core.postgres.database import connect
from etl_core.postgres.embedded import embedded_postgres
from etl_core.queue.sqs import Message, Queue
from tests.announcements import eventbridge, notification, s3_record, s3_test_event, sns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)


def clock() -> datetime:
    """It is always noon."""
    return NOW


def left_in(sqs: SQSClient, queue_url: str) -> int:
    """How many messages the queue still has, visible or in flight."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(map(int, sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"].values()))


def send(sqs: SQSClient, queue_url: str, *bodies: str) -> None:
    """Put messages into the queue."""
    for body in bodies:
        sqs.send_message(QueueUrl=queue_url, MessageBody=body)


def keys(inbox: Inbox) -> list[str]:
    """The keys in the ledger."""
    return sorted(row.event.key for row in list_rows(inbox.engine, limit=1000))


def test_messages_become_rows_and_leave_the_queue(queue: Queue, inbox: Inbox, sqs: SQSClient, queue_url: str) -> None:
    """Three records are three rows; a test event and garbage are acknowledged, the garbage is kept."""
    three = notification(*(s3_record(f"k{number}") for number in range(3)))
    send(sqs, queue_url, three, eventbridge("e"), s3_test_event(), "garbage", sns(notification(s3_record("s"))))
    taken = drain(queue, inbox, clock, wait_seconds=0)
    assert (taken.messages, taken.undeleted) == (5, 0)
    assert (taken.accepted.added.new, taken.accepted.added.dead_letters) == (5, 1)
    assert taken.accepted.skipped == {"s3:TestEvent": 1}
    assert keys(inbox) == ["e", "k0", "k1", "k2", "s"]
    assert [letter.body for letter in list_dead_letters(inbox.engine)] == ["garbage"]
    assert left_in(sqs, queue_url) == 0


def test_an_object_put_into_a_bucket_arrives_with_its_key_as_it_is(
    queue: Queue, inbox: Inbox, sqs: SQSClient, s3: S3Client, bucket: str, queue_url: str
) -> None:
    """From a real notification of the local S3, not from a file."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
    wanted: Any = {"QueueConfigurations": [{"QueueArn": attributes["QueueArn"], "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    odd = ["a b/1+1.csv", "100%.csv", "a%2Bb.csv", "départ {1}.csv"]
    for key in odd:
        s3.put_object(Bucket=bucket, Key=key, Body=b"id\n1\n")
    drain(queue, inbox, clock, wait_seconds=0)
    assert keys(inbox) == sorted(odd)


def test_a_message_without_a_time_takes_that_of_the_queue(
    queue: Queue, inbox: Inbox, sqs: SQSClient, queue_url: str
) -> None:
    """So that the same key announced twice by hand is two announcements, and one delivered twice is one."""
    body = json.dumps({"bucket": "landing", "key": "k"})
    send(sqs, queue_url, body)
    (message,) = queue.receive(0)
    assert message.sent_at is not None
    take_in(_Stub(queue, [message]), inbox, NOW)
    take_in(_Stub(queue, [message]), inbox, NOW)
    assert len(keys(inbox)) == 1
    later = replace(message, sent_at=message.sent_at.replace(year=2099))
    take_in(_Stub(queue, [later]), inbox, NOW)
    assert len(keys(inbox)) == 2


def test_a_failing_database_leaves_every_message_in_the_queue(
    queue: Queue, inbox: Inbox, sqs: SQSClient, queue_url: str
) -> None:
    """A constraint that refuses one row: none is written, none is deleted, all come again."""
    with inbox.engine.begin() as connection:
        connection.execute(text("ALTER TABLE pipeline.object_inbox ADD CONSTRAINT odd CHECK (key <> 'k3')"))
    send(sqs, queue_url, *(notification(s3_record(f"k{number}")) for number in range(5)))
    with pytest.raises(TerminalError, match="odd"):
        drain(queue, inbox, clock, wait_seconds=0)
    assert left_in(sqs, queue_url) == 5
    assert "k3" not in keys(inbox)
    with inbox.engine.begin() as connection:
        connection.execute(text("ALTER TABLE pipeline.object_inbox DROP CONSTRAINT odd"))
    drain(queue, inbox, clock, wait_seconds=1, empty_receives=2)
    assert keys(inbox) == [f"k{number}" for number in range(5)]
    assert left_in(sqs, queue_url) == 0


def test_a_stopped_database_leaves_every_message_in_the_queue(
    queue: Queue, sqs: SQSClient, queue_url: str, postgres_directory: Path
) -> None:
    """And when it is back, everything arrives once."""
    with embedded_postgres(postgres_directory / "postgres") as server:
        engine = connect(server.dsn)
        migrate(engine)
    send(sqs, queue_url, *(notification(s3_record(f"k{number}")) for number in range(3)))
    inbox = Inbox(engine)
    with pytest.raises(DatabaseUnavailableError):
        take_in(queue, inbox, NOW, wait_seconds=0)
    assert left_in(sqs, queue_url) == 3
    with embedded_postgres(postgres_directory / "postgres"):
        drain(queue, inbox, clock, wait_seconds=1, empty_receives=2)
        assert keys(inbox) == ["k0", "k1", "k2"]
        engine.dispose()
    assert left_in(sqs, queue_url) == 0


class _Stub(Queue):
    """A queue that hands out given messages, or fails; it notes what is deleted."""

    def __init__(self, queue: Queue, *receives: Sequence[Message] | Exception) -> None:
        super().__init__(queue.access)
        self.receives = list(receives)
        self.deleted: list[str] = []

    def receive(self, wait_seconds: int = 20, most: int = 10) -> tuple[Message, ...]:
        """The next of the given receives, then nothing."""
        del wait_seconds, most
        found = self.receives.pop(0) if self.receives else []
        if isinstance(found, Exception):
            raise found
        return tuple(found)

    def delete(self, messages: Sequence[Message]) -> int:
        """Note and say that all is well."""
        self.deleted += [message.id for message in messages]
        return 0


def _messages(*names: str) -> list[Message]:
    return [Message(name, f"receipt-{name}", notification(s3_record(name)), NOW) for name in names]


def test_a_failed_receive_discards_nothing_and_one_empty_receive_ends_nothing(queue: Queue, inbox: Inbox) -> None:
    """Messages after an outage and after an empty answer are taken in too."""
    outage = QueueUnavailableError("away")
    stub = _Stub(queue, _messages("a"), outage, outage, _messages("b"), [], _messages("c"), [], outage, _messages("d"))
    taken = drain(stub, inbox, clock)
    assert stub.deleted == ["a", "b", "c", "d"]
    assert (taken.messages, keys(inbox)) == (4, ["a", "b", "c", "d"])


def test_a_queue_that_stays_away_ends_the_drain_and_keeps_what_came_before(queue: Queue, inbox: Inbox) -> None:
    """Three failures in a row."""
    outage = QueueUnavailableError("away")
    with pytest.raises(QueueUnavailableError):
        drain(_Stub(queue, _messages("a"), outage, outage, outage), inbox, clock)
    assert keys(inbox) == ["a"]


def test_a_drain_of_a_queue_that_never_gets_empty_ends_when_there_is_something_to_work_on(
    queue: Queue, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dq.intake.take_in._LONGEST_DRAIN", 0.0)
    never_empty = _Stub(queue, *[_messages(f"k{number}") for number in range(50)])
    assert drain(never_empty, inbox, clock).messages < 50


def test_a_drain_ends_after_the_receive_at_hand_where_somebody_asked_to_stop(queue: Queue, inbox: Inbox) -> None:
    never_empty = _Stub(queue, *[_messages(f"k{number}") for number in range(50)])
    assert drain(never_empty, inbox, clock, stopped=lambda: True).messages == 1


def test_messages_that_cannot_be_deleted_come_again_and_change_nothing(
    queue: Queue, inbox: Inbox, sqs: SQSClient, queue_url: str
) -> None:
    """A receipt that is none is left over; the others go."""
    send(sqs, queue_url, notification(s3_record("a")), notification(s3_record("b")))
    good = queue.receive(0)
    bad = [replace(good[0], receipt="none"), *good[1:]]
    assert queue.delete(bad) == 1
    assert left_in(sqs, queue_url) == 1
    assert queue.delete([]) == 0
    take_in(_Stub(queue, good), inbox, NOW)
    drain(queue, inbox, clock, wait_seconds=1, empty_receives=2)
    assert keys(inbox) == ["a", "b"]
    assert left_in(sqs, queue_url) == 0


def test_nothing_received_is_nothing_taken_in(queue: Queue, inbox: Inbox) -> None:
    """And no error."""
    assert take_in(queue, inbox, NOW, wait_seconds=0) == Intake()

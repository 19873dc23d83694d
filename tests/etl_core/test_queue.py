"""Messages come out of the queue with what they say, and go when they are told to."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from etl_core.errors import QueueUnavailableError, SettingsError
from etl_core.queue.sqs import Message, Queue, QueueAccess

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)


def _messages(*names: str) -> list[Message]:
    return [Message(name, f"receipt-{name}", "a body", NOW) for name in names]


def test_a_message_is_received_with_its_body_and_the_time_it_was_sent_and_is_gone_once_deleted(
    queue: Queue, sqs: SQSClient, queue_url: str
) -> None:
    for number in range(12):
        sqs.send_message(QueueUrl=queue_url, MessageBody=f"body {number}")
    first, second = queue.receive(0), queue.receive(0)
    assert len(first) == 10  # the service hands out no more at once
    assert {message.body for message in (*first, *second)} == {f"body {number}" for number in range(12)}
    assert all(message.sent_at is not None and message.sent_at.tzinfo for message in first)
    assert queue.delete(first) + queue.delete(second) == 0
    assert queue.receive(1) == ()


def test_a_message_whose_deletion_is_refused_is_deleted_again(queue: Queue, sqs: SQSClient, queue_url: str) -> None:
    """The service answers for each message of a call apart."""
    sqs.send_message(QueueUrl=queue_url, MessageBody="a body")
    received = queue.receive(0)
    answers: list[int] = []
    hooks: Any = queue._client().meta.events

    def refuse_first(parsed: dict[str, Any], **_: object) -> None:
        answers.append(len(parsed["Successful"]))
        if len(answers) == 1:
            parsed["Successful"] = []

    hooks.register("after-call.sqs.DeleteMessageBatch", refuse_first)
    assert queue.delete(received) == 0
    assert len(answers) == 2


def test_an_outage_while_deleting_is_no_failure(queue_access: QueueAccess) -> None:
    """The rows are durable; the messages come again."""
    nowhere = Queue(replace(queue_access, endpoint="http://127.0.0.1:9"))
    assert nowhere.delete(_messages("a", "b")) == 2


def test_an_outage_is_told_from_a_wrong_address(queue_access: QueueAccess) -> None:
    """The first may pass, the second needs somebody."""
    with pytest.raises(QueueUnavailableError, match="no answer"):
        Queue(replace(queue_access, endpoint="http://127.0.0.1:9")).receive(0)
    wrong = Queue(replace(queue_access, url=queue_access.url + "-not-there"))
    for call in (wrong.check, wrong.receive):
        with pytest.raises(SettingsError, match="POLL_QUEUE_URL"):
            call()
    Queue(queue_access).check()


def test_neither_the_settings_nor_the_pickled_queue_hold_what_they_should_not(queue: Queue) -> None:
    """No secret in what is printed, no client in what travels."""
    assert "test-secret-key" not in repr(queue.access)
    queue.check()
    copy = pickle.loads(pickle.dumps(queue))  # noqa: S301  our own bytes
    assert copy._made is None
    copy.check()

"""The queue: receive, write to the ledger, commit, and only then delete.

A message is never deleted before its rows are durable. Whatever goes wrong in between, the queue hands it out
again and the ledger knows it already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from dq.events.announcement import combine
from dq.events.notification import parse_announcement
from dq.intake.accept import Accepted, accept
from etl_core.errors import QueueUnavailableError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_sqs import SQSClient

    from dq.ledger.inbox import Inbox

log = structlog.get_logger()

#: SQS hands out and deletes at most so many messages per call.
MOST_PER_CALL = 10
_ANSWER_SECONDS = 10
_DELETE_TRIES = 3
_MISCONFIGURED = (
    "NonExistentQueue",
    "QueueDoesNotExist",
    "AccessDenied",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
)


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Where the queue is. Without keys the AWS default chain finds them; `endpoint` is for services other than AWS."""

    url: str
    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery of one message; `sent_at` is when the queue first took it."""

    id: str
    receipt: str
    body: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Intake:
    """What was taken from the queue. `undeleted` messages come again, which changes nothing."""

    messages: int = 0
    undeleted: int = 0
    accepted: Accepted = field(default_factory=Accepted)

    def __add__(self, other: Intake) -> Intake:
        """Both together."""
        return Intake(self.messages + other.messages, self.undeleted + other.undeleted, self.accepted + other.accepted)


class Queue:
    """One SQS queue. Travels as its settings; each process makes its own client."""

    def __init__(self, settings: QueueSettings) -> None:
        self.settings = settings
        self._made: SQSClient | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"settings": self.settings, "_made": None}

    def check(self) -> None:
        """Ask the queue for its name, at start-up.

        Raises:
            SettingsError: there is no such queue, or we may not use it.
            QueueUnavailableError: no answer.
        """
        self._call(lambda client: client.get_queue_attributes(QueueUrl=self.settings.url, AttributeNames=["QueueArn"]))

    def receive(self, wait_seconds: int = 20, most: int = MOST_PER_CALL) -> tuple[Message, ...]:
        """Messages that are there, or that arrive within `wait_seconds` (at most 20); none does not mean empty.

        Raises:
            SettingsError: there is no such queue, or we may not use it.
            QueueUnavailableError: no answer.
        """
        answer = self._call(
            lambda client: client.receive_message(
                QueueUrl=self.settings.url,
                MaxNumberOfMessages=min(most, MOST_PER_CALL),
                WaitTimeSeconds=min(wait_seconds, 20),
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        )
        return tuple(
            Message(one["MessageId"], one["ReceiptHandle"], one.get("Body", ""), _sent_at(one.get("Attributes", {})))
            for one in answer.get("Messages", [])
        )

    def delete(self, messages: Sequence[Message]) -> int:
        """Delete messages, trying again those that fail; how many are left. Never raises: what is left comes again."""
        left = {str(number): message for number, message in enumerate(messages)}
        for _ in range(_DELETE_TRIES):
            if not left:
                break
            entries: Any = [{"Id": number, "ReceiptHandle": one.receipt} for number, one in left.items()]
            wanted = {"QueueUrl": self.settings.url, "Entries": entries}
            try:
                answer = self._call(partial(_delete_batch, wanted=wanted))
            except (QueueUnavailableError, SettingsError) as error:
                log.warning("messages could not be deleted", error=str(error), messages=len(left))
                break
            for one in answer.get("Successful", []):
                left.pop(one["Id"], None)
        return len(left)

    def _call(self, call: Callable[[SQSClient], Any]) -> Any:  # noqa: ANN401  whatever the client answers
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  half a second most jobs can do without

        try:
            return call(self._client())
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if any(known in code for known in _MISCONFIGURED):
                problem = f"{self.settings.url}: the queue service answers {code}; check its address, region and keys"
                raise SettingsError("POLL_QUEUE_URL", [problem]) from error
            raise QueueUnavailableError(f"{self.settings.url}: the queue service answers {code or error}") from error
        except BotoCoreError as error:
            raise QueueUnavailableError(f"{self.settings.url}: no answer ({type(error).__name__}: {error})") from error

    def _client(self) -> SQSClient:
        if self._made is None:
            import boto3  # noqa: PLC0415  as above
            from botocore.config import Config  # noqa: PLC0415  as above

            settings = self.settings
            self._made = boto3.client(
                "sqs",
                endpoint_url=settings.endpoint,
                region_name=settings.region or _region(settings),
                aws_access_key_id=settings.access_key,
                aws_secret_access_key=settings.secret_key,
                config=Config(
                    retries={"mode": "standard", "total_max_attempts": 3},
                    connect_timeout=5,
                    read_timeout=20 + _ANSWER_SECONDS,
                ),
            )
        return self._made


def take_in(queue: Queue, inbox: Inbox, now: datetime, *, wait_seconds: int = 20) -> Intake:
    """One receive: everything in it is durable in the ledger before any of it is deleted.

    Raises:
        QueueUnavailableError: nothing was received.
        DatabaseUnavailableError: nothing was written, and every message stays in the queue.
    """
    messages = queue.receive(wait_seconds)
    if not messages:
        return Intake()
    announcement = combine(parse_announcement(message.body, announced_at=message.sent_at) for message in messages)
    accepted = accept(inbox, announcement, now=now, source="queue")
    return Intake(len(messages), queue.delete(messages), accepted)


def drain(
    queue: Queue,
    inbox: Inbox,
    clock: Callable[[], datetime],
    *,
    empty_receives: int = 3,
    failures: int = 3,
    wait_seconds: int = 1,
) -> Intake:
    """Take in until the queue was found empty several times in a row: one empty receive proves nothing.

    Args:
        queue: where from.
        inbox: where to.
        clock: tells the time; each receive notes its own.
        empty_receives: so many in a row end it.
        failures: so many failed receives in a row are one too many; what came before them is kept.
        wait_seconds: how long each receive waits for messages.

    Raises:
        QueueUnavailableError: the queue failed repeatedly.
        DatabaseUnavailableError: the ledger failed; what was not written stays in the queue.
    """
    total, empty, failed = Intake(), 0, 0
    while empty < empty_receives:
        try:
            taken = take_in(queue, inbox, clock(), wait_seconds=wait_seconds)
        except QueueUnavailableError as error:
            failed += 1
            log.warning("receive failed", error=str(error), in_a_row=failed, taken_in=total.messages)
            if failed >= failures:
                raise
            continue
        failed = 0
        empty = 0 if taken.messages else empty + 1
        total += taken
    return total


def _delete_batch(client: SQSClient, wanted: Any) -> Any:  # noqa: ANN401  what the client takes and answers
    return client.delete_message_batch(**wanted)


def _sent_at(attributes: Any) -> datetime | None:  # noqa: ANN401  its keys differ between versions of the stubs
    sent = attributes.get("SentTimestamp")
    return datetime.fromtimestamp(int(sent) / 1000, timezone.utc) if sent else None


def _region(settings: QueueSettings) -> str | None:
    """The region in the address of an AWS queue; services other than AWS take any."""
    host = (urlsplit(settings.url).hostname or "").split(".")
    if host[0] == "sqs" and host[2:3] == ["amazonaws"]:
        return host[1]
    return "us-east-1" if settings.endpoint else None

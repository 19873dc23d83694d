"""One SQS queue: receive messages, and delete those whose content is safe elsewhere.

Whoever receives deletes only what is durable by then: whatever goes wrong in between, the queue hands it out again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from etl_core.aws_set_up import wrong_set_up
from etl_core.errors import QueueUnavailableError, SettingsError
from etl_core.retry import Backoff, call_again

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_sqs import SQSClient

log = structlog.get_logger()

#: SQS hands out and deletes at most so many messages per call.
MOST_PER_CALL = 10
_ANSWER_SECONDS = 10
_DELETE_TRIES = 3
_DELETE_AGAIN = Backoff(first=0.1, factor=3.0, longest=1.0)
_MISCONFIGURED = (
    "NonExistentQueue",
    "QueueDoesNotExist",
    "AccessDenied",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "InvalidSecurity",
    "ExpiredToken",
    "OptInRequired",
)


@dataclass(frozen=True, slots=True)
class QueueAccess:
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


class _LeftOverError(QueueUnavailableError):
    """Some of the messages of one call were not deleted."""


class Queue:
    """One SQS queue. Travels as its access; each process makes its own client."""

    def __init__(self, access: QueueAccess) -> None:
        self.access = access
        self._made: SQSClient | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"access": self.access, "_made": None}

    def check(self) -> None:
        """Ask the queue for its name, at start-up.

        Raises:
            SettingsError: there is no such queue, or we may not use it.
            QueueUnavailableError: no answer.
        """
        self._call(lambda client: client.get_queue_attributes(QueueUrl=self.access.url, AttributeNames=["QueueArn"]))

    def receive(self, wait_seconds: int = 20, most: int = MOST_PER_CALL) -> tuple[Message, ...]:
        """Messages that are there, or that arrive within `wait_seconds` (at most 20); none does not mean empty.

        Raises:
            SettingsError: there is no such queue, or we may not use it.
            QueueUnavailableError: no answer.
        """
        answer = self._call(
            lambda client: client.receive_message(
                QueueUrl=self.access.url,
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
        try:
            if left:
                call_again(lambda: self._delete(left), attempts=_DELETE_TRIES, backoff=_DELETE_AGAIN, on=_LeftOverError)
        except (QueueUnavailableError, SettingsError) as error:
            log.warning("messages could not be deleted", error=error, messages=len(left))
        return len(left)

    def _delete(self, left: dict[str, Message]) -> None:
        """Delete messages, and take those that are gone out of `left`.

        Raises:
            _LeftOverError: some are still there.
        """
        entries: Any = [{"Id": number, "ReceiptHandle": one.receipt} for number, one in left.items()]
        wanted = {"QueueUrl": self.access.url, "Entries": entries}
        answer = self._call(partial(_delete_batch, wanted=wanted))
        for one in answer.get("Successful", []):
            left.pop(one["Id"], None)
        if left:
            raise _LeftOverError(f"{self.access.url}: the queue service refused to delete {len(left)} of them")

    def _call(self, call: Callable[[SQSClient], Any]) -> Any:  # noqa: ANN401  whatever the client answers
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  half a second most jobs can do without

        try:
            return call(self._client())
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if any(known in code for known in _MISCONFIGURED):
                problem = f"{self.access.url}: the queue service answers {code}; check its address, region and keys"
                raise SettingsError("POLL_QUEUE_URL", [problem]) from error
            raise QueueUnavailableError(f"{self.access.url}: the queue service answers {code or error}") from error
        except BotoCoreError as error:
            if (wrong := wrong_set_up(error)) is not None:
                raise SettingsError("POLL_QUEUE_URL", [f"{self.access.url}: {wrong}"]) from error
            raise QueueUnavailableError(f"{self.access.url}: no answer ({type(error).__name__}: {error})") from error

    def _client(self) -> SQSClient:
        if self._made is None:
            import boto3  # noqa: PLC0415  as above
            from botocore.config import Config  # noqa: PLC0415  as above

            access = self.access
            self._made = boto3.client(
                "sqs",
                endpoint_url=access.endpoint,
                region_name=access.region or _region(access),
                aws_access_key_id=access.access_key,
                aws_secret_access_key=access.secret_key,
                config=Config(
                    retries={"mode": "standard", "total_max_attempts": 3},
                    connect_timeout=5,
                    read_timeout=20 + _ANSWER_SECONDS,
                ),
            )
        return self._made


def _delete_batch(client: SQSClient, wanted: Any) -> Any:  # noqa: ANN401  what the client takes and answers
    return client.delete_message_batch(**wanted)


def _sent_at(attributes: Any) -> datetime | None:  # noqa: ANN401  its keys differ between versions of the stubs
    sent = attributes.get("SentTimestamp")
    return datetime.fromtimestamp(int(sent) / 1000, timezone.utc) if sent else None


def _region(access: QueueAccess) -> str | None:
    """The region in the address of an AWS queue; services other than AWS take any."""
    host = (urlsplit(access.url).hostname or "").split(".")
    if host[0] == "sqs" and host[2:3] == ["amazonaws"]:
        return host[1]
    return "us-east-1" if access.endpoint else None

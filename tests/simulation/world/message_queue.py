"""A queue in memory behind the product's own: at least once, in any order, with a visibility timeout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import EndpointConnectionError

from etl_core.queue.sqs import Queue, QueueAccess
from tests.simulation.world.clock import Clock
from tests.simulation.world.faults import Faults

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_VISIBLE_AGAIN = timedelta(seconds=30)


@dataclass
class Sent:
    """A message in the queue; `receipt` is that of its last delivery, the only one that deletes it."""

    number: int
    body: str
    at: datetime
    visible_at: datetime
    receipt: str = ""
    deliveries: int = 0


@dataclass
class MessageQueue:
    """What was sent and not deleted. `log` keeps every body that ever was in it."""

    clock: Clock
    messages: list[Sent] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    answers: bool = True
    #: Told the bodies before they are deleted.
    on_delete: Callable[[Sequence[str]], object] = lambda _bodies: None

    def send(self, body: str) -> None:
        """Put a message into the queue."""
        self.log.append(body)
        self.messages.append(Sent(len(self.log), body, self.clock(), self.clock()))

    def receive(self, most: int) -> list[Sent]:
        """Hand out messages that nobody else has just been given, in the order they lie in."""
        now = self.clock()
        found = [one for one in self.messages if one.visible_at <= now][:most]
        for one in found:
            one.deliveries += 1
            one.receipt, one.visible_at = f"{one.number}/{one.deliveries}", now + _VISIBLE_AGAIN
        return found

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete by receipts; one from before the last delivery is answered as if it had worked."""
        gone = [one for one in self.messages if one.receipt in receipts]
        self.on_delete([one.body for one in gone])
        self.messages = [one for one in self.messages if one not in gone]


class SimulatedQueue(Queue):
    """The product's queue of one process, with a client that asks memory."""

    def __init__(self, queue: MessageQueue, faults: Faults) -> None:
        super().__init__(QueueAccess("memory"))
        self._simulated = cast("SQSClient", _Client(queue, faults))

    def _client(self) -> SQSClient:
        return self._simulated


class _Client:
    """What the product calls of boto3's client."""

    def __init__(self, queue: MessageQueue, faults: Faults) -> None:
        self._queue, self._faults = queue, faults

    def receive_message(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  boto3's
        messages = self._reach(lambda: self._queue.receive(asked["MaxNumberOfMessages"]))
        return {
            "Messages": [
                {
                    "MessageId": str(one.number),
                    "ReceiptHandle": one.receipt,
                    "Body": one.body,
                    "Attributes": {"SentTimestamp": str(int(one.at.timestamp() * 1000))},
                }
                for one in messages
            ]
        }

    def delete_message_batch(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  boto3's
        self._reach(lambda: self._queue.delete([one["ReceiptHandle"] for one in asked["Entries"]]))
        return {"Successful": [{"Id": one["Id"]} for one in asked["Entries"]]}

    def _reach(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever it gives
        def answered() -> object:
            if not self._queue.answers:
                raise EndpointConnectionError(endpoint_url="sqs")
            return call()

        return self._faults.effect(answered, lambda: EndpointConnectionError(endpoint_url="sqs"))

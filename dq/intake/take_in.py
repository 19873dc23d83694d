"""From the queue into the ledger: receive, write, commit, and only then delete.

A message is never deleted before its rows are durable. Whatever goes wrong in between, the queue hands it out
again and the ledger knows it already.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from dq.events.announcement import combine
from dq.events.notification import parse_announcement
from dq.intake.accept import Accepted, accept
from etl_core.errors import QueueUnavailableError
from etl_core.retry import Backoff, call_again

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dq.ledger.inbox import Inbox
    from etl_core.errors import PipelineError
    from etl_core.queue.sqs import Queue

log = structlog.get_logger()

#: Seconds after which what was taken in is worked off, although more comes.
_LONGEST_DRAIN = 5.0
_RECEIVE_AGAIN = Backoff(first=0.5, factor=3.0, longest=5.0)


@dataclass(frozen=True, slots=True)
class Intake:
    """What was taken from the queue. `undeleted` messages come again, which changes nothing."""

    messages: int = 0
    undeleted: int = 0
    accepted: Accepted = field(default_factory=Accepted)

    def __add__(self, other: Intake) -> Intake:
        """Both together."""
        return Intake(self.messages + other.messages, self.undeleted + other.undeleted, self.accepted + other.accepted)


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


def drain(  # noqa: PLR0913 - what a test of it has to choose
    queue: Queue,
    inbox: Inbox,
    clock: Callable[[], datetime],
    *,
    empty_receives: int = 3,
    failures: int = 3,
    wait_seconds: int = 1,
    sleep: Callable[[float], object] = time.sleep,
    stopped: Callable[[], bool] = lambda: False,
) -> Intake:
    """Take in until the queue was found empty several times in a row: one empty receive proves nothing.

    It ends before that when it has taken a while: messages may trickle in forever, and there is something to work on.

    Args:
        queue: where from.
        inbox: where to.
        clock: tells the time; each receive notes its own.
        empty_receives: so many in a row end it.
        failures: so many failed receives in a row are one too many; what came before them is kept.
        wait_seconds: how long each receive waits for messages.
        sleep: waits between failed receives; where it gives True, somebody asked to stop.
        stopped: whether somebody asked to stop; asked after each receive.

    Raises:
        QueueUnavailableError: the queue failed repeatedly.
        DatabaseUnavailableError: the ledger failed; what was not written stays in the queue.
    """
    total, empty, began = Intake(), 0, time.monotonic()

    def take() -> Intake:
        return take_in(queue, inbox, clock(), wait_seconds=wait_seconds)

    def tell(error: PipelineError, seconds: float) -> None:
        log.warning("receive failed", error=error, again_in=round(seconds, 1), taken_in=total.messages)

    while empty < empty_receives:
        taken = call_again(
            take,
            attempts=failures,
            backoff=_RECEIVE_AGAIN,
            on=QueueUnavailableError,
            waiting=tell,
            sleep=sleep,
        )
        empty = 0 if taken.messages else empty + 1
        total += taken
        if stopped() or (taken.messages and time.monotonic() - began > _LONGEST_DRAIN):
            break
    return total

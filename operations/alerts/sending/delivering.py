"""Messages leave the outbox: all channels at once, each in its own order, none waiting for another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

import structlog

if TYPE_CHECKING:
    from operations.alerts.deciding.routes import Channel
    from operations.alerts.sending.outbox import GivenUp, Outbox, Waiting

log = structlog.get_logger()

#: Channels that are sent to at once.
_AT_ONCE: Final = 6
#: Failures in a row after which it is the channel's fault, not the message's.
_IN_A_ROW: Final = 2
_MOST_NAMED: Final = 20


class Sender(Protocol):
    """A channel that takes messages."""

    @property
    def channel(self) -> Channel:
        """What it is called."""

    def send(self, tone: str, title: str, body: str) -> str | None:
        """Send a message; None where the channel took it, else why not."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a round of deliveries came to: tries by channel and outcome (`sent`, `failed`, `given_up`)."""

    tries: Counter[tuple[str, str]]

    def count(self, outcome: str) -> int:
        """How many tries ended so."""
        return sum(count for (_, name), count in self.tries.items() if name == outcome)


def deliver(
    outbox: Outbox,
    senders: Sequence[Sender],
    clock: Callable[[], datetime],
    stopped: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Send what is due.

    Args:
        outbox: where it waits.
        senders: the channels.
        clock: tells the present.
        stopped: whether somebody asked to end; the messages under way are finished.

    Raises:
        PipelineError: the database; what was sent and could not be marked is sent once more.
    """
    tries: Counter[tuple[str, str]] = Counter()
    if senders:
        with ThreadPoolExecutor(min(_AT_ONCE, len(senders)), thread_name_prefix="alerts") as pool:
            for done in pool.map(lambda one: _work_off(outbox, one, clock, stopped), senders):
                tries += done
        strange = outbox.give_up_strangers([one.channel.name for one in senders], clock())
        tries += _tell_given_up(strange)
    return Delivered(tries)


def _work_off(
    outbox: Outbox, sender: Sender, clock: Callable[[], datetime], stopped: Callable[[], bool]
) -> Counter[tuple[str, str]]:
    """Send what is due to one channel, the oldest first.

    A message that fails while the next one arrives is to blame itself, and waits alone. Two that fail in a row, or the
    last one, say that the channel is out: it rests, and what waits for it keeps its order.
    """
    name, tries = sender.channel.name, Counter[tuple[str, str]]()
    due = outbox.due(name, clock())
    failed: list[int] = []
    in_a_row, reason = 0, ""
    for one in due:
        if stopped():
            break
        said = sender.send(one.tone, one.title, one.body)
        if said is None:
            outbox.sent(name, one.id, clock(), failed)
            tries[name, "sent"] += 1
            in_a_row, failed = 0, []
            log.info("alert delivered", channel=name, message_id=one.id, title=one.title)
            continue
        reason, in_a_row = said, in_a_row + 1
        tries += _failed(outbox, name, one, said, clock())
        failed.append(one.id)
        if in_a_row == _IN_A_ROW:
            break
    if in_a_row:
        until, given_up = outbox.rest(name, failed, reason, clock())
        log.warning("a channel of alerts takes nothing; it rests", channel=name, reason=reason, until=str(until))
        tries += _tell_given_up(given_up)
    return tries


def _failed(outbox: Outbox, name: str, one: Waiting, reason: str, now: datetime) -> Counter[tuple[str, str]]:
    tries = Counter({(name, "failed"): 1})
    return tries + _tell_given_up(outbox.failed(one.id, reason, now))


def _tell_given_up(given_up: Iterable[GivenUp]) -> Counter[tuple[str, str]]:
    """Name them in the log: nobody else will be told."""
    tries: Counter[tuple[str, str]] = Counter()
    for place, one in enumerate(given_up):
        tries[one.channel, "given_up"] += 1
        if place < _MOST_NAMED:
            log.error(
                "a message of alerts was given up; its alerts stay in pipeline.alert",
                channel=one.channel,
                message_id=one.id,
                title=one.title,
                tries=one.tries,
                reason=one.reason,
            )
    return tries

"""The outbox: messages that wait, each until it is delivered or given up, and channels that rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, delete, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from etl_core.retry import Backoff
from operations.alerts.tables import alert_channel, alert_delivery

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.engine import Connection, Engine

    from operations.alerts.deciding.messages import Message

_D: Final = alert_delivery.c
_C: Final = alert_channel.c
#: Rounds that a message is tried in: with these waits about five hours and a half.
MOST_TRIES: Final = 16
WAITS: Final = Backoff(first=60, factor=2, longest=1800)
_LONGEST: Final = timedelta(seconds=WAITS.longest)
#: Messages of a channel in one round.
_MOST: Final = 50
#: How long a message waits for a channel that no setting names.
_STRANGER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is due."""

    id: int
    tone: str
    title: str
    body: str
    tries: int


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message that is tried no more."""

    id: int
    channel: str
    title: str
    tries: int
    reason: str


def put(connection: Connection, messages: Sequence[Message], now: datetime) -> None:
    """Add messages, in the transaction that notes what they tell of."""
    if messages:
        rows = [
            {
                "channel": one.channel,
                "tone": one.tone,
                "title": one.title,
                "body": one.body,
                "alerts": list(one.alerts),
                "created_at": now,
                "state": "waiting",
                "tries": 0,
                "due_at": now,
            }
            for one in messages
        ]
        connection.execute(insert(alert_delivery), rows)


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits in the database; every call is a transaction of its own.

    A moment that lies further ahead than any wait is one of a clock that was wrong: it holds nobody back.
    """

    database: Engine

    def due(self, channel: str, now: datetime) -> tuple[Waiting, ...]:
        """The messages of a channel that are due, the oldest first; none while it rests."""
        rests = (
            select(literal(1))
            .where(_C.channel == channel, _C.rests_until > now, _C.rests_until <= now + _LONGEST)
            .exists()
        )
        query = (
            select(_D.id, _D.tone, _D.title, _D.body, _D.tries)
            .where(_D.channel == channel, _D.state == "waiting", ~rests)
            .where(or_(_D.due_at <= now, _D.due_at > now + _LONGEST))
            .order_by(_D.id)
            .limit(_MOST)
        )
        with self.database.connect() as connection:
            return tuple(Waiting(*row) for row in connection.execute(query))

    def sent(self, channel: str, message: int, now: datetime, failed_before: Sequence[int] = ()) -> None:
        """Note that a message arrived: its channel rests no longer, and those that failed before it are to blame.

        Args:
            channel: its name.
            message: its number.
            now: the present.
            failed_before: messages that this round failed to deliver to the same channel; they wait alone.
        """
        with self.database.begin() as connection:
            ended = {"state": "sent", "tries": _D.tries + 1, "ended_at": now, "reason": None}
            connection.execute(update(alert_delivery).where(_D.id == message, _D.state == "waiting").values(**ended))
            connection.execute(delete(alert_channel).where(_C.channel == channel))
            if failed_before:
                wait = func.make_interval(
                    0, 0, 0, 0, 0, 0, func.least(WAITS.longest, WAITS.first * func.power(2, _D.tries - 1))
                )
                alone = update(alert_delivery).where(_D.id.in_(failed_before), _D.state == "waiting")
                connection.execute(alone.values(due_at=now + wait))

    def failed(self, message: int, reason: str, now: datetime) -> tuple[GivenUp, ...]:
        """Count a try of a message in vain; the message where it was the last one."""
        return self._count(_D.id == message, reason, now)

    def rest(
        self, channel: str, tried: Collection[int], reason: str, now: datetime
    ) -> tuple[datetime, tuple[GivenUp, ...]]:
        """Let a channel rest that takes nothing, longer each time; until when, and what is tried no more.

        All that waits for it counts a try, as if it had been sent: so each message has an end, however many wait.

        Args:
            channel: its name.
            tried: the messages whose try was counted already.
            reason: what the channel said.
            now: the present.
        """
        with self.database.begin() as connection:
            before = connection.scalar(select(_C.failures).where(_C.channel == channel)) or 0
            until = now + WAITS.wait(before + 1, 1.0)
            values = {"channel": channel, "failures": before + 1, "rests_until": until, "reason": reason}
            row = upsert(alert_channel).values(**values)
            connection.execute(row.on_conflict_do_update(index_elements=["channel"], set_=values))
        return until, self._count((_D.channel == channel) & _D.id.not_in(list(tried)), reason, now)

    def give_up_strangers(self, names: Collection[str], now: datetime) -> tuple[GivenUp, ...]:
        """Give up messages that have waited a day for channels that no setting names any more."""
        strange = _D.channel.not_in(list(names)) & (_D.created_at < now - _STRANGER)
        reason = "ALERT_URLS names no such channel any more"
        ended = update(alert_delivery).where(strange, _D.state == "waiting")
        with self.database.begin() as connection:
            rows = connection.execute(ended.values(state="given_up", ended_at=now, reason=reason).returning(*_GIVEN_UP))
            return tuple(GivenUp(*row) for row in rows)

    def waiting(self) -> int:
        """How many messages wait."""
        with self.database.connect() as connection:
            return connection.scalar(select(func.count()).where(_D.state == "waiting")) or 0

    def _count(self, which: Any, reason: str, now: datetime) -> tuple[GivenUp, ...]:  # noqa: ANN401 - a condition
        is_last = _D.tries + 1 >= MOST_TRIES
        counted = (
            update(alert_delivery)
            .where(which, _D.state == "waiting")
            .values(
                tries=_D.tries + 1,
                reason=reason,
                state=case((is_last, "given_up"), else_="waiting"),
                ended_at=case((is_last, now)),
            )
            .returning(*_GIVEN_UP, _D.state)
        )
        with self.database.begin() as connection:
            rows = connection.execute(counted).all()
        return tuple(GivenUp(*row[:-1]) for row in rows if row[-1] == "given_up")


_GIVEN_UP: Final = (_D.id, _D.channel, _D.title, _D.tries, _D.reason)

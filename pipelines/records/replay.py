"""Dead letters that are sent back to the topic they came from: those that would pass by now, or all that are asked for.

A letter is sent back once. Its record carries the number of its attempt, so that one which never heals comes to an end:
with the last attempt its letter stays where it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

import structlog
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE

from dq import Replayed, Topic, note_replayed, record_checks, replayed
from etl_core.postgres.locks import tried
from pipelines.records.checking.dead_letter import ATTEMPT, Place, ReadLetter, read_letter
from pipelines.records.errors import OtherReplayError
from pipelines.records.flow import Flow
from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.kafka.reading import headers_of, read_topic
from pipelines.records.kafka.sending import Sender
from pipelines.records.kafka.topics import KnownTopic, Topics

if TYPE_CHECKING:
    from confluent_kafka import Message
    from sqlalchemy.engine import Engine

log = structlog.get_logger()

_SPACE: Final = re.compile(r"[ \t\r\n]*")
#: Letters that are looked at, sent and noted together.
_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters: those that fit all that is given.

    Attributes:
        since: written at this moment or later.
        rule: the first rule they break.
        limit: so many at most.
        failing: also those that would fail again.
        repairs: fields of the record that get another value before it is checked.
    """

    since: datetime | None = None
    rule: str | None = None
    limit: int | None = None
    failing: bool = False
    repairs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ReplayCounts:
    """What became of the letters that were wanted: read = sent + before + exhausted + failing + unreadable."""

    read: int = 0
    sent: int = 0
    #: sent by an earlier replay
    before: int = 0
    #: on their last attempt
    exhausted: int = 0
    #: would fail again
    failing: int = 0
    #: do not have their record, or were written by somebody else
    unreadable: int = 0

    def require_all(self) -> None:
        """Hold the equation."""
        ended = self.sent + self.before + self.exhausted + self.failing + self.unreadable
        if self.read != ended:
            raise AssertionError(f"letters were lost: {self.read} read, {ended} accounted for")


@dataclass(frozen=True, slots=True)
class _Due:
    """A letter to send back."""

    partition: int
    offset: int
    key: bytes | None
    letter: ReadLetter
    value: bytes


class Replay:
    """Sends the dead letters of a flow back."""

    def __init__(
        self,
        database: Engine,
        access: KafkaAccess,
        topics: Topics,
        flow: Flow,
        *,
        max_attempts: int,
        clock: Callable[[], datetime],
    ) -> None:
        """Send nothing yet.

        Args:
            database: with the account of streams.
            access: to the brokers.
            topics: asks them.
            flow: whose letters.
            max_attempts: of a record, the first time included.
            clock: gives the aware present.
        """
        self._database, self._access, self._topics, self._flow = database, access, topics, flow
        self._max_attempts, self._clock = max_attempts, clock
        self._checks = record_checks(flow.definition)

    def run(self, wanted: Wanted, *, dry_run: bool = False) -> ReplayCounts:
        """Send back what is wanted; with `dry_run` only count it.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: the brokers do not answer, or do not let us.
            OtherReplayError: somebody else is at it.
            DatabaseUnavailableError: no answer; letters that were sent already may be sent once more.
        """
        if dry_run:
            return self._run(wanted, dry_run=True)
        with tried(self._database, "replay of dead letters", self._flow.name) as is_free:
            if not is_free:
                raise OtherReplayError(
                    f"another process sends dead letters of {self._flow.name} back; run it again when it has ended"
                )
            return self._run(wanted, dry_run=False)

    def _run(self, wanted: Wanted, *, dry_run: bool) -> ReplayCounts:
        found = self._topics.find([self._flow.dead_letters, self._flow.source.topic])
        letters = found[self._flow.dead_letters]
        account = Topic(self._flow.name, letters.name, letters.id)
        done, counts, due = self._done(letters, account), ReplayCounts(), list[_Due]()
        for message in self._messages(letters):
            if wanted.limit is not None and counts.sent + len(due) >= wanted.limit:
                break
            letter = read_letter(message.value(), headers_of(message))
            if letter.flow not in (None, self._flow.name) or not _is_wanted(message, letter, wanted):
                continue
            counts.read += 1
            one = self._due(message, letter, wanted, done, counts)
            if one is not None:
                due.append(one)
            if len(due) >= _AT_ONCE:
                self._send(due, account, counts, dry_run=dry_run)
        self._send(due, account, counts, dry_run=dry_run)
        counts.require_all()
        return counts

    def _due(
        self, message: Message, letter: ReadLetter, wanted: Wanted, done: set[Place], counts: ReplayCounts
    ) -> _Due | None:
        own, value = _place_of(message), _repaired(letter.value, wanted.repairs)
        if letter.flow is None or value is None:
            counts.unreadable += 1
        elif not done.isdisjoint({own, letter.place}):
            counts.before += 1
        elif letter.attempt >= self._max_attempts:
            counts.exhausted += 1
        elif not wanted.failing and not self._passes(value):
            counts.failing += 1
        else:
            if letter.place is not None:
                done.add(letter.place)
            return _Due(own.partition, own.offset, message.key(), letter, value)
        return None

    def _done(self, letters: KnownTopic, account: Topic) -> set[Place]:
        """Letters that were sent back, and their records; a record has two where a process died, or two were at it."""
        sent = {Place(letters.name, *place) for place in replayed(self._database, account)}
        if not sent:
            return set()
        of_sent = (one for one in self._messages(letters) if _place_of(one) in sent)
        places = (read_letter(one.value(), headers_of(one)).place for one in of_sent)
        return sent | {place for place in places if place is not None}

    def _passes(self, value: bytes) -> bool:
        checked = self._checks.look([value])
        return not checked.malformed and not checked.failing.any()

    def _send(self, due: list[_Due], account: Topic, counts: ReplayCounts, *, dry_run: bool) -> None:
        """Send letters back, then note that they were sent: killed in between, they are sent once more."""
        if not dry_run and due:
            sender = Sender(self._access)
            for one in due:
                attempt = str(one.letter.attempt + 1).encode()
                sender.send(self._flow.source.topic, one.key, one.value, [*one.letter.headers, (ATTEMPT, attempt)])
            sender.finish()
            sent = [Replayed(one.partition, one.offset, one.letter.attempt + 1) for one in due]
            note_replayed(self._database, account, sent, self._clock())
            log.info("dead letters were sent back", flow=self._flow.name, letters=len(due))
        counts.sent += len(due)
        due.clear()

    def _messages(self, topic: KnownTopic) -> Iterator[Message]:
        """The letters that are there now."""
        group = f"{self._flow.source.group}-replay"
        return read_topic(self._access, topic.name, self._topics.spans(topic), group)


def _place_of(message: Message) -> Place:
    return Place(message.topic() or "", message.partition() or 0, message.offset() or 0)


def _is_wanted(message: Message, letter: ReadLetter, wanted: Wanted) -> bool:
    if wanted.rule is not None and letter.rule != wanted.rule:
        return False
    kind, milliseconds = message.timestamp()
    if wanted.since is None or kind == TIMESTAMP_NOT_AVAILABLE:
        return True
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc) >= wanted.since


def _repaired(value: bytes | None, repairs: Mapping[str, Any]) -> bytes | None:
    """Give the fields of a record other values; one that is no object, or too deep to be read, stays as it is.

    Other fields stay as they are written, digits that no double holds too.
    """
    if value is None or not repairs:
        return value
    try:
        if not isinstance(json.loads(value), dict):
            return value
        written = [(name, text) for name, text in _members(value.decode()) if name not in repairs]
        made = [(name, json.dumps(one, ensure_ascii=False)) for name, one in repairs.items()]
        text = ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {text}" for name, text in (*written, *made))
        return f"{{{text}}}".encode()  # a half of a surrogate pair has no bytes in UTF-8
    except (ValueError, RecursionError):
        return value


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Give the names of an object, and what stands behind each."""
    reader, at = json.JSONDecoder(), _behind(text, 0, "{")
    while text[at] != "}":
        name, end = reader.raw_decode(text, at)
        start = _behind(text, end, ":")
        _, end = reader.raw_decode(text, start)
        yield name, text[start:end]
        at = _behind(text, end, ",")


def _behind(text: str, at: int, mark: str) -> int:
    """Give the place of the next sign behind a mark, of which there may be none."""
    found = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
    return _SPACE.match(text, found + 1).end() if text[found] == mark else found  # type: ignore[union-attr]

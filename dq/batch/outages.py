"""Whether an object failed by itself, or because of what others need, too: the object store, or a right to its bucket.

What everybody needs costs no object an attempt. Of one that is refused alone nobody knows better than that it is to
blame; where a second one of its bucket is refused, and none could be read meanwhile, the bucket is. But whoever may put
objects could stop a bucket with two that nobody can read: so while few are refused, the one that was read last is asked
for once more, and where it can still be read, each of them is to blame for itself. One that is archived always is.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import structlog

from dq.batch.endings import Failed, Found, Judged, Missing, SetAside
from dq.ledger.claims.resting import end_rest, let_rest
from etl_core.errors import PipelineError, RetryableError, StorageUnavailableError
from etl_core.objects.failures import WHOLE_BUCKET, ObjectRefusedError
from etl_core.objects.probe import answers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import TypeAlias

    from dq.batch.doors import Doors
    from dq.events.object_event import ObjectEvent

    #: Bucket, key and version of an object.
    Place: TypeAlias = tuple[str, str, str | None]

log = structlog.get_logger()

#: Objects of a bucket that are refused, none being read meanwhile, from which on it is the bucket's fault.
_ALIKE = 2
#: So many, none of the new ones being read meanwhile, are the bucket's fault whatever can be read of the old ones: the
#: key that encrypts what is new may be out of use.
_MANY = 20
#: Buckets that were read lately are remembered, so many of them.
_REMEMBERED = 8


class BucketEvidence:
    """What a process has seen of each bucket: the objects that were refused since one could last be read."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._refused: dict[str, set[str]] = {}
        self._read: dict[str, Place] = {}
        self._lock = Lock()

    def read(self, place: Place) -> None:
        """Note that this object could be read."""
        bucket = place[0]
        with self._lock:
            self._refused.pop(bucket, None)
            self._read.pop(bucket, None)
            self._read[bucket] = place
            if len(self._read) > _REMEMBERED:
                del self._read[next(iter(self._read))]

    def another_than(self, bucket: str) -> str | None:
        """Another bucket, the one that was read last."""
        with self._lock:
            return next((one for one in reversed(self._read) if one != bucket), None)

    def last_read(self, bucket: str) -> Place | None:
        """The object of this bucket that was read last."""
        with self._lock:
            return self._read.get(bucket)

    def refused(self, bucket: str, key: str) -> None:
        """Note that one could not."""
        with self._lock:
            known = self._refused.setdefault(bucket, set())
            if len(known) < _MANY:
                known.add(key)

    def refused_alike(self, bucket: str) -> int:
        """How many objects of the bucket were refused since one was read; more than a few are not counted."""
        with self._lock:
            return len(self._refused.get(bucket, ()))


@dataclass(frozen=True, slots=True)
class Pause:
    """What an object waits for that is not to blame.

    `until`: when its bucket is tried again; None where nothing at all can be had, and all wait.
    """

    until: datetime | None = None


class Outages:
    """What is out while one batch is processed; the object store is asked once a bucket, and only when reads fail."""

    def __init__(self, doors: Doors) -> None:
        """Ask nobody yet."""
        self._doors = doors
        self._answers: dict[str, bool] = {}
        self._rests: dict[str, datetime] = {}
        self._known_are_read: dict[str, bool] = {}
        self._asking = Lock()

    def note(self, seen: Iterable[Found | Judged | SetAside | Failed | Missing]) -> None:
        """Note what objects show of their buckets; before any of them is asked about.

        Raises:
            DatabaseUnavailableError: no answer.
        """
        evidence = self._doors.evidence
        readable: dict[str, Place] = {}
        for one in seen:
            match one:
                case Failed(error=StorageUnavailableError() | ObjectRefusedError() as error) if _may_be_of_bucket(
                    error
                ):
                    evidence.refused(one.item.event.bucket, one.item.event.key)
                case Judged():
                    readable[one.found.item.event.bucket] = _place(one.found.item.event)
                case Found() if one.peek is not None:
                    readable[one.item.event.bucket] = _place(one.item.event)
        for place in readable.values():
            evidence.read(place)
        if readable and end_rest(self._doors.database, readable):
            log.info("objects of these buckets can be read again", buckets=sorted(readable))

    def explains(self, error: Exception, event: ObjectEvent) -> Pause | None:
        """What the object waits for where `error` is not its fault; None where it is."""
        if not isinstance(error, RetryableError):
            return None
        with self._asking:
            if event.bucket not in self._answers:
                self._answers[event.bucket] = answers(self._doors.objects, event.bucket)
            if not self._answers[event.bucket] and not self._another_answers(event.bucket):
                return Pause()
            if self._answers[event.bucket] and not self._is_of_bucket(error, event.bucket):
                return None
            if event.bucket not in self._rests:
                self._rests[event.bucket] = self._begin_rest(error, event.bucket)
            return Pause(self._rests[event.bucket])

    def _another_answers(self, bucket: str) -> bool:
        """Whether one that could be read lately still can: then this bucket alone is out."""
        other = self._doors.evidence.another_than(bucket)
        if other is None:
            return False
        if other not in self._answers:
            self._answers[other] = answers(self._doors.objects, other)
        return self._answers[other]

    def _is_of_bucket(self, error: Exception, bucket: str) -> bool:
        if isinstance(error, ObjectRefusedError) and error.kind in WHOLE_BUCKET:
            return True
        if not _may_be_of_bucket(error):
            return False
        alike = self._doors.evidence.refused_alike(bucket)
        return alike >= _MANY or (alike >= _ALIKE and not self._known_is_read(bucket))

    def _known_is_read(self, bucket: str) -> bool:
        """Whether the object of the bucket that was read last still can be."""
        if bucket not in self._known_are_read:
            known = self._doors.evidence.last_read(bucket)
            peeks = {} if known is None else self._doors.objects.peek_all({0: known})
            self._known_are_read[bucket] = not isinstance(peeks.get(0, PipelineError()), PipelineError)
        return self._known_are_read[bucket]

    def _begin_rest(self, error: Exception, bucket: str) -> datetime:
        until = let_rest(self._doors.database, bucket, str(error), self._doors.clock())
        kind = error.kind if isinstance(error, ObjectRefusedError) else "no_answer"
        self._doors.metrics.bucket_rests(kind)
        log.warning("nothing of this bucket can be read; it rests", bucket=bucket, error=error, until=until.isoformat())
        return until


def _may_be_of_bucket(error: Exception) -> bool:
    """Whether what the store said of one object may hold for all of its bucket."""
    if isinstance(error, ObjectRefusedError):
        return error.kind != "archived"
    return isinstance(error, StorageUnavailableError)


def _place(event: ObjectEvent) -> Place:
    return event.bucket, event.key, event.version_id

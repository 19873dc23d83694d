"""Whether an object failed by itself, or because of what others need, too: the object store, or a right to its bucket.

What everybody needs costs no object an attempt. Of one that is refused alone nobody knows better than that it is to
blame; where a second one of its bucket is refused, and none could be read meanwhile, the bucket is.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import structlog

from dq.batch.endings import Failed, Found, Judged, Missing, SetAside
from dq.ledger.claims.resting import end_rest, let_rest
from etl_core.errors import RetryableError, StorageUnavailableError
from etl_core.objects.failures import WHOLE_BUCKET, ObjectRefusedError
from etl_core.objects.probe import answers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dq.batch.doors import Doors
    from dq.events.object_event import ObjectEvent

log = structlog.get_logger()

#: Objects of a bucket that are refused, none being read meanwhile, from which on it is the bucket's fault.
_ALIKE = 2
#: Buckets that were read lately are remembered, so many of them.
_REMEMBERED = 8


class BucketEvidence:
    """What a process has seen of each bucket: the objects that were refused since one could last be read."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._refused: dict[str, set[str]] = {}
        self._read: dict[str, None] = {}
        self._lock = Lock()

    def read(self, bucket: str) -> None:
        """Note that an object could be read."""
        with self._lock:
            self._refused.pop(bucket, None)
            self._read.pop(bucket, None)
            self._read[bucket] = None
            if len(self._read) > _REMEMBERED:
                del self._read[next(iter(self._read))]

    def another_than(self, bucket: str) -> str | None:
        """Another bucket, the one that was read last."""
        with self._lock:
            return next((one for one in reversed(self._read) if one != bucket), None)

    def refused(self, bucket: str, key: str) -> None:
        """Note that one could not."""
        with self._lock:
            known = self._refused.setdefault(bucket, set())
            if len(known) < _ALIKE:
                known.add(key)

    def is_to_blame(self, bucket: str) -> bool:
        """Whether all objects of the bucket are refused, by all that is known."""
        with self._lock:
            return len(self._refused.get(bucket, ())) >= _ALIKE


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
        self._asking = Lock()

    def note(self, seen: Iterable[Found | Judged | SetAside | Failed | Missing]) -> None:
        """Note what objects show of their buckets; before any of them is asked about.

        Raises:
            DatabaseUnavailableError: no answer.
        """
        evidence, readable = self._doors.evidence, set()
        for one in seen:
            match one:
                case Failed(error=StorageUnavailableError() | ObjectRefusedError()):
                    evidence.refused(one.item.event.bucket, one.item.event.key)
                case Judged():
                    readable.add(one.found.item.event.bucket)
                case Found() if one.peek is not None:
                    readable.add(one.item.event.bucket)
        for bucket in readable:
            evidence.read(bucket)
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
        is_storage = isinstance(error, StorageUnavailableError | ObjectRefusedError)
        return is_storage and self._doors.evidence.is_to_blame(bucket)

    def _begin_rest(self, error: Exception, bucket: str) -> datetime:
        until = let_rest(self._doors.database, bucket, str(error), self._doors.clock())
        kind = error.kind if isinstance(error, ObjectRefusedError) else "no_answer"
        self._doors.metrics.bucket_rests(kind)
        log.warning("nothing of this bucket can be read; it rests", bucket=bucket, error=error, until=until.isoformat())
        return until

"""The processor of attachments: what is listed as there is left alone, everything else is copied, many at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Final

from etl_core.errors import PipelineError, StorageUnavailableError
from etl_core.objects.failures import WHOLE_BUCKET, ObjectRefusedError
from etl_core.objects.store import ObjectHead
from etl_core.objects.transfers.copying import PART_BYTES, Copied, CopyHow, copy_object
from etl_core.objects.transfers.wanted_entries import Listed, list_wanted
from etl_core.retry import Backoff, call_again
from pipelines.agencies.copying.copy_result import CopyResult, answer_of, status_of
from pipelines.agencies.copying.destination_keys import attachment_key
from pipelines.agencies.errors import StoppedEarlyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from etl_core.objects.listing import Entry
    from etl_core.objects.store import ObjectStore
    from pipelines.agencies.ledger.copies import CopyLedger, NotedCopy
    from pipelines.agencies.source.documents import Agency, Attachment

#: Attachments whose places are listed together: many, for ids that follow each other are far apart among keys.
LISTED: Final = 20_000
#: Attachments that are copied and noted together.
NOTED: Final = 1_000
_ATTEMPTS: Final = 3
_BACKOFF: Final = Backoff(first=0.5, factor=2.0, longest=5.0)
#: S3 takes no longer key, in bytes.
_LONGEST_KEY: Final = 1024
#: So many in a row that got no answer are an outage.
_OUTAGE: Final = 16


@dataclass(frozen=True, slots=True)
class S3Config:
    """What is copied from where to where.

    Attributes:
        agency: whose attachments.
        source_bucket: that the application keeps them in.
        destination_bucket: that they go to.
        workers: attachments that are copied at once.
        overwrite: whether other content at the destination is replaced.
        dry_run: only say what would be done.
        part_bytes: larger objects are copied in parts of this size.
    """

    agency: Agency
    source_bucket: str
    destination_bucket: str
    workers: int = 16
    overwrite: bool = False
    dry_run: bool = False
    part_bytes: int = PART_BYTES


@dataclass
class AttachmentProcessor:
    """Copies the attachments of one agency.

    Attributes:
        config: what is copied where.
        source: the store of the source bucket.
        destination: that of the destination, where it is another one.
        ledger: knows what earlier runs copied; None remembers nothing.
        is_stopped: whether somebody asked to end.
    """

    config: S3Config
    source: ObjectStore
    destination: ObjectStore | None = None
    ledger: CopyLedger | None = None
    is_stopped: Callable[[], bool] = lambda: False
    _unanswered: int = 0
    _end: PipelineError | None = None
    _lock: Lock = field(default_factory=Lock)

    def process(self, attachments: Iterable[Attachment]) -> Iterator[CopyResult]:
        """Give one result for each attachment, in their order; what is given is noted in the ledger.

        Raises:
            StorageUnavailableError: the object store answers nothing; what was done is noted.
            StoppedEarlyError: somebody asked to end; what was done is noted.
            ObjectRefusedError: nothing of a bucket may be had, for a reason that is not one object's.
            UsageError: a bucket is not there.
        """
        waiting = iter(attachments)
        with ThreadPoolExecutor(self.config.workers) as pool:
            while window := list(islice(waiting, LISTED)):
                source, destination = self._listed(window)
                for start in range(0, len(window), NOTED):
                    some = window[start : start + NOTED]
                    yield from self._copied(pool, _Look(source, destination, self._known(some)), some)

    def _copied(self, pool: ThreadPoolExecutor, look: _Look, some: Sequence[Attachment]) -> Iterator[CopyResult]:
        results = [one for one in pool.map(partial(self._one, look), some) if one is not None]
        if self.ledger is not None and not self.config.dry_run:
            self.ledger.note(self.config.agency, [one for one in results if not look.is_noted(one)])
        yield from results
        if self._end is not None:
            raise self._end
        if len(results) < len(some):
            raise StoppedEarlyError("stopped before all attachments were copied; the same command goes on")

    def _key(self, attachment: Attachment) -> str:
        return attachment_key(self.config.agency.slug, attachment.id, attachment.file_name)

    def _listed(self, window: Sequence[Attachment]) -> tuple[Listed, Listed]:
        keys = [one.source_key for one in window if _key_problem(one.source_key) is None]
        source = list_wanted(self.source, self.config.source_bucket, keys)
        store, bucket = self.destination or self.source, self.config.destination_bucket
        return source, list_wanted(store, bucket, map(self._key, window))

    def _known(self, window: Sequence[Attachment]) -> Mapping[str, NotedCopy]:
        return {} if self.ledger is None else self.ledger.noted(self.config.agency, [one.id for one in window])

    def _one(self, look: _Look, attachment: Attachment) -> CopyResult | None:
        """Give what became of one; None where somebody asked to end before it began, or nothing answers any more."""
        if self.is_stopped() or self._end is not None:
            return None
        config, target = self.config, self._key(attachment)
        result = CopyResult(attachment, config.source_bucket, config.destination_bucket, target, "failed")
        if (problem := _key_problem(attachment.source_key)) is not None:
            return replace(result, status="missing_source", reason=problem)
        seen, there = look.source.entries.get(attachment.source_key), look.destination.entries.get(target)
        noted = look.noted.get(result.destination)
        if seen is not None and attachment.etag not in {None, seen.etag}:
            seen = None  # another version than the application means: the look at that one says what became of it
        if seen is not None and there is not None and _is_there(seen, there, noted):
            return _unchanged(result, seen, there, noted)
        head = ObjectHead(config.source_bucket, attachment.source_key, 0, attachment.etag)
        if seen is not None:
            head = replace(head, size=seen.size, etag=seen.etag)
        try:
            copied = call_again(
                partial(self._copy, head, target, listed=seen is not None and look.destination.is_absent(target)),
                attempts=_ATTEMPTS,
                backoff=_BACKOFF,
                on=StorageUnavailableError,
            )
        except PipelineError as error:
            return self._failed(result, seen, error)
        self._unanswered = 0
        return _told(result, copied)

    def _copy(self, head: ObjectHead, target: str, *, listed: bool) -> Copied:
        config = self.config
        listed = listed and not config.dry_run
        how = CopyHow(config.overwrite, config.part_bytes, only_look=config.dry_run, listed=listed)
        return copy_object(self.source, head, config.destination_bucket, target, how, to=self.destination)

    def _failed(self, result: CopyResult, seen: Entry | None, error: PipelineError) -> CopyResult | None:
        with self._lock:
            self._unanswered = self._unanswered + 1 if isinstance(error, StorageUnavailableError) else 0
            is_whole = isinstance(error, ObjectRefusedError) and error.kind in WHOLE_BUCKET
            if is_whole or self._unanswered >= _OUTAGE:
                self._end = error
                return None
        code, http_status = answer_of(error)
        known = {} if seen is None else {"size": seen.size, "source_etag": seen.etag}
        said = {"status": status_of(error), "reason": str(error), "error_code": code, "http_status": http_status}
        return replace(result, **{**known, **said})  # type: ignore[arg-type]  # named above


@dataclass(frozen=True, slots=True)
class _Look:
    """What listings and the ledger said of a window."""

    source: Listed
    destination: Listed
    noted: Mapping[str, NotedCopy]

    def is_noted(self, result: CopyResult) -> bool:
        """Whether the ledger says already what became of an attachment that is at its destination."""
        known = self.noted.get(result.destination)
        etags = (result.source_etag, result.destination_etag)
        return (
            result.status == "unchanged"
            and known is not None
            and (known.status, known.source_etag, known.destination_etag, known.reason)
            == ("copied", *etags, result.reason)
        )


def _key_problem(key: str) -> str | None:
    """Say why no object can be called so."""
    if not key:
        return "the application names no key of the source"
    length = len(key.encode("utf-8", "replace"))
    if length > _LONGEST_KEY:
        return f"the key of the source has {length} bytes, and none in S3 has more than {_LONGEST_KEY}"
    return None


def _is_there(seen: Entry, there: Entry, noted: NotedCopy | None) -> bool:
    """Whether the destination holds the source by what listings tell, and the ledger where a copy's etag is another."""
    if seen.size != there.size:
        return False
    return seen.etag == there.etag or (
        noted is not None
        and noted.status == "copied"
        and (noted.source_etag, noted.destination_etag) == (seen.etag, there.etag)
    )


def _unchanged(result: CopyResult, seen: Entry, there: Entry, noted: NotedCopy | None) -> CopyResult:
    version = noted.source_version if noted is not None and noted.source_etag == seen.etag else None
    return replace(
        result,
        status="unchanged",
        reason=_odd(result.attachment, seen.size),
        size=seen.size,
        source_etag=seen.etag,
        source_version=version,
        destination_etag=there.etag,
    )


def _told(result: CopyResult, copied: Copied) -> CopyResult:
    return replace(
        result,
        status="unchanged" if copied.how == "same" else "copied",
        reason=_odd(result.attachment, copied.source.size),
        size=copied.source.size,
        source_etag=copied.source.etag,
        source_version=copied.source.version_id,
        destination_etag=copied.head.etag,
        destination_version=copied.head.version_id,
    )


def _odd(attachment: Attachment, size: int) -> str | None:
    if attachment.size is None or attachment.size == size:
        return None
    return f"the application says {attachment.size} bytes, the object has {size}"

"""Copies of exactly one version, never over other content unless that was asked for.

Within one S3 the bytes do not pass through this machine; between two they do, a part at a time. What belongs to an
object goes along: its metadata, the headers about its content and its tags, whatever its size. boto3's own `copy` does
neither: it cannot create conditionally, and it sets the tags of a large object after the object is there.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from etl_core.errors import ObjectReplacedError, StorageUnavailableError, UsageError
from etl_core.objects.failures import ObjectConflictError, is_busy, is_precondition, named_failures
from etl_core.objects.heads import described, head_from, head_of
from etl_core.objects.ranges import unquoted
from etl_core.objects.store import ObjectHead
from etl_core.objects.transfers.belongings import belongings
from etl_core.objects.transfers.parts import ranges, upload_of
from etl_core.objects.transfers.same_content import is_same

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from etl_core.objects.store import ObjectStore

#: Larger objects are copied in parts of this size; one request copies at most 5 GB, and takes its time over that.
PART_BYTES = 256 * 1024 * 1024
#: As much of an object as passes through this machine is held in memory at a time.
STREAMED_BYTES = 8 * 1024 * 1024
_PARTS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a copy: made now, or not needed because the same content was there; `head` is what is there.

    `needed`: it was only looked whether one is. `source` is the version that was looked at.
    """

    how: Literal["copied", "same", "needed"]
    head: ObjectHead
    source: ObjectHead


@dataclass(frozen=True, slots=True)
class CopyHow:
    """How a copy is made.

    Attributes:
        overwrite: replace what is there if it has other content.
        part_bytes: objects of more bytes are copied in parts of so many, at least 5 MiB.
        only_look: copy nothing, say whether a copy is needed.
        listed: a listing just told size and etag of the source, and that nothing is where it goes: a small object is
            copied by one request on the strength of that.
    """

    overwrite: bool = False
    part_bytes: int = PART_BYTES
    only_look: bool = False
    listed: bool = False


def copy_object(
    store: ObjectStore,
    source: ObjectHead,
    bucket: str,
    key: str,
    how: CopyHow | None = None,
    *,
    to: ObjectStore | None = None,
) -> Copied:
    """Copy one version of an object.

    Args:
        store: where it is.
        source: the version: by its id, its etag, or both. Without either, the one that is current now.
        bucket: where to.
        key: as it is, not percent-encoded.
        how: within which bounds.
        to: where that bucket is, if it is another store: then the bytes pass through this machine.

    Raises:
        ObjectConflictError: something of other content is there, and `overwrite` was not asked for.
        ObjectGoneError: the source is gone; ObjectReplacedError: it is no longer what `source` says.
        UsageError: the source is a local file.
        ObjectRefusedError: one of the two may not be read or written.
        StorageUnavailableError: no answer, or somebody else is writing the same key; copying again is safe.
    """
    if source.bucket is None:
        raise UsageError(f"{source.uri} is a local file; only what is in S3 can be copied within it")
    bounds = how or CopyHow()
    condition = {} if bounds.overwrite else {"IfNoneMatch": "*"}
    if bounds.listed and to is None and source.size <= bounds.part_bytes:
        done = _Copy(store, store, source, {}, bucket, key, condition).at_once()
        if done is not None:
            return done
    facts = described(store, source)
    pinned, target = head_from(source.bucket, source.key, facts), to or store
    there = head_of(target, bucket, key)
    if there is not None:
        if is_same(store, facts, pinned, there, target):
            return Copied("same", there, pinned)
        if not bounds.overwrite:
            raise _conflict(pinned, there)
    if bounds.only_look:
        return Copied("needed", ObjectHead(bucket, key, pinned.size), pinned)
    copy = _Copy(store, target, pinned, facts, bucket, key, condition)
    if to is not None:
        return copy.through_here(min(bounds.part_bytes, STREAMED_BYTES))
    return copy.whole() if pinned.size <= bounds.part_bytes else copy.in_parts(bounds.part_bytes)


@dataclass(frozen=True)
class _Copy:
    """One copy under way; `condition` is what has to hold where it goes."""

    store: ObjectStore
    to: ObjectStore
    source: ObjectHead
    facts: dict[str, Any]
    bucket: str
    key: str
    condition: dict[str, Any]

    @property
    def _target(self) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": self.key}

    @property
    def _name(self) -> str:
        return f"{self.source.uri} to s3://{self.bucket}/{self.key}"

    @property
    def _pinned(self) -> dict[str, Any]:
        place: dict[str, Any] = {"Bucket": self.source.bucket, "Key": self.source.key}
        if self.source.version_id not in {None, "null"}:
            place["VersionId"] = self.source.version_id
        return {"CopySource": place, "CopySourceIfMatch": f'"{self.source.etag}"'}

    def at_once(self) -> Copied | None:
        """By one request; None where a condition did not hold, and somebody has to look which."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        with named_failures(self._name):
            try:
                return self._requested()
            except ClientError as error:
                if is_precondition(error) or is_busy(error):
                    return None
                raise

    def whole(self) -> Copied:
        """By one request, which takes metadata and tags along by itself."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        with named_failures(self._name):
            try:
                return self._requested()
            except ClientError as error:
                return self._instead(error)

    def _requested(self) -> Copied:
        done = self.to.s3.copy_object(**self._target, **self._pinned, **self.condition)
        return self._copied(done["CopyObjectResult"].get("ETag"), done.get("VersionId"))

    def in_parts(self, part_bytes: int) -> Copied:
        """By one request for each part. The object appears with the last one, its tags with it, or not at all."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        with named_failures(self._name):
            kept = belongings(self.store, self.source, self.facts)
            try:
                with upload_of(self.to, self.bucket, self.key, kept) as upload:
                    with ThreadPoolExecutor(_PARTS_AT_ONCE) as pool:
                        own = ranges(self.source.size, part_bytes)
                        parts = list(pool.map(lambda part: self._part(upload, *part), own))
                    return self._completed(upload, parts)
            except ClientError as error:
                return self._instead(error)

    def through_here(self, part_bytes: int) -> Copied:
        """By reading and writing it, a part at a time; small objects whole."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        with named_failures(self._name):
            kept = belongings(self.store, self.source, self.facts)
            try:
                if self.source.size <= part_bytes:
                    body = self.store.read(self.source, 0, self.source.size)
                    done = self.to.s3.put_object(**self._target, Body=body, **kept, **self.condition)
                    return self._copied(done.get("ETag"), done.get("VersionId"))
                with upload_of(self.to, self.bucket, self.key, kept) as upload:
                    parts = [self._streamed(upload, *part) for part in ranges(self.source.size, part_bytes)]
                    return self._completed(upload, parts)
            except ClientError as error:
                return self._instead(error)

    def _completed(self, upload: dict[str, Any], parts: list[Any]) -> Copied:
        done = self.to.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **self.condition)
        return self._copied(done.get("ETag"), done.get("VersionId"))

    def _part(self, upload: dict[str, Any], number: int, first: int, last: int) -> Any:  # noqa: ANN401 - as S3 takes it back
        done = self.to.s3.upload_part_copy(
            **upload, **self._pinned, PartNumber=number, CopySourceRange=f"bytes={first}-{last}"
        )
        return {"PartNumber": number, "ETag": done["CopyPartResult"]["ETag"]}

    def _streamed(self, upload: dict[str, Any], number: int, first: int, last: int) -> Any:  # noqa: ANN401 - as above
        body = self.store.read(self.source, first, last + 1 - first)
        done = self.to.s3.upload_part(**upload, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": done["ETag"]}

    def _copied(self, etag: str | None, version_id: str | None) -> Copied:
        head = ObjectHead(self.bucket, self.key, self.source.size, unquoted(etag), version_id)
        return Copied("copied", head, self.source)

    def _instead(self, error: ClientError) -> Copied:
        """What a copy came to that was refused: somebody else may have made the same one.

        Raises:
            ObjectConflictError: something else is there by now.
            ObjectReplacedError: the source is no longer what it was.
            StorageUnavailableError: somebody else is at it.
            ClientError: it was refused for another reason.
        """
        if is_busy(error):
            message = f"s3://{self.bucket}/{self.key}: somebody else is writing it; trying again may help"
            raise StorageUnavailableError(message) from error
        if not is_precondition(error):
            raise error
        there = head_of(self.to, self.bucket, self.key) if self.condition else None
        if there is None:  # then the condition that did not hold was that of the source
            message = f"{self.source.uri}: it changed while it was being copied (etag {self.source.etag} is gone)"
            raise ObjectReplacedError(message) from error
        if is_same(self.store, self.facts, self.source, there, self.to):
            return Copied("same", there, self.source)
        raise _conflict(self.source, there) from error


def _conflict(source: ObjectHead, there: ObjectHead) -> ObjectConflictError:
    return ObjectConflictError(
        f"{there.uri} was left as it is: it has other content ({there.size} bytes, etag {there.etag}) than "
        f"{source.uri} ({source.size} bytes, etag {source.etag}); copy to another key, or ask for overwriting"
    )

"""Copies within S3: of exactly one version, never over other content unless that was asked for.

The bytes do not pass through this machine. What belongs to an object goes along: its metadata, the headers about its
content and its tags, whatever its size. boto3's own `copy` does neither: it cannot create conditionally, and it sets
the tags of a large object after the object is there.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from etl_core.errors import ObjectReplacedError, StorageUnavailableError, UsageError
from etl_core.objects.failures import ObjectConflictError, is_busy, is_precondition, named_failures
from etl_core.objects.heads import described, head_from, head_of
from etl_core.objects.ranges import unquoted
from etl_core.objects.store import ObjectHead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import ClientError

    from etl_core.objects.store import ObjectStore

#: Larger objects are copied in parts of this size; one request copies at most 5 GB, and takes its time over that.
PART_BYTES = 256 * 1024 * 1024
_MOST_PARTS = 10_000
_PARTS_AT_ONCE = 8
_COMPARED_AT_ONCE = 8 * 1024 * 1024
#: What S3 keeps beside the bytes and a copy in parts has to be told.
_KEPT = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires"),
    *("Metadata", "WebsiteRedirectLocation"),
)
_CHECKSUMS = ("ChecksumCRC64NVME", "ChecksumSHA256", "ChecksumSHA1", "ChecksumCRC32C", "ChecksumCRC32")


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a copy: made now, or not needed because the same content was there; `head` is what is there."""

    how: Literal["copied", "same"]
    head: ObjectHead


def copy_object(
    store: ObjectStore,
    source: ObjectHead,
    bucket: str,
    key: str,
    *,
    overwrite: bool = False,
    part_bytes: int = PART_BYTES,
) -> Copied:
    """Copy one version of an object.

    Args:
        store: where both buckets are.
        source: the version: by its id, its etag, or both. Without either, the one that is current now.
        bucket: where to.
        key: as it is, not percent-encoded.
        overwrite: replace what is there if it has other content.
        part_bytes: objects of more bytes are copied in parts of so many, at least 5 MiB.

    Raises:
        ObjectConflictError: something of other content is there, and `overwrite` was not asked for.
        ObjectGoneError: the source is gone; ObjectReplacedError: it is no longer what `source` says.
        UsageError: the source is a local file.
        ObjectRefusedError: one of the two may not be read or written.
        StorageUnavailableError: no answer, or somebody else is writing the same key; copying again is safe.
    """
    if source.bucket is None:
        raise UsageError(f"{source.uri} is a local file; only what is in S3 can be copied within it")
    facts = described(store, source)
    pinned = head_from(source.bucket, source.key, facts)
    there = head_of(store, bucket, key)
    if there is not None:
        if _is_same(store, facts, pinned, there):
            return Copied("same", there)
        if not overwrite:
            raise _conflict(pinned, there)
    copy = _Copy(store, pinned, facts, bucket, key, condition={} if overwrite else {"IfNoneMatch": "*"})
    return copy.whole() if pinned.size <= part_bytes else copy.in_parts(part_bytes)


@dataclass(frozen=True)
class _Copy:
    """One copy under way; `condition` is what has to hold where it goes."""

    store: ObjectStore
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

    def whole(self) -> Copied:
        """By one request, which takes metadata and tags along by itself."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        with named_failures(self._name):
            try:
                done = self.store.s3.copy_object(**self._target, **self._pinned, **self.condition)
            except ClientError as error:
                return self._instead(error)
        return self._copied(done["CopyObjectResult"].get("ETag"), done.get("VersionId"))

    def in_parts(self, part_bytes: int) -> Copied:
        """By one request for each part. The object appears with the last one, its tags with it, or not at all."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client

        s3 = self.store.s3
        with named_failures(self._name):
            begun = s3.create_multipart_upload(**self._target, **self._belongings())
            upload = {**self._target, "UploadId": begun["UploadId"]}
            try:
                with ThreadPoolExecutor(_PARTS_AT_ONCE) as pool:
                    parts = list(pool.map(lambda part: self._part(upload, *part), self._ranges(part_bytes)))
                done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **self.condition)
            except BaseException as error:
                with suppress(ClientError, BotoCoreError):
                    s3.abort_multipart_upload(**upload)  # parts that are left behind are paid for
                if not isinstance(error, ClientError):
                    raise
                return self._instead(error)
        return self._copied(done.get("ETag"), done.get("VersionId"))

    def _part(self, upload: dict[str, Any], number: int, first: int, last: int) -> Any:  # noqa: ANN401 - as S3 takes it back
        done = self.store.s3.upload_part_copy(
            **upload, **self._pinned, PartNumber=number, CopySourceRange=f"bytes={first}-{last}"
        )
        return {"PartNumber": number, "ETag": done["CopyPartResult"]["ETag"]}

    def _ranges(self, part_bytes: int) -> Iterator[tuple[int, int, int]]:
        """Number, first and last byte of every part."""
        size = max(part_bytes, -(-self.source.size // _MOST_PARTS))
        for number, first in enumerate(range(0, self.source.size, size), start=1):
            yield number, first, min(first + size, self.source.size) - 1

    def _belongings(self) -> dict[str, Any]:
        """What a copy in parts has to be told; given at its beginning, so that no crash leaves the object bare."""
        kept = {name: self.facts[name] for name in _KEPT if name in self.facts}
        wanted: dict[str, Any] = {"Bucket": self.source.bucket, "Key": self.source.key}
        if "VersionId" in self._pinned["CopySource"]:
            wanted["VersionId"] = self.source.version_id
        tags = self.store.s3.get_object_tagging(**wanted)["TagSet"]
        return {**kept, "Tagging": urlencode({tag["Key"]: tag["Value"] for tag in tags})} if tags else kept

    def _copied(self, etag: str | None, version_id: str | None) -> Copied:
        return Copied("copied", ObjectHead(self.bucket, self.key, self.source.size, unquoted(etag), version_id))

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
        there = head_of(self.store, self.bucket, self.key) if self.condition else None
        if there is None:  # then the condition that did not hold was that of the source
            message = f"{self.source.uri}: it changed while it was being copied (etag {self.source.etag} is gone)"
            raise ObjectReplacedError(message) from error
        if _is_same(self.store, self.facts, self.source, there):
            return Copied("same", there)
        raise _conflict(self.source, there) from error


def _is_same(store: ObjectStore, facts: dict[str, Any], source: ObjectHead, there: ObjectHead) -> bool:
    """Whether two objects have the same content. Only where neither etags nor checksums tell are their bytes read."""
    if source.size != there.size:
        return False
    if source.etag == there.etag:
        return True
    if facts.get("ChecksumType") == "FULL_OBJECT":
        others = described(store, there)
        for name in _CHECKSUMS if others.get("ChecksumType") == "FULL_OBJECT" else ():
            if name in facts and name in others:
                return bool(facts[name] == others[name])
    starts = range(0, source.size, _COMPARED_AT_ONCE)
    return all(store.read(source, at, _COMPARED_AT_ONCE) == store.read(there, at, _COMPARED_AT_ONCE) for at in starts)


def _conflict(source: ObjectHead, there: ObjectHead) -> ObjectConflictError:
    return ObjectConflictError(
        f"{there.uri} was left as it is: it has other content ({there.size} bytes, etag {there.etag}) than "
        f"{source.uri} ({source.size} bytes, etag {source.etag}); copy to another key, or ask for overwriting"
    )

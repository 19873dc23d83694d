"""What S3 says about one object without giving its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl_core.errors import ObjectGoneError
from etl_core.objects.failures import named_failures
from etl_core.objects.ranges import unquoted
from etl_core.objects.store import ObjectHead

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectStore


def head_of(store: ObjectStore, bucket: str, key: str) -> ObjectHead | None:
    """The current version of an object; None where there is none.

    Raises:
        ObjectRefusedError: it may not be looked at.
        StorageUnavailableError: the object store did not answer.
    """
    try:
        return head_from(bucket, key, described(store, ObjectHead(bucket, key, 0)))
    except ObjectGoneError:
        return None


def described(store: ObjectStore, wanted: ObjectHead) -> dict[str, Any]:
    """What S3 answers about the version that `wanted` names by its id or etag, else about the current one.

    Raises:
        ObjectGoneError: that version is not there.
        ObjectRefusedError: it may not be looked at.
        StorageUnavailableError: the object store did not answer.
    """
    given: dict[str, Any] = {"Bucket": wanted.bucket, "Key": wanted.key, "ChecksumMode": "ENABLED"}
    if wanted.version_id not in {None, "null"}:  # `null` is the only version where none are kept
        given["VersionId"] = wanted.version_id
    if wanted.etag:
        given["IfMatch"] = f'"{wanted.etag}"'
    with named_failures(wanted.uri):
        return {**store.s3.head_object(**given)}


def head_from(bucket: str, key: str, answer: dict[str, Any]) -> ObjectHead:
    """An answer of S3 as the head of one version."""
    return ObjectHead(
        bucket,
        key,
        answer["ContentLength"],
        unquoted(answer.get("ETag")),
        answer.get("VersionId"),
        answer.get("LastModified"),
    )

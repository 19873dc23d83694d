"""Objects are written on a condition, where nothing is or in place of exactly the version somebody saw, and deleted."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from etl_core.errors import StorageUnavailableError
from etl_core.objects.failures import ObjectConflictError, answered, code_of, is_busy, is_precondition, named_failures
from etl_core.objects.heads import head_of
from etl_core.objects.ranges import unquoted
from etl_core.objects.store import ObjectHead

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl_core.objects.store import ObjectStore


#: Objects that one request deletes.
_AT_ONCE = 1000


def write_object(
    store: ObjectStore,
    bucket: str,
    key: str,
    data: bytes,
    *,
    replaces: ObjectHead | None = None,
    content_type: str = "application/octet-stream",
    metadata: Mapping[str, str] | None = None,
) -> ObjectHead:
    """Write an object of at most 5 GB and never over content nobody asked to replace.

    Args:
        store: where the bucket is.
        bucket: its name.
        key: as it is, not percent-encoded.
        data: the content.
        replaces: the version that may be replaced, as somebody saw it. None: there must be nothing.
        content_type: its media type.
        metadata: small texts kept with it.

    Returns:
        The version that holds `data`: written now, or by an earlier try whose answer was lost.

    Raises:
        ObjectConflictError: something else is there.
        ObjectRefusedError: we may not write there.
        StorageUnavailableError: no answer, or somebody else is writing the same key; writing again is safe.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

    uri = f"s3://{bucket}/{key}"
    condition: dict[str, Any] = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": f'"{replaces.etag}"'}
    with named_failures(uri):
        try:
            done = store.s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=data,
                ContentType=content_type,
                Metadata={**(metadata or {})},
                **condition,
            )
        except ClientError as error:
            if is_busy(error):
                message = f"{uri}: somebody else is writing it at the same time; trying again may help"
                raise StorageUnavailableError(message) from error
            if not (is_precondition(error) or (replaces is not None and code_of(error) in {"404", "NoSuchKey"})):
                raise
            return _found_instead(store, bucket, key, data, replaces)
    return ObjectHead(bucket, key, len(data), unquoted(done.get("ETag")), done.get("VersionId"))


def _found_instead(store: ObjectStore, bucket: str, key: str, data: bytes, replaces: ObjectHead | None) -> ObjectHead:
    """What is there although the condition did not hold, if it is what should be there.

    Raises:
        ObjectConflictError: it is something else, or nothing.
    """
    found = head_of(store, bucket, key)
    if found is not None and found.size == len(data):
        same = hashlib.md5(data, usedforsecurity=False).hexdigest() == found.etag
        if same or store.read(found, 0, found.size) == data:
            return found
    there = "nothing is there" if found is None else f"there is an object of {found.size} bytes, etag {found.etag}"
    wanted = "nothing" if replaces is None else f"the version with etag {replaces.etag}"
    raise ObjectConflictError(f"s3://{bucket}/{key} was not written: expected {wanted} there, but {there}")


def delete_objects(store: ObjectStore, bucket: str, keys: Sequence[str]) -> None:
    """Delete objects; one that is not there is none to delete.

    Raises:
        ObjectRefusedError: we may not delete there.
        StorageUnavailableError: no answer, or a failure that may pass; deleting again is safe.
    """
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        with named_failures(f"s3://{bucket}/{some[0]}"):
            done = store.s3.delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": key} for key in some], "Quiet": True}
            )
        for one in done.get("Errors", ()):
            raise answered(one["Code"], f"s3://{bucket}/{one['Key']}")

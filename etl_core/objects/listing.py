"""What is under a prefix right now, as a stream: a page is held at a time, whatever the prefix holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_core.errors import StorageUnavailableError, UsageError
from etl_core.objects.failures import code_of
from etl_core.objects.ranges import unquoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from etl_core.objects.store import ObjectStore

_REFUSED = frozenset({"NoSuchBucket", "AccessDenied", "InvalidBucketName", "403", "404"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a listing: its current version, as far as a listing tells. Size in bytes, the time aware."""

    bucket: str
    key: str
    size: int
    etag: str | None
    last_modified: datetime


def list_entries(store: ObjectStore, bucket: str, prefix: str = "", *, page: int = 1000) -> Iterator[Entry]:
    """The objects of `bucket` whose keys begin with `prefix`, in the order of their keys.

    Args:
        store: where the bucket is.
        bucket: its name.
        prefix: taken as text: `a` also finds `ab/c`. Objects that stand for folders are entries like others.
        page: entries of one request; the service gives at most 1000.

    Raises:
        UsageError: the bucket may not be listed.
        StorageUnavailableError: the object store did not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  half a second most jobs can do without

    place = f"s3://{bucket}/{prefix}"
    try:
        pages = store.s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": page}
        )
        for one in pages:
            for found in one.get("Contents", []):
                etag = unquoted(found.get("ETag"))
                yield Entry(bucket, found["Key"], found.get("Size", 0), etag, found["LastModified"])
    except ClientError as error:
        if (code := code_of(error)) in _REFUSED:
            raise UsageError(
                f"{place} cannot be listed ({code}); check the bucket's name and the right to list"
            ) from error
        raise StorageUnavailableError(f"{place}: listing failed ({code}); trying again may help") from error
    except BotoCoreError as error:
        raise StorageUnavailableError(f"{place}: no answer ({type(error).__name__}); trying again may help") from error

"""What is under a prefix right now, as a stream: a page is held at a time, whatever the prefix holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl_core.errors import ObjectGoneError, UsageError
from etl_core.objects.failures import ObjectRefusedError, named_failures
from etl_core.objects.ranges import unquoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from etl_core.objects.store import ObjectStore


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a listing: its current version, as far as a listing tells. Size in bytes, the time aware."""

    bucket: str
    key: str
    size: int
    etag: str | None
    last_modified: datetime


def list_entries(
    store: ObjectStore, bucket: str, prefix: str = "", *, page: int = 1000, after: str = ""
) -> Iterator[Entry]:
    """The objects of `bucket` whose keys begin with `prefix`, in the order of their keys.

    Args:
        store: where the bucket is.
        bucket: its name.
        prefix: taken as text: `a` also finds `ab/c`. Objects that stand for folders are entries like others.
        page: entries of one request; the service gives at most 1000.
        after: only keys behind this one, which need not be there.

    Raises:
        UsageError: the bucket may not be listed.
        StorageUnavailableError: the object store did not answer.
    """
    place = f"s3://{bucket}/{prefix}"
    try:
        with named_failures(place):
            yield from _pages(store, bucket, prefix, page, after)
    except (ObjectRefusedError, ObjectGoneError) as error:
        raise UsageError(f"it cannot be listed: {error}") from error


def _pages(store: ObjectStore, bucket: str, prefix: str, page: int, after: str) -> Iterator[Entry]:
    begun: Any = {"StartAfter": after} if after else {}
    pages = store.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": page}, **begun
    )
    for one in pages:
        for found in one.get("Contents", []):
            etag = unquoted(found.get("ETag"))
            yield Entry(bucket, found["Key"], found.get("Size", 0), etag, found["LastModified"])

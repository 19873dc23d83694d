"""What is under a prefix right now: the backfill's source, and the check that no announcement was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.events.admission import admit
from dq.events.announcement import collect
from dq.events.object_event import ObjectEvent
from dq.intake.place import parse_place
from etl_core.errors import StorageUnavailableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_s3.type_defs import ObjectTypeDef

    from dq.events.announcement import Announcement, Rejected, Skipped
    from etl_core.objects.store import ObjectStore

_REFUSED = ("NoSuchBucket", "AccessDenied", "InvalidBucketName", "403", "404")


def list_objects(
    store: ObjectStore, prefix: str, *, since: datetime | None = None, until: datetime | None = None
) -> Announcement:
    """The current versions of all objects under `prefix` (`s3://bucket/prefix`), folder markers skipped.

    Args:
        store: where the bucket is.
        prefix: taken as text: `s3://b/a` also finds `ab/c`.
        since: aware; only objects last modified at or after this moment.
        until: aware; only objects last modified before this moment.

    Raises:
        UsageError: the place is not in S3, or the bucket may not be listed.
        StorageUnavailableError: the object store did not answer.
    """
    return collect(_parts(store, prefix, since, until))


def _parts(
    store: ObjectStore, prefix: str, since: datetime | None, until: datetime | None
) -> Iterator[ObjectEvent | Skipped | Rejected]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  half a second most jobs can do without

    place = parse_place(prefix)
    if place.bucket is None:
        raise UsageError(f"{prefix!r} is not in S3; expected s3://bucket/prefix")
    try:
        pages = store.s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key)
        for page in pages:
            for entry in page.get("Contents", []):
                modified = entry["LastModified"]
                if (since is None or modified >= since) and (until is None or modified < until):
                    yield _part(place.bucket, entry)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _REFUSED:
            raise UsageError(
                f"{prefix} cannot be listed ({code}); check the bucket's name and the right to list"
            ) from error
        raise StorageUnavailableError(f"{prefix}: listing failed ({code}); trying again may help") from error
    except BotoCoreError as error:
        raise StorageUnavailableError(f"{prefix}: no answer ({type(error).__name__}); trying again may help") from error


def _part(bucket: str, entry: ObjectTypeDef) -> ObjectEvent | Skipped | Rejected:
    event = ObjectEvent(
        bucket=bucket,
        key=entry["Key"],
        etag=(entry.get("ETag") or "").strip('"') or None,
        size=entry.get("Size"),
        event_time=entry["LastModified"],
        source="listing",
    )
    return admit(event, f"s3://{bucket}/{event.key}")

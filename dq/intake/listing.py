"""What is under a prefix right now, as announcements: the backfill's source, and the check that none was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.events.admission import admit
from dq.events.announcement import Skipped
from dq.events.object_event import ObjectEvent
from etl_core.errors import UsageError
from etl_core.objects.listing import Entry, list_entries
from etl_core.objects.place import parse_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.events.announcement import Part
    from etl_core.objects.store import ObjectStore


def list_objects(store: ObjectStore, prefix: str) -> Iterator[Part]:
    """The current versions of all objects under `prefix` (`s3://bucket/prefix`) as they are listed, a page at a time.

    Args:
        store: where the bucket is.
        prefix: taken as text: `s3://b/a` also finds `ab/c`.

    Raises:
        UsageError: the place is not in S3, the bucket may not be listed, or, at the end, nothing at all was there: most
            likely the prefix is misspelt.
        StorageUnavailableError: the object store did not answer.
    """
    place = parse_place(prefix)
    if place.bucket is None:
        raise UsageError(f"{prefix!r} is not in S3; expected s3://bucket/prefix")
    found = False
    for entry in list_entries(store, place.bucket, place.key):
        part = listed(entry)
        found = found or not isinstance(part, Skipped)
        yield part
    if not found:
        raise UsageError(f"there is no object under {prefix}; check the name of the bucket and the prefix")


def listed(entry: Entry) -> Part:
    """What an entry of a listing announces."""
    event = ObjectEvent(
        bucket=entry.bucket,
        key=entry.key,
        etag=entry.etag,
        size=entry.size,
        event_time=entry.last_modified,
        source="listing",
    )
    return admit(event, f"s3://{entry.bucket}/{entry.key}")

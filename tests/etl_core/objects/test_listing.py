"""A prefix is listed as a stream of plain entries."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from botocore.utils import parse_timestamp

from etl_core.errors import StorageUnavailableError, UsageError
from etl_core.objects.listing import list_entries
from etl_core.objects.store import ObjectStore, S3Access, parse_moment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_every_object_under_the_text_of_a_prefix_is_an_entry(store: ObjectStore, s3: S3Client, bucket: str) -> None:
    """Folder markers too: what they mean is for others to say."""
    for key in ("a/1 + 1%.csv", "a/", "ab/départ.csv", "b/x"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"id\n")
    entries = list(list_entries(store, bucket, "a"))
    assert [entry.key for entry in entries] == ["a/", "a/1 + 1%.csv", "ab/départ.csv"]
    assert {(entry.bucket, entry.size) for entry in entries} == {(bucket, 3)}
    assert all(entry.last_modified.tzinfo for entry in entries)
    head = s3.head_object(Bucket=bucket, Key="ab/départ.csv")
    assert entries[-1].etag == head["ETag"].strip('"')
    assert [entry.key for entry in list_entries(store, bucket)] == ["a/", "a/1 + 1%.csv", "ab/départ.csv", "b/x"]


def test_a_page_is_fetched_when_it_is_needed_and_none_before(store: ObjectStore, s3: S3Client, bucket: str) -> None:
    """So the memory it takes is that of a page, whatever the prefix holds."""
    for number in range(7):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"")
    asked: list[str] = []
    hooks: Any = store.s3.meta.events

    def note(event_name: str, **_: object) -> None:
        asked.append(event_name)

    hooks.register("before-send.s3.ListObjectsV2", note)
    try:
        entries = list_entries(store, bucket, page=2)
        assert asked == []
        assert [entry.key for entry in islice(entries, 2)] == ["k0", "k1"]
        assert len(asked) == 1
        assert [entry.key for entry in entries] == ["k2", "k3", "k4", "k5", "k6"]
        assert len(asked) == 4
    finally:
        hooks.unregister("before-send.s3.ListObjectsV2", note)


def test_a_bucket_that_is_not_there_is_told_from_a_service_that_is_away(store: ObjectStore) -> None:
    with pytest.raises(UsageError, match=r"cannot be listed: s3://no-such-bucket/x: .* \(NoSuchBucket\)"):
        next(list_entries(store, "no-such-bucket", "x"))
    away = ObjectStore(S3Access("http://127.0.0.1:9", "us-east-1", "a", "b"))
    with pytest.raises(StorageUnavailableError, match="did not answer"):
        next(list_entries(away, "b"))


@pytest.mark.parametrize(
    "text",
    ["2026-01-04T12:00:00.123Z", "2026-01-04T12:00:00Z", "Sun, 04 Jan 2026 12:00:00 GMT", "2026-01-04T12:00:00.1Z"],
)
def test_times_of_answers_are_read_as_botocore_reads_them(text: str) -> None:
    assert parse_moment(text) == parse_timestamp(text)
    assert parse_moment(text).utcoffset() == timedelta()

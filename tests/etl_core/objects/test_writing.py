"""An object is written where nothing is, or in place of the version somebody saw; never over anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from etl_core.errors import StorageUnavailableError
from etl_core.objects.failures import ObjectConflictError, ObjectRefusedError
from etl_core.objects.store import ObjectStore, S3Access
from etl_core.objects.writing import write_object

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_s3 import S3Client


def content(s3: S3Client, bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_a_new_object_is_written_with_its_type_and_metadata(store: ObjectStore, s3: S3Client, bucket: str) -> None:
    head = write_object(store, bucket, "a b/1+1.csv", b"id\n1\n", content_type="text/csv", metadata={"from": "here"})
    found = s3.get_object(Bucket=bucket, Key="a b/1+1.csv")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (b"id\n1\n", "text/csv", {"from": "here"})
    assert (head.size, head.etag, head.version_id) == (5, found["ETag"].strip('"'), found["VersionId"])


def test_what_is_there_stays_as_it_is(store: ObjectStore, s3: S3Client, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"theirs")
    with pytest.raises(ObjectConflictError, match="expected nothing there, but there is an object of 6 bytes"):
        write_object(store, bucket, "k", b"ours")
    assert content(s3, bucket, "k") == b"theirs"


def test_the_same_content_written_again_is_no_conflict_and_no_new_version(
    store: ObjectStore, s3: S3Client, bucket: str
) -> None:
    """An answer that was lost leaves the writer in doubt; the second try finds its own object."""
    first = write_object(store, bucket, "k", b"ours")
    again = write_object(store, bucket, "k", b"ours")
    assert again.version_id == first.version_id
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def test_the_version_somebody_saw_may_be_replaced_and_no_other(store: ObjectStore, s3: S3Client, bucket: str) -> None:
    seen = write_object(store, bucket, "k", b"one")
    newer = write_object(store, bucket, "k", b"two", replaces=seen)
    with pytest.raises(ObjectConflictError, match=f"expected the version with etag {seen.etag} there"):
        write_object(store, bucket, "k", b"three", replaces=seen)
    assert content(s3, bucket, "k") == b"two"
    s3.delete_object(Bucket=bucket, Key="k")
    with pytest.raises(ObjectConflictError, match="but nothing is there"):
        write_object(store, bucket, "k", b"three", replaces=newer)


def test_a_lost_answer_is_an_object_that_was_written(store: ObjectStore, s3: S3Client, bucket: str) -> None:
    """The service has it, the connection breaks, boto3 asks again, and the condition no longer holds."""
    calls: list[str] = []
    hooks: Any = store.s3.meta.events

    def write_and_lose(request: AWSPreparedRequest, event_name: str, **_: object) -> None:
        calls.append(event_name)
        if len(calls) == 1:
            s3.put_object(Bucket=bucket, Key="k", Body=b"ours")
            raise ConnectionClosedError(endpoint_url=request.url)

    hooks.register_first("before-send.s3.PutObject", write_and_lose)
    try:
        assert write_object(store, bucket, "k", b"ours").size == 4
    finally:
        hooks.unregister("before-send.s3.PutObject", write_and_lose)
    assert len(calls) == 2
    assert content(s3, bucket, "k") == b"ours"


def test_a_place_that_takes_nothing_is_told_from_a_service_that_is_away(store: ObjectStore) -> None:
    with pytest.raises(ObjectRefusedError, match="NoSuchBucket"):
        write_object(store, "no-such-bucket", "k", b"")
    away = ObjectStore(S3Access("http://127.0.0.1:9", "us-east-1", "a", "b"))
    with pytest.raises(StorageUnavailableError, match="did not answer"):
        write_object(away, "b", "k", b"")

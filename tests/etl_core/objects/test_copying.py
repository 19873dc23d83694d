"""A copy is of exactly one version, with all that belongs to it, and never lands on other content unasked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from etl_core.errors import ObjectGoneError, StorageUnavailableError, UsageError
from etl_core.objects.failures import ObjectConflictError, ObjectRefusedError
from etl_core.objects.store import ObjectHead, ObjectStore
from etl_core.objects.transfers import copying
from etl_core.objects.transfers.belongings import SOURCE_ETAG
from etl_core.objects.transfers.copying import CopyHow, copy_object
from tests.s3_conditions import conditions_of_copies

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: The smallest part S3 takes.
PART = 5 * 1024 * 1024
IN_PARTS = CopyHow(part_bytes=PART)
BELONGINGS: Any = {
    "ContentType": "text/csv",
    "CacheControl": "no-store",
    "ContentDisposition": 'attachment; filename="a.csv"',
    "ContentEncoding": "gzip",
    "ContentLanguage": "de",
    "Metadata": {"agency": "tenant-a", "note": "1 + 1"},
    "Tagging": "state=new&owner=A%2BB+C",
}


def put(store: ObjectStore, s3: S3Client, bucket: str, key: str, data: bytes, **more: Any) -> ObjectHead:  # noqa: ANN401 - as boto3
    s3.put_object(Bucket=bucket, Key=key, Body=data, **more)
    return store.peek(bucket, key).head


def content(s3: S3Client, bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def belongings(s3: S3Client, bucket: str, key: str) -> dict[str, Any]:
    head: dict[str, Any] = {**s3.head_object(Bucket=bucket, Key=key)}
    head["Metadata"].pop(SOURCE_ETAG, None)  # what a copy in parts has besides
    tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    return {name: head.get(name) for name in BELONGINGS if name != "Tagging"} | {
        "tags": sorted((tag["Key"], tag["Value"]) for tag in tags)
    }


def uploads(s3: S3Client, bucket: str) -> int:
    return len(s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


@pytest.mark.parametrize("size", [0, PART - 1, PART, PART + 1, 2 * PART + 7])
def test_content_metadata_and_tags_go_along_below_and_above_the_size_of_a_part(
    store: ObjectStore, s3: S3Client, bucket: str, size: int
) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    source = put(store, s3, bucket, "from.csv", data, **BELONGINGS)
    with conditions_of_copies(store.s3, s3) as seen:
        copied = copy_object(store, source, bucket, "to.csv", IN_PARTS)
    assert seen == (["CopyObject"] if size <= PART else ["UploadPartCopy"] * -(-size // PART))
    assert copied.how == "copied"
    assert content(s3, bucket, "to.csv") == data
    assert belongings(s3, bucket, "to.csv") == belongings(s3, bucket, "from.csv")
    assert belongings(s3, bucket, "to.csv")["tags"] == [("owner", "A+B C"), ("state", "new")]
    found = s3.head_object(Bucket=bucket, Key="to.csv")
    assert (copied.head.etag, copied.head.version_id) == (found["ETag"].strip('"'), found["VersionId"])
    assert uploads(s3, bucket) == 0


@pytest.mark.parametrize("key", ["a b/1+1.csv", "100%.csv", "a%2Bb?versionId=x.csv", "départ {1}.csv", "a#b"])
def test_any_key_is_copied_to_any_key(store: ObjectStore, s3: S3Client, bucket: str, key: str) -> None:
    source = put(store, s3, bucket, key, b"odd")
    copy_object(store, source, bucket, f"copies/{key}")
    assert content(s3, bucket, f"copies/{key}") == b"odd"


@pytest.mark.parametrize("size", [10, PART + 1])
def test_the_version_that_was_seen_is_copied_though_a_newer_one_is_there(
    store: ObjectStore, s3: S3Client, bucket: str, size: int
) -> None:
    seen = put(store, s3, bucket, "k", b"1" * size)
    s3.put_object(Bucket=bucket, Key="k", Body=b"2" * size)
    copy_object(store, seen, bucket, "copy", IN_PARTS)
    assert content(s3, bucket, "copy") == b"1" * size


def test_where_no_versions_are_kept_an_overwritten_source_is_gone(store: ObjectStore, s3: S3Client) -> None:
    s3.create_bucket(Bucket="without-versions")
    seen = put(store, s3, "without-versions", "k", b"one")
    s3.put_object(Bucket="without-versions", Key="k", Body=b"two")
    with pytest.raises(ObjectGoneError, match="without-versions/k"):
        copy_object(store, seen, "without-versions", "copy")
    assert s3.list_objects_v2(Bucket="without-versions")["KeyCount"] == 1


@pytest.mark.parametrize("size", [10, PART + 1])
def test_a_source_overwritten_while_it_is_copied_is_gone_and_nothing_is_left(
    store: ObjectStore, s3: S3Client, size: int
) -> None:
    """By the condition on the source: without it the newer content would be copied, or parts of both."""
    name = f"overwritten-{size}"
    s3.create_bucket(Bucket=name)
    seen = put(store, s3, name, "k", b"1" * size)
    overwrite = conditions_of_copies(
        store.s3, s3, meanwhile=lambda: s3.put_object(Bucket=name, Key="k", Body=b"2" * size)
    )
    with overwrite, pytest.raises(ObjectGoneError, match="changed while it was being copied"):
        copy_object(store, seen, name, "copy", IN_PARTS)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=name)["Contents"]] == ["k"]
    assert uploads(s3, name) == 0


@pytest.mark.parametrize("size", [10, PART + 1])
def test_a_second_copy_finds_the_first_and_copies_nothing(
    store: ObjectStore, s3: S3Client, bucket: str, size: int
) -> None:
    source = put(store, s3, bucket, "k", b"1" * size)
    first = copy_object(store, source, bucket, "copy", IN_PARTS)
    with conditions_of_copies(store.s3, s3) as seen:
        second = copy_object(store, source, bucket, "copy", IN_PARTS)
    assert seen == []
    assert (second.how, second.head.version_id) == ("same", first.head.version_id)


@pytest.mark.parametrize("theirs", [b"other content", b"2" * 10])
def test_other_content_is_a_conflict_and_stays_unless_overwriting_is_asked_for(
    store: ObjectStore, s3: S3Client, bucket: str, theirs: bytes
) -> None:
    source = put(store, s3, bucket, "k", b"1" * 10)
    s3.put_object(Bucket=bucket, Key="copy", Body=theirs)
    with pytest.raises(ObjectConflictError, match="copy was left as it is: it has other content"):
        copy_object(store, source, bucket, "copy")
    assert content(s3, bucket, "copy") == theirs
    assert copy_object(store, source, bucket, "copy", CopyHow(overwrite=True)).how == "copied"
    assert content(s3, bucket, "copy") == b"1" * 10


@pytest.mark.parametrize("size", [10, PART + 1])
@pytest.mark.parametrize(("theirs", "same"), [(b"1", True), (b"2", False)])
def test_two_that_copy_at_once_never_overwrite_each_other(
    store: ObjectStore, s3: S3Client, bucket: str, size: int, theirs: bytes, *, same: bool
) -> None:
    """Somebody writes the target after it was found empty: by the condition on the target theirs stays."""
    source = put(store, s3, bucket, "k", b"1" * size)
    write = conditions_of_copies(
        store.s3, s3, meanwhile=lambda: s3.put_object(Bucket=bucket, Key="copy", Body=theirs * size)
    )
    with write:
        if same:
            assert copy_object(store, source, bucket, "copy", IN_PARTS).how == "same"
        else:
            with pytest.raises(ObjectConflictError):
                copy_object(store, source, bucket, "copy", IN_PARTS)
    assert content(s3, bucket, "copy") == theirs * size
    assert len(s3.list_object_versions(Bucket=bucket, Prefix="copy")["Versions"]) == 1
    assert uploads(s3, bucket) == 0


def test_a_copy_in_parts_that_fails_leaves_no_parts_behind(
    store: ObjectStore, s3: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = put(store, s3, bucket, "k", b"1" * (PART + 1))

    def refuse(*_: object, **__: object) -> None:
        raise StorageUnavailableError("away")

    monkeypatch.setattr(copying._Copy, "_part", refuse)
    with pytest.raises(StorageUnavailableError):
        copy_object(store, source, bucket, "copy", IN_PARTS)
    assert uploads(s3, bucket) == 0


def test_a_source_that_is_gone_a_missing_bucket_and_a_local_file_are_told_apart(
    store: ObjectStore, s3: S3Client, bucket: str
) -> None:
    source = put(store, s3, bucket, "k", b"1")
    with pytest.raises(ObjectGoneError, match=f"s3://{bucket}/not-there"):
        copy_object(store, replace(source, key="not-there"), bucket, "copy")
    with pytest.raises((ObjectRefusedError, ObjectGoneError), match="no-such-bucket"):
        copy_object(store, source, "no-such-bucket", "copy")
    with pytest.raises(UsageError, match="is a local file"):
        copy_object(store, ObjectHead(None, "/tmp/a.csv", 1), bucket, "copy")  # noqa: S108 - it is never opened

"""What reading relies on holds on an S3 by others: versions, pinned ranges, parts, what is overwritten, order."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from etl_core.errors import ObjectGoneError, ObjectReplacedError, UsageError
from etl_core.objects.failures import ObjectRefusedError
from etl_core.objects.heads import head_of
from etl_core.objects.listing import list_entries
from etl_core.objects.store import PEEK_BYTES, ObjectStore, S3Access
from tests.versitygw import built_gateway

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from tests.local_s3 import S3Server

#: Go builds the server, once, for minutes of two cores.
pytestmark = pytest.mark.night

#: More than the first look fetches, and different everywhere.
FIRST = b"".join(b"%09d\n" % number for number in range(PEEK_BYTES // 5))
SECOND = FIRST[::-1]


@pytest.fixture
def plain(versity: S3Client, request: pytest.FixtureRequest) -> str:
    """A bucket that keeps no versions."""
    name = f"plain-{zlib.crc32(request.node.nodeid.encode()):08x}"
    versity.create_bucket(Bucket=name)
    return name


@pytest.fixture
def versioned(versity: S3Client, request: pytest.FixtureRequest) -> str:
    """A bucket that does."""
    name = f"versioned-{zlib.crc32(request.node.nodeid.encode()):08x}"
    versity.create_bucket(Bucket=name)
    versity.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def test_an_object_is_read_by_ranges_of_the_version_that_was_looked_at(
    versity_store: ObjectStore, versity: S3Client, plain: str
) -> None:
    versity.put_object(Bucket=plain, Key="a/data.csv", Body=FIRST)
    peek = versity_store.peek(plain, "a/data.csv")
    assert (peek.head.size, peek.data) == (len(FIRST), FIRST[:PEEK_BYTES])
    assert peek.head.last_modified is not None
    for start, length in ((0, 10), (PEEK_BYTES - 5, 10), (len(FIRST) - 3, 10), (len(FIRST), 5), (7, 0)):
        assert versity_store.read(peek.head, start, length) == FIRST[start : start + length]
    assert versity_store.changed({1: peek.head}) == set()


def test_what_was_overwritten_while_it_was_read_is_never_mixed(
    versity_store: ObjectStore, versity: S3Client, plain: str
) -> None:
    """Without versions the rest of it is gone; the next look sees the new one."""
    versity.put_object(Bucket=plain, Key="data.csv", Body=FIRST)
    head = versity_store.peek(plain, "data.csv").head
    versity.put_object(Bucket=plain, Key="data.csv", Body=SECOND)
    with pytest.raises(ObjectReplacedError, match=r"data\.csv"):
        versity_store.read(head, PEEK_BYTES, 100)
    assert versity_store.changed({1: head}) == {1}
    again = versity_store.peek(plain, "data.csv").head
    assert versity_store.read(again, PEEK_BYTES, 100) == SECOND[PEEK_BYTES : PEEK_BYTES + 100]


def test_with_versions_each_is_read_to_its_end_whatever_comes_after_it(
    versity_store: ObjectStore, versity: S3Client, versioned: str
) -> None:
    first = versity.put_object(Bucket=versioned, Key="data.csv", Body=FIRST)["VersionId"]
    head = versity_store.peek(versioned, "data.csv").head
    assert head.version_id == first
    second = versity.put_object(Bucket=versioned, Key="data.csv", Body=SECOND)["VersionId"]
    assert versity_store.read(head, PEEK_BYTES, 100) == FIRST[PEEK_BYTES : PEEK_BYTES + 100]
    assert versity_store.peek(versioned, "data.csv").head.version_id == second
    assert versity_store.peek(versioned, "data.csv", first).data == FIRST[:PEEK_BYTES]
    assert versity_store.changed({1: head}) == {1}
    versity.delete_object(Bucket=versioned, Key="data.csv")
    assert head_of(versity_store, versioned, "data.csv") is None
    with pytest.raises(ObjectGoneError):
        versity_store.peek(versioned, "data.csv")
    assert versity_store.read(head, 0, 20) == FIRST[:20], "behind a delete marker versions are there"
    versity.delete_object(Bucket=versioned, Key="data.csv", VersionId=first)
    with pytest.raises(ObjectGoneError):
        versity_store.read(head, PEEK_BYTES, 100)
    with pytest.raises(ObjectGoneError):
        versity_store.peek(versioned, "data.csv", first)


def test_an_object_of_several_parts_is_one_object(versity_store: ObjectStore, versity: S3Client, plain: str) -> None:
    """Its etag is no digest of its bytes, and pins it as any other."""
    part = (FIRST * 5)[: 5 * 1024 * 1024 + 17]
    part += b"x" * (5 * 1024 * 1024 - len(part)) if len(part) < 5 * 1024 * 1024 else b""
    upload = versity.create_multipart_upload(Bucket=plain, Key="big.csv")["UploadId"]
    done = [
        versity.upload_part(Bucket=plain, Key="big.csv", UploadId=upload, PartNumber=number, Body=body)
        for number, body in ((1, part), (2, b"the end"))
    ]
    versity.complete_multipart_upload(
        Bucket=plain,
        Key="big.csv",
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": one["ETag"], "PartNumber": at} for at, one in enumerate(done, 1)]},
    )
    head = versity_store.peek(plain, "big.csv").head
    assert head.size == len(part) + len(b"the end")
    assert str(head.etag).endswith("-2")
    assert versity_store.read(head, len(part) - 4, 20) == part[-4:] + b"the end"
    versity.put_object(Bucket=plain, Key="big.csv", Body=FIRST)
    with pytest.raises(ObjectReplacedError):
        versity_store.read(head, len(part) - 4, 20)


@pytest.mark.parametrize(
    "key", ["a b+c.csv", "100%.csv", "a%20b.csv", "ü/é \U0001f600.csv", "x#y?z&q=1.csv", 'a"b.csv']
)
def test_odd_keys_are_read_as_they_are(versity_store: ObjectStore, versity: S3Client, plain: str, key: str) -> None:
    versity.put_object(Bucket=plain, Key=key, Body=key.encode())
    assert versity_store.peek(plain, key).data == key.encode()
    (entry,) = list_entries(versity_store, plain)
    assert (entry.key, entry.size, entry.etag) == (key, len(key.encode()), versity_store.peek(plain, key).head.etag)


def test_a_listing_is_in_the_order_of_the_keys_bytes_over_all_its_pages(
    versity_store: ObjectStore, versity: S3Client, plain: str
) -> None:
    """Which comparing it with the ledger relies on; a dash and a dot come before the slash of a folder."""
    keys = ["a-b/x", "a.b/x", "a/x", "a0/x", "a/y/z", "aé", "B", "a\ufffc", "a\U0001f600", "a b"]
    for key in keys:
        versity.put_object(Bucket=plain, Key=key, Body=b"x")
    for page in (1, 2, 3, 1000):
        assert [one.key for one in list_entries(versity_store, plain, page=page)] == sorted(keys, key=str.encode)


def test_what_is_refused_is_told_apart_from_what_is_not_there(
    versity_server: S3Server, versity_store: ObjectStore, versity: S3Client, plain: str
) -> None:
    versity.put_object(Bucket=plain, Key="data.csv", Body=b"x")
    with pytest.raises(ObjectGoneError):
        versity_store.peek(plain, "nowhere.csv")
    with pytest.raises(ObjectRefusedError):
        versity_store.peek("no-such-bucket-here", "data.csv")
    with pytest.raises(UsageError):
        list(list_entries(versity_store, "no-such-bucket-here"))
    for key, secret in (("somebody", "else-entirely"), (versity_server.access_key, "another-secret")):
        stranger = ObjectStore(S3Access(versity_server.endpoint, versity_server.region, key, secret))
        with pytest.raises(ObjectRefusedError, match="S3_ACCESS_KEY"):
            stranger.peek(plain, "data.csv")


def test_where_the_gateway_cannot_be_built_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And these tests are skipped with it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert built_gateway(tmp_path / "tools") == "there is no Go on this machine to build versitygw with"
    (tmp_path / "go").write_text("#!/bin/sh\necho 'no such module' >&2; exit 1\n")
    (tmp_path / "go").chmod(0o755)
    reason = built_gateway(tmp_path / "tools")
    assert str(reason).endswith("cannot be built: no such module")

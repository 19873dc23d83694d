"""Manifests, listings and files of announcements, local and in S3."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from dq.events.announcement import collect
from dq.events.object_event import ObjectEvent
from dq.intake.accept import accept
from dq.intake.listing import list_objects
from dq.intake.manifest import read_manifest
from dq.intake.replay import read_announcements
from etl_core.errors import StorageUnavailableError, UsageError
from etl_core.objects.place import Place, parse_place
from etl_core.objects.store import ObjectStore, S3Access
from tests.announcements import eventbridge, notification, s3_record, s3_test_event

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from dq.ledger.inbox import Inbox

NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)


def test_places_are_keys_or_paths_and_nothing_is_decoded() -> None:
    """A key may hold what means something in addresses."""
    assert parse_place("s3://b/a b/100%25?x#y.csv") == Place("b", "a b/100%25?x#y.csv")
    assert parse_place("s3a://b") == Place("b", "")
    assert parse_place("folder/file.csv") == Place(None, "folder/file.csv")
    for wrong in ("", "s3://", "s3:///key", "https://b/k"):
        with pytest.raises(UsageError):
            parse_place(wrong)


def test_a_manifest_is_read_locally_and_from_s3(store: ObjectStore, s3: S3Client, bucket: str, tmp_path: Path) -> None:
    """Also one larger than the first look at it."""
    lines = [f"landing,agency/a/files/f/2026-01-04/12/part {number:05d}.csv,v{number}" for number in range(3000)]
    body = "\n".join(["bucket,key,version_id", *lines]).encode()
    local = tmp_path / "list.csv"
    local.write_bytes(body)
    s3.put_object(Bucket=bucket, Key="lists/one.csv", Body=body)
    for place in (str(local), f"s3://{bucket}/lists/one.csv"):
        found = collect(read_manifest(store, place))
        assert len(found.events) == 3000
        assert found.events[-1].key.endswith("part 02999.csv")
        assert all(event.event_time for event in found.events)


def test_the_same_manifest_read_again_announces_the_same(store: ObjectStore, inbox: Inbox, tmp_path: Path) -> None:
    """So an interrupted backfill goes on where it stopped; a manifest written later announces anew."""
    import os  # noqa: PLC0415  only to set a file's time

    path = tmp_path / "list.csv"
    path.write_text("landing,k1\nlanding,k2\n")
    assert accept(inbox, collect(read_manifest(store, str(path))), now=NOW, source="manifest").added.new == 2
    assert accept(inbox, collect(read_manifest(store, str(path))), now=NOW, source="manifest").added.new == 0
    os.utime(path, (2_000_000_000, 2_000_000_000))
    assert accept(inbox, collect(read_manifest(store, str(path))), now=NOW, source="manifest").added.new == 2


def test_a_file_of_announcements_is_replayed(store: ObjectStore, inbox: Inbox, tmp_path: Path) -> None:
    """Bad ones are kept, skipped ones counted; a second time changes nothing."""
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join([notification(s3_record("a")), s3_test_event(), "garbage", eventbridge("b")]))
    found = read_announcements(store, str(path))
    first = accept(inbox, found, now=NOW, source="replay")
    assert (first.added.new, first.added.dead_letters, first.skipped) == (2, 1, {"s3:TestEvent": 1})
    assert accept(inbox, found, now=NOW, source="replay").added.known == 2
    assert json.dumps(dict((first + first).skipped)) == '{"s3:TestEvent": 2}'


@pytest.mark.parametrize("read", [lambda *given: collect(read_manifest(*given)), read_announcements])
def test_what_cannot_be_read_is_a_usage_error_that_names_it(
    store: ObjectStore, bucket: str, tmp_path: Path, read: object
) -> None:
    """Missing here, missing there, no text."""
    assert callable(read)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for place in (
        str(tmp_path / "none"),
        f"s3://{bucket}/none",
        "s3://no-such-bucket-here/x",
        str(tmp_path / "binary"),
    ):
        with pytest.raises(UsageError) as caught:
            read(store, place)
        assert place in str(caught.value)


@pytest.mark.parametrize("lines", [0, 3, 1000, pytest.param(200_000, marks=pytest.mark.night)])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_byte_that_is_no_text_is_named_wherever_it_stands(
    store: ObjectStore, tmp_path: Path, lines: int, mark: bytes
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(mark + "landing,é\n".encode() * lines + b"landing,\xc3\x28")
    with pytest.raises(UsageError, match=rf"byte {len(mark) + 11 * lines + 8} cannot be decoded"):
        collect(read_manifest(store, str(path)))


def test_a_manifest_that_is_overwritten_while_it_is_read_is_not_read_as_two(
    store: ObjectStore, s3: S3Client, bucket: str
) -> None:
    """With versions the first one is read to its end; without, it says that it is gone."""
    plain = f"{bucket}-plain"
    s3.create_bucket(Bucket=plain)
    first, second = (b"landing,%s%%0150d\n" % letter * 30_000 for letter in (b"a", b"b"))
    texts = [text % tuple(range(30_000)) for text in (first, second)]
    for name in (bucket, plain):
        s3.put_object(Bucket=name, Key="list.csv", Body=texts[0])
        parts = read_manifest(store, f"s3://{name}/list.csv")
        found = [next(parts)]
        s3.put_object(Bucket=name, Key="list.csv", Body=texts[1])
        if name == plain:
            with pytest.raises(UsageError, match="cannot be read to its end"):
                found += parts
        else:
            found += parts
            assert len(found) == 30_000
        assert {one.key[0] for one in found if isinstance(one, ObjectEvent)} == {"a"}


def test_a_listing_finds_what_is_under_a_prefix(store: ObjectStore, s3: S3Client, bucket: str) -> None:
    """More than a page, keys as they are, without folder markers."""
    names = [f"in/{number:04d}.csv" for number in range(1005)] + ["in/a b+c%20é.csv"]
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    s3.put_object(Bucket=bucket, Key="in/folder/", Body=b"")
    s3.put_object(Bucket=bucket, Key="in/empty.csv", Body=b"")
    s3.put_object(Bucket=bucket, Key="out/x.csv", Body=b"x")
    found = collect(list_objects(store, f"s3://{bucket}/in/"))
    assert {event.key for event in found.events} == {*names, "in/empty.csv"}
    assert found.skipped_kinds() == {"folder marker": 1}
    assert {event.source for event in found.events} == {"listing"}
    one = found.events[0]
    assert one.etag is not None
    assert '"' not in one.etag
    assert one.event_time is not None


def test_a_listing_that_cannot_be_made_says_why(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    """A local path, a bucket that is not there, nothing under the prefix, a service that is away."""
    with pytest.raises(UsageError, match="expected s3://bucket/prefix"):
        collect(list_objects(store, str(tmp_path)))
    with pytest.raises(UsageError, match="NoSuchBucket"):
        collect(list_objects(store, "s3://no-such-bucket-here/x"))
    with pytest.raises(UsageError, match="no object under"):
        collect(list_objects(store, f"s3://{bucket}/no/such/prefix"))
    away = ObjectStore(S3Access("http://127.0.0.1:9", "us-east-1", "a", "b"))
    with pytest.raises(StorageUnavailableError, match="did not answer"):
        collect(list_objects(away, "s3://bucket/x"))

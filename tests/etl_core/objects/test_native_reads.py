"""What the native client reads is what boto3 reads; what it does not read, boto3 does."""

from __future__ import annotations

import gzip
import socket
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from etl_core.errors import ObjectGoneError
from etl_core.objects.boto3_reads import read_range
from etl_core.objects.native_reads import NativeReads
from etl_core.objects.ranges import ObjectRange
from tests.engine.batches import s3_store
from tests.engine.files.test_hostile_keys import NAMES, ONLY_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from etl_core.objects.store import ObjectStore
    from tests.local_s3 import S3Server

BODY = bytes(range(256)) * 8


def native(client: S3Client, server: S3Server) -> NativeReads:
    session = boto3.Session(server.access_key, server.secret_key, region_name=server.region)
    return NativeReads(session, client, path_style=True)


def gets_of_boto3(store: ObjectStore) -> list[str]:
    """The keys that boto3 is asked for from now on."""
    asked: list[str] = []

    def note(params: dict[str, Any], **_: object) -> None:
        asked.append(params["Key"])

    store.s3.meta.events.register("provide-client-params.s3.GetObject", note)
    return asked


@pytest.fixture
def stored(s3: S3Client, bucket: str) -> ObjectRange:
    s3.put_object(Bucket=bucket, Key="a/b.csv", Body=BODY)
    return ObjectRange(bucket, "a/b.csv", 0, len(BODY))


@pytest.mark.parametrize("name", NAMES)
def test_names_are_read_as_by_boto3(s3: S3Client, s3_server: S3Server, bucket: str, name: str) -> None:
    wanted = ObjectRange(bucket, f"agency/a/{name}", 0, 4096)
    s3.put_object(Bucket=bucket, Key=wanted.key, Body=name.encode())
    got = native(s3, s3_server).get(wanted)
    assert got is not None
    assert got == read_range(s3, wanted)
    assert got.data == name.encode()


@pytest.mark.parametrize("key", [*ONLY_KEYS, "/first.csv", "last.csv/", "/"])
def test_names_that_no_path_has_are_never_taken_for_others(
    s3: S3Client, s3_server: S3Server, bucket: str, key: str
) -> None:
    for other in {key, key.strip("/"), key.replace("//", "/"), key.removeprefix("./"), "b.csv"} - {""}:
        s3.put_object(Bucket=bucket, Key=other, Body=other.encode())
    got = native(s3, s3_server).get(ObjectRange(bucket, key, 0, 4096))
    assert got is None or got.data == key.encode()
    assert s3_store(s3_server).peek(bucket, key).data == key.encode()


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (7, 100), (len(BODY) - 1, len(BODY)), (0, 10 * len(BODY))])
def test_ranges(s3: S3Client, s3_server: S3Server, stored: ObjectRange, start: int, stop: int) -> None:
    wanted = ObjectRange(stored.bucket, stored.key, start, stop)
    got = native(s3, s3_server).get(wanted)
    assert got is not None
    assert (got.data, got.size) == (BODY[start:stop], len(BODY))
    assert got == read_range(s3, wanted)


def test_only_the_version_that_was_asked_for(s3: S3Client, s3_server: S3Server, stored: ObjectRange) -> None:
    reads, whole = native(s3, s3_server), (stored.bucket, stored.key, 0, len(BODY))
    first = reads.get(stored)
    assert first is not None
    assert first.version_id is not None
    s3.put_object(Bucket=stored.bucket, Key=stored.key, Body=b"newer")
    assert reads.get(ObjectRange(*whole, version_id=first.version_id)) == first
    assert reads.get(ObjectRange(*whole, etag=first.etag)) is None
    newest = reads.get(stored)
    assert newest is not None
    assert newest.data == b"newer"
    assert reads.get(ObjectRange(*whole, etag=newest.etag)) == newest


def test_compressed_objects_come_as_they_are_stored(s3: S3Client, s3_server: S3Server, bucket: str) -> None:
    body = gzip.compress(b"id\n1\n")
    s3.put_object(Bucket=bucket, Key="a.csv.gz", Body=body, ContentEncoding="gzip", ContentType="text/csv")
    got = native(s3, s3_server).get(ObjectRange(bucket, "a.csv.gz", 0, 4096))
    assert got is not None
    assert got.data == body


def test_boto3_is_asked_only_for_what_is_odd(s3: S3Client, s3_server: S3Server, bucket: str) -> None:
    for key, body in {"a/plain.csv": b"id\n1\n", "a//odd.csv": b"id\n2\n", "a/empty.csv": b""}.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    store = s3_store(s3_server)
    asked = gets_of_boto3(store)
    assert [store.peek(bucket, key).data for key in ("a/plain.csv", "a//odd.csv", "a/empty.csv")] == [
        b"id\n1\n",
        b"id\n2\n",
        b"",
    ]
    with pytest.raises(ObjectGoneError, match=r"a/none\.csv"):
        store.peek(bucket, "a/none.csv")
    assert set(asked) == {"a//odd.csv", "a/empty.csv", "a/none.csv"}


def test_an_unknown_bucket_is_refused_by_boto3_in_its_words(s3_server: S3Server) -> None:
    store = s3_store(s3_server)
    asked = gets_of_boto3(store)
    with pytest.raises(Exception, match="check the bucket's name"):
        store.peek("no-such-bucket-here", "a.csv")
    assert asked == ["a.csv"]


@pytest.mark.parametrize("bucket", ["dots.in.name", "UPPER", "ab", "a" * 64, "../x", "arn:aws:s3:::x", "-a-b", ""])
def test_odd_names_of_buckets_are_left_to_boto3(s3: S3Client, s3_server: S3Server, bucket: str) -> None:
    assert native(s3, s3_server).get(ObjectRange(bucket, "a.csv", 0, 10)) is None


@pytest.mark.parametrize(
    "endpoint", ["https://s3-fips.us-east-1.amazonaws.com", "https://s3.cn-north-1.amazonaws.com.cn", "http://minio:1"]
)
def test_endpoints_that_boto3_addresses_in_its_own_way_are_left_to_it(s3_server: S3Server, endpoint: str) -> None:
    session = boto3.Session(s3_server.access_key, s3_server.secret_key, region_name="us-east-1")
    reads = NativeReads(session, session.client("s3", endpoint_url=endpoint), path_style=False)
    assert reads.get(ObjectRange("bucket", "a.csv", 0, 10)) is None


def test_where_nobody_answers_it_is_left_alone_for_a_while(s3_server: S3Server) -> None:
    session = boto3.Session(s3_server.access_key, s3_server.secret_key, region_name="us-east-1")
    with hanging_up() as (endpoint, calls):
        reads = NativeReads(session, session.client("s3", endpoint_url=endpoint), path_style=True)
        for _ in range(20):
            assert reads.get(ObjectRange("bucket", "a.csv", 0, 10)) is None
    assert len(calls) == 8


@contextmanager
def hanging_up() -> Iterator[tuple[str, list[str]]]:
    """A server that ends every connection at once; its address, and a mark for each connection."""
    calls: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                calls.append("call")
                caller.close()

        thread = Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", calls
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)

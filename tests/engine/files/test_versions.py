"""What is read is the version that was announced and looked at, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
from etl_core.errors import ObjectGoneError
from etl_core.objects.store import ObjectStore
from tests.engine.batches import DEFINITION, local_sources, readable, rows_of_text, s3_sources, s3_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

    from dq.profiling.summary.summary import FileSummary
    from etl_core.errors import PipelineError
    from tests.local_s3 import S3Server

KEYS = [f"agency/a/{number}.csv" for number in range(10)]
LANES = ["in this process", "direct", "spark"]


@pytest.fixture
def plain_bucket(s3: S3Client, bucket: str) -> str:
    """A bucket that keeps no versions."""
    s3.create_bucket(Bucket=f"{bucket}-plain")
    return f"{bucket}-plain"


def profiled(
    sources: Sequence[SourceObject], store: ObjectStore, spark: SparkSession, lane: str
) -> dict[int, FileSummary | PipelineError]:
    """Profile files in one of `LANES`."""
    here = lane == LANES[0]
    return profile_files(sources, store=store, spark=None if here else spark, reader="direct" if here else lane)


def put_all(s3: S3Client, bucket: str, rows: int) -> None:
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=rows_of_text(rows).encode())


@pytest.mark.parametrize("lane", LANES)
def test_an_overwritten_object_is_gone(
    spark: SparkSession, s3: S3Client, s3_server: S3Server, plain_bucket: str, lane: str
) -> None:
    put_all(s3, plain_bucket, 12_000)
    store = s3_store(s3_server)
    sources = s3_sources(store, plain_bucket, KEYS)
    s3.put_object(Bucket=plain_bucket, Key=KEYS[3], Body=rows_of_text(13_000).encode())
    s3.delete_object(Bucket=plain_bucket, Key=KEYS[5])
    found = profiled(sources, store, spark, lane)
    for number in (3, 5):
        assert isinstance(found[number], ObjectGoneError)
        assert KEYS[number] in str(found[number])
    assert {readable(found[number]).rows_read for number in range(10) if number not in {3, 5}} == {12_000}


@pytest.mark.parametrize("lane", LANES)
def test_a_version_is_read_though_there_is_a_newer_one(
    spark: SparkSession, s3: S3Client, s3_server: S3Server, bucket: str, lane: str
) -> None:
    put_all(s3, bucket, 12_000)
    store = s3_store(s3_server)
    first = s3_sources(store, bucket, KEYS)
    s3.put_object(Bucket=bucket, Key=KEYS[3], Body=rows_of_text(13_000).encode())
    s3.delete_object(Bucket=bucket, Key=KEYS[5])
    older = store.peek(bucket, KEYS[3], first[3].peek.head.version_id)
    assert older.head == first[3].peek.head
    sources = [*first[:3], SourceObject(3, older, DEFINITION), *first[4:]]
    found = profiled(sources, store, spark, lane)
    assert {readable(one).rows_read for one in found.values()} == {12_000}


def test_a_version_that_was_deleted_is_gone(s3: S3Client, s3_server: S3Server, bucket: str) -> None:
    put_all(s3, bucket, 12_000)
    store = s3_store(s3_server)
    sources = s3_sources(store, bucket, KEYS)
    version = sources[0].peek.head.version_id
    assert version is not None
    s3.delete_object(Bucket=bucket, Key=KEYS[0], VersionId=version)
    found = profile_files(sources, store=store)
    assert isinstance(found[0], ObjectGoneError)
    with pytest.raises(ObjectGoneError):
        store.peek(bucket, KEYS[0], version)


@pytest.mark.parametrize("lane", LANES)
def test_a_local_file_that_changes_is_gone(spark: SparkSession, tmp_path: Path, lane: str) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(10)]
    for path in paths:
        path.write_text(rows_of_text(12_000))
    sources = local_sources(paths)
    paths[3].write_text(rows_of_text(13_000))
    paths[5].unlink()
    found = profiled(sources, ObjectStore(), spark, lane)
    assert {number for number, one in found.items() if isinstance(one, ObjectGoneError)} == {3, 5}

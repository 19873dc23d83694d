"""Small objects are looked at where they are counted: with the same results, and no byte of theirs in the driver."""

from __future__ import annotations

import gzip
import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dq.engine.file_results import FileVerdict
from dq.engine.halving import BroughtDownError
from dq.engine.profile_files import judge_sources, profile_files
from dq.engine.source_file import SourceObject, UnseenObject
from etl_core.errors import ObjectGoneError, PipelineError
from etl_core.objects.store import PEEK_BYTES, ObjectStore, S3Access
from tests.engine.batches import DEFINITION, counted_jobs, readable, rows_of_text, s3_sources, unseen_sources
from tests.engine.faulty_store import FaultyStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

    from tests.local_s3 import S3Server

LONG = rows_of_text(20_000).encode()
BODIES: dict[str, bytes] = {
    **{f"{number:02}.csv": rows_of_text(5 + number).encode() for number in range(70)},
    "lines.jsonl": b'{"id": 1, "name": "a", "fare": 2.5}\n' * 40,
    "list.json": json.dumps([{"id": 1, "name": "a", "fare": 2.5}]).encode(),
    "packed.csv.gz": gzip.compress(LONG),
    "empty.csv": b"",
    "odd.parquet": b"PAR1 no footer",
    "latin.csv": b"id,name,fare\n1,\xff,2\n",
    "long.csv": LONG,
    "one long row.csv": b"id,name,fare\n1," + b"a" * 2 * PEEK_BYTES + b",1\n",
}
KEYS = [f"agency/a/{name}" for name in BODIES]


@pytest.fixture
def objects(s3: S3Client, bucket: str) -> str:
    """A bucket that holds all of them."""
    for key, body in zip(KEYS, BODIES.values(), strict=True):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    return bucket


@pytest.fixture
def peeked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the objects that this process looked at."""
    keys: list[str] = []
    peek = ObjectStore.peek

    def noted(self: ObjectStore, bucket: str | None, key: str, version_id: str | None = None) -> object:
        keys.append(key)
        return peek(self, bucket, key, version_id)

    monkeypatch.setattr(ObjectStore, "peek", noted)
    return keys


def shown(found: Mapping[int, FileVerdict | PipelineError]) -> dict[str, object]:
    """Everything there is to know of how files ended."""
    return {KEYS[at]: str(one) if isinstance(one, PipelineError) else replace(one) for at, one in found.items()}


def test_the_verdicts_are_those_of_objects_that_were_looked_at_before(
    spark: SparkSession, store: ObjectStore, objects: str, peeked_at: list[str]
) -> None:
    seen = judge_sources(s3_sources(store, objects, KEYS), store=store, spark=spark, keep_states=True)
    peeked_at.clear()
    with counted_jobs(spark, "unseen") as started:
        found = judge_sources(unseen_sources(objects, KEYS), store=store, spark=spark, keep_states=True)
    assert shown(found) == shown(seen)
    assert len({one.head.key for one in found.values() if isinstance(one, FileVerdict)}) == len(KEYS)
    assert peeked_at == []
    assert len(started) == 1  # the two that turned out to be large are read in this process


def test_many_that_turn_out_to_be_large_take_one_more_job(
    spark: SparkSession, s3: S3Client, store: ObjectStore, bucket: str
) -> None:
    keys = [f"{number}.csv" for number in range(20)]
    for number, key in enumerate(keys):
        s3.put_object(Bucket=bucket, Key=key, Body=LONG if number % 2 else rows_of_text(number).encode())
    with counted_jobs(spark, "unseen and large") as started:
        found = profile_files(unseen_sources(bucket, keys, size=10), store=store, spark=spark)
    assert [readable(found[number]).rows_read for number in range(20)] == [
        20_000 if number % 2 else number for number in range(20)
    ]
    assert len(started) == 2


def test_seen_and_unseen_objects_in_one_batch(spark: SparkSession, store: ObjectStore, objects: str) -> None:
    seen, unseen = s3_sources(store, objects, KEYS), unseen_sources(objects, KEYS)
    mixed: list[SourceObject | UnseenObject] = [
        seen[number] if number % 2 else unseen[number] for number in range(len(KEYS))
    ]
    assert shown(judge_sources(mixed, store=store, spark=spark)) == shown(judge_sources(seen, store=store))


@pytest.mark.parametrize("reader", ["auto", "spark"])
def test_without_tasks_this_process_looks(
    spark: SparkSession, store: ObjectStore, objects: str, peeked_at: list[str], reader: str
) -> None:
    """Few objects, no session, or readers of Spark's, which need to know what they read."""
    sources = unseen_sources(objects, KEYS[:12])
    if reader == "spark":
        found = profile_files(sources, store=store, spark=spark, reader=reader)
    else:
        found = profile_files(sources, store=store) | profile_files(sources[:5], store=store, spark=spark)
    assert [readable(found[number]).rows_read for number in range(12)] == [5 + number for number in range(12)]
    assert set(peeked_at) == set(KEYS[:12])


def test_what_is_gone_or_takes_its_reader_down_hurts_no_neighbour(
    spark: SparkSession, s3: S3Client, s3_server: S3Server, objects: str
) -> None:
    s3.put_object(Bucket=objects, Key="poison.csv", Body=b"id\n1\n")
    server = s3_server
    store = FaultyStore(S3Access(server.endpoint, server.region, server.access_key, server.secret_key))
    found = profile_files(unseen_sources(objects, [*KEYS[:20], "poison.csv", "nowhere.csv"]), store=store, spark=spark)
    assert [readable(found[number]).rows_read for number in range(20)] == [5 + number for number in range(20)]
    assert isinstance(found[20], BroughtDownError)
    assert "poison.csv" in str(found[20])
    assert isinstance(found[21], ObjectGoneError)


def test_the_announced_version_is_read(spark: SparkSession, s3: S3Client, store: ObjectStore, bucket: str) -> None:
    versions = [
        s3.put_object(Bucket=bucket, Key="a.csv", Body=rows_of_text(number).encode())["VersionId"]
        for number in range(10)
    ]
    sources = [
        UnseenObject(number, bucket, "a.csv", version, 100, DEFINITION) for number, version in enumerate(versions)
    ]
    found = judge_sources(sources, store=store, spark=spark)
    scored = [one for number in range(10) if isinstance(one := found[number], FileVerdict)]
    assert [(one.rows, one.head.version_id) for one in scored] == list(enumerate(versions))


def test_the_tasks_of_a_process_share_its_client(store: ObjectStore) -> None:
    assert pickle.loads(pickle.dumps(store)).s3 is store.s3  # noqa: S301 - as Spark does

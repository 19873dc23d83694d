"""Keys that mean something to a path, a pattern or a URL are nothing but names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dq.engine.profile_files import profile_files
from etl_core.objects.store import ObjectStore
from tests.engine.batches import local_sources, readable, rows_of_text, s3_sources, s3_store, unseen_sources

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

    from tests.local_s3 import S3Server

NAMES = [
    "plain.csv", "with space.csv", "plus+plus.csv", "a%20b.csv", "100%.csv", "%2F.csv", "Ünï çödé 日本 😀.csv",
    "*.csv", "?.csv", "[ab].csv", "{x,y}.csv", "back\\slash.csv", "_hidden.csv", ".dot.csv", "x._COPYING_",
    "trailing space .csv ", "semi;colon.csv", "q=1&r=2.csv", "#hash.csv", "colon:colon.csv", "quote'\".csv",
    "year=2024/month=1/part.csv", "e\u0301.csv", "\u00e9.csv", "tilde~.csv", "a,b.csv", "@at$.csv", "data.csv.gz",
]  # fmt: skip
#: Names that S3 takes and a file system does not, or not as they are.
ONLY_KEYS = ["double//slash.csv", "a/../b.csv", "./here.csv", "//two first.csv", "folder.csv/", "tab\tname.csv"]


@pytest.mark.parametrize("reader", ["direct", "spark", "unseen"])
def test_of_objects(spark: SparkSession, s3: S3Client, s3_server: S3Server, bucket: str, reader: str) -> None:
    keys = [f"agency/a/{name}" for name in NAMES + ONLY_KEYS] + ["agency/b/{a}*/[c]/?.csv"]
    for number, key in enumerate(keys):
        s3.put_object(Bucket=bucket, Key=key, Body=rows_of_text(10 + number).encode())
    stored = {found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert stored >= set(keys)
    store = s3_store(s3_server)
    sources = unseen_sources(bucket, keys) if reader == "unseen" else s3_sources(store, bucket, keys)
    reader = "direct" if reader == "unseen" else reader
    found = profile_files(sources, store=store, spark=spark, reader=reader)
    assert {keys[number]: readable(one).rows_read for number, one in found.items()} == {
        key: 10 + number for number, key in enumerate(keys)
    }
    assert sum(readable(one).reader == reader for one in found.values()) >= len(NAMES) - 5


@pytest.mark.parametrize("reader", ["direct", "spark"])
def test_of_local_files(spark: SparkSession, tmp_path: Path, reader: str) -> None:
    folder = tmp_path / "odd {folder} [*] 100% + ü"
    paths = [folder / name for name in NAMES]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rows_of_text(10 + number))
    found = profile_files(local_sources(paths), store=ObjectStore(), spark=spark, reader=reader)
    assert {paths[number].name: readable(one).rows_read for number, one in found.items()} == {
        path.name: 10 + number for number, path in enumerate(paths)
    }
    assert sum(readable(one).reader == reader for one in found.values()) >= len(NAMES) - 5

"""The number of Spark jobs of a batch does not depend on its files or their columns."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from dq.engine.profile_files import profile_files
from dq.formats.limits import Limits
from etl_core.objects.store import ObjectStore
from tests.engine.batches import counted_jobs, local_sources, readable, rows_of_text

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def files_of_all_kinds(folder: Path, count: int) -> list[Path]:
    """`count` files, in turn a large CSV, a small one, a compressed one, JSON Lines and Parquet."""
    paths = []
    for number in range(count):
        path = folder / f"file{number:03}"
        match number % 5:
            case 0:
                path = path.with_suffix(".csv")
                path.write_text(rows_of_text(12_000))
            case 1:
                path = path.with_suffix(".csv")
                path.write_text(rows_of_text(5))
            case 2:
                path = path.with_suffix(".csv.gz")
                path.write_bytes(gzip.compress(rows_of_text(50).encode()))
            case 3:
                path = path.with_suffix(".jsonl")
                path.write_text('{"id": 1, "name": "a", "fare": 2.5}\n' * 40)
            case _:
                path = path.with_suffix(".parquet")
                parquet.write_table(pa.table({"id": [1, 2], "name": ["a", "b"], "fare": [1.0, 2.0]}), path)
        paths.append(path)
    return paths


@pytest.mark.parametrize(("reader", "jobs"), [("direct", 1), ("auto", 1), ("spark", 2)])
@pytest.mark.parametrize("files", [10, 45])
def test_of_any_number_of_files(spark: SparkSession, tmp_path: Path, reader: str, jobs: int, files: int) -> None:
    sources = local_sources(files_of_all_kinds(tmp_path, files))
    with counted_jobs(spark, f"{reader} {files}") as started:
        found = profile_files(sources, store=ObjectStore(), spark=spark, reader=reader, limits=Limits(split=20_000))
    assert len(started) == jobs
    assert {readable(one).reader for one in found.values()} == {"direct" if reader == "auto" else reader}


@pytest.mark.parametrize(("reader", "jobs"), [("direct", 1), ("spark", 2)])
@pytest.mark.parametrize("width", [1, 300])
def test_of_any_number_of_columns(spark: SparkSession, tmp_path: Path, reader: str, jobs: int, width: int) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(9)]
    for path in paths:
        line = ",".join("12345" for _ in range(width)) + "\n"
        path.write_text(",".join(f"c{at}" for at in range(width)) + "\n" + line * (200_000 // len(line)))
    sources = local_sources(paths, None)
    with counted_jobs(spark, f"{reader} width {width}") as started:
        found = profile_files(sources, store=ObjectStore(), spark=spark, reader=reader)
    assert len(started) == jobs
    assert all(len(readable(one).columns) == width for one in found.values())


def test_few_small_files_need_none(spark: SparkSession, tmp_path: Path) -> None:
    sources = local_sources(files_of_all_kinds(tmp_path, 5))
    with counted_jobs(spark, "small") as started:
        profile_files(sources, store=ObjectStore(), spark=spark)
    assert len(started) == 0


def test_without_adaptive_execution(spark: SparkSession) -> None:
    """It would add a job for each shuffle."""
    assert spark.conf.get("spark.sql.adaptive.enabled") == "false"

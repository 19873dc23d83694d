"""A file that cannot be read, is gone or brings its reader down never hurts the others of its batch."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from dq.engine.halving import BroughtDownError
from dq.engine.parts import EngineFaultError
from dq.engine.profile_files import profile_files
from dq.formats.limits import Limits
from dq.profiling.summary.summary import FileSummary
from etl_core.errors import ObjectGoneError, PipelineError, StorageUnavailableError
from tests.engine.batches import local_sources, readable, rows_of_text
from tests.engine.faulty_store import FaultyStore

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

ROWS = 16_000


@pytest.fixture
def batch(tmp_path: Path) -> dict[str, Path]:
    """Nine sound files and one of each kind of trouble, all larger than what the first look takes in."""
    text = rows_of_text(ROWS)
    bodies = {f"sound{number}.csv": text.encode() for number in range(9)}
    bodies |= {f"{trouble}.csv": text.encode() for trouble in ("gone", "timeout", "fault")}
    bodies["empty.csv"] = b""
    bodies["cut off.csv.gz"] = gzip.compress(rows_of_text(60_000).encode())[:-5000]
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
    table = pa.table({"id": range(60_000), "name": ["a", "b"] * 30_000, "fare": [1.5] * 60_000})
    parquet.write_table(table, tmp_path / "rotten.parquet", compression="none", use_dictionary=False)
    rotten = bytearray((tmp_path / "rotten.parquet").read_bytes())
    rotten[4:40] = b"\xff" * 36
    (tmp_path / "rotten.parquet").write_bytes(rotten)
    return {path.name: path for path in sorted(tmp_path.iterdir())}


def endings(batch: dict[str, Path], spark: SparkSession | None, reader: str) -> dict[str, FileSummary | PipelineError]:
    store = FaultyStore()
    sources = local_sources(list(batch.values()), store=store)
    found = profile_files(sources, store=store, spark=spark, reader=reader, limits=Limits(split=40_000))
    return {name: found[number] for number, name in enumerate(batch)}


def assert_each_ends_apart(found: dict[str, FileSummary | PipelineError]) -> None:
    for number in range(9):
        summary = readable(found[f"sound{number}.csv"])
        assert (summary.rows_read, summary.rows_malformed) == (ROWS, 0)
    assert isinstance(found["gone.csv"], ObjectGoneError)
    assert isinstance(found["timeout.csv"], StorageUnavailableError)
    assert isinstance(found["fault.csv"], EngineFaultError)
    assert "ZeroDivisionError" in str(found["fault.csv"])
    reasons = {"empty.csv": "0 bytes", "cut off.csv.gz": "broken", "rotten.parquet": "cannot be read"}
    for name, reason in reasons.items():
        broken = found[name]
        assert isinstance(broken, FileSummary), broken
        assert broken.unreadable is not None, name
        assert reason in broken.unreadable


def test_in_this_process(batch: dict[str, Path]) -> None:
    assert_each_ends_apart(endings(batch, None, "direct"))


@pytest.mark.parametrize("reader", ["direct", pytest.param("spark", marks=pytest.mark.night)])
def test_on_spark(spark: SparkSession, batch: dict[str, Path], tmp_path: Path, reader: str) -> None:
    """One of the files takes its task down: that may pass, as a worker may have died for another reason."""
    poison = tmp_path / "poison.csv"
    poison.write_text(rows_of_text(ROWS))
    found = endings({**batch, "poison.csv": poison}, spark, reader)
    assert isinstance(found["poison.csv"], BroughtDownError if reader == "direct" else FileSummary)
    assert_each_ends_apart(found)
    assert readable(found["sound1.csv"]).reader == reader

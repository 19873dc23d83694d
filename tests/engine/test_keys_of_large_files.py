"""Keys of files that are read in one piece: bounded memory, and a full disk that costs an attempt."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from dq.definitions import load_definition
from dq.engine.byte_ranges.python_worker import settle_in
from dq.engine.byte_ranges.spark_merge import KeyHashes, RangeCount
from dq.engine.byte_ranges.spark_merge import _keys_counted as keys_counted
from dq.engine.keys import gathered_keys
from dq.engine.keys.gathered_keys import GatheredKeys
from dq.engine.keys.key_file import KeyFile
from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
from dq.profiling.figures.mixing import mixed
from dq.profiling.figures.row_keys import KEY_HASH, RowKeys
from etl_core.errors import NoTemporarySpaceError
from etl_core.objects.store import ObjectStore
from tests.engine.batches import readable
from tests.peak_memory import rows_and_peak

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = {"fields": [{"name": "id", "type": "string", "unique": True}, {"name": "n", "type": "integer"}]}


def one_gzip(path: Path, rows: int, repeats: int = 0) -> Path:
    """Texts in no order, all different but for the last `repeats`, which are the first ones again."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"id,n\n")
        for start in range(0, rows, 500_000):
            numbers = np.arange(start, min(start + 500_000, rows), dtype=np.uint64)
            again = numbers >= np.uint64(rows - repeats)
            numbers[again] -= np.uint64(rows - repeats)
            table = pa.table({"id": pa.array(mixed(numbers)), "n": pa.array(numbers % np.uint64(100))})
            pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(include_header=False))
    return path


@pytest.mark.night
def test_the_peak_of_a_process_does_not_grow_with_the_rows_of_one_gzip(tmp_path: Path) -> None:
    """Four times the rows, of which the additional ones alone have 92 MiB of keys; it used to take 270 MiB more."""
    small, large = one_gzip(tmp_path / "small.csv.gz", 2_000_000), one_gzip(tmp_path / "large.csv.gz", 8_000_000)
    *rows, more = rows_and_peak(small, large, DEFINITION)
    assert rows == [2_000_000, 8_000_000]
    assert more < 150


def test_keys_on_disk_give_the_same_file_in_every_lane(spark: SparkSession, tmp_path: Path) -> None:
    """Read in one piece on threads, in one Spark task and, uncompressed, in several."""
    packed = one_gzip(tmp_path / "packed.csv.gz", 4_500_000, repeats=12_345)
    assert 4_500_000 * KEY_HASH.itemsize > gathered_keys.MOST_HELD
    plain = tmp_path / "plain.csv"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    store, definition = ObjectStore(), load_definition(DEFINITION)
    sources = [SourceObject(at, store.peek(None, str(path)), definition) for at, path in enumerate((packed, plain))]
    here, on_spark = profile_files(sources, store=store), profile_files(sources, store=store, spark=spark)
    assert here == on_spark
    found = [readable(one).keys[0] for one in here.values()]
    assert [(one.full, one.repeated) for one in found] == [(4_500_000, 12_345)] * 2


def test_a_temporary_file_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So nothing stays behind when the process is killed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    file = KeyFile()
    chunk = file.write([RowKeys(np.arange(100_000, dtype=np.uint64)), RowKeys()])
    assert list(tmp_path.iterdir()) == []
    assert len(file.read(chunk, 0)) == 100_000
    file.close()


def test_no_key_is_on_disk_as_it_is() -> None:
    """A number in a key is a value of the file, and may be somebody's."""
    numbers = np.arange(1_234_567_000, 1_234_568_000, dtype=np.uint64)
    hashes = np.full(1000, 7, KEY_HASH)
    file = KeyFile()
    chunk = file.write([RowKeys(numbers, hashes)])
    file._file.seek(0)
    words = np.frombuffer(file._file.read(), np.uint64)
    assert len(words) == 3000
    assert not np.isin(words, [*numbers, 7]).any()
    assert not np.isin(words, mixed(numbers)).any()
    back = file.read(chunk, 0)
    assert back.numbers.tolist() == numbers.tolist()
    assert np.array_equal(back.hashes, hashes)
    file.close()


def limited(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python where the system lets no file grow beyond 4 MiB, as it does where a disk or a quota is full."""
    return subprocess.run(
        ["bash", "-c", 'ulimit -f 4096; exec "$@"', "limited", sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


_BOTH = """
import json, sys
from dq.definitions import load_definition
from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
from etl_core.objects.store import ObjectStore
definition, store = load_definition(json.load(open("definition.json"))), ObjectStore()
sources = [SourceObject(at, store.peek(None, path), definition) for at, path in enumerate(sys.argv[1:])]
print(*(type(one).__name__ for one in profile_files(sources, store=store).values()))
"""


def test_a_full_disk_is_said_and_costs_that_file_one_attempt_and_others_nothing(tmp_path: Path) -> None:
    one_gzip(tmp_path / "large.csv.gz", 6_000_000)
    one_gzip(tmp_path / "small.csv.gz", 1_000)
    (tmp_path / "definition.json").write_text(json.dumps(DEFINITION))
    ran = limited(tmp_path, "-m", "jobs.cli", "check_file", "large.csv.gz", "--schema", "definition.json")
    assert ran.returncode == 75, ran.stderr
    assert "no more could be kept in a temporary file: File too large; free space" in ran.stderr
    ran = limited(tmp_path, "-c", _BOTH, "large.csv.gz", "small.csv.gz")
    assert ran.stdout.splitlines()[-1:] == ["NoTemporarySpaceError FileSummary"], ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["definition.json", "large.csv.gz", "small.csv.gz"]


def test_a_full_disk_is_an_error_of_the_files_whose_keys_meet_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the files alone: an error that left the merge would end the Spark job, and with it the whole batch."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    many = RowKeys(np.arange(9_000_000, dtype=np.uint64) * np.uint64(9)).to_bytes()
    rows = [((1, "group", 0), "a profile"), ((2, "key", 0), KeyHashes(many)), ((2, "key", 1), KeyHashes(many))]
    first, *others = keys_counted(rows, {1: 1, 2: 2})
    assert first == rows[0]
    assert {key for key, _ in others} == {(2, "group", 0), (2, "key", 0)}
    assert {type(value) for _, value in others} == {NoTemporarySpaceError, RangeCount}
    keys: GatheredKeys[int] = GatheredKeys(0)
    with pytest.raises(NoTemporarySpaceError, match=r"kept in a temporary file: No such file or directory; free space"):
        keys.add(0, RowKeys(np.arange(9, dtype=np.uint64)))


def test_tasks_put_temporary_files_where_spark_puts_its_own(spark: SparkSession) -> None:
    def where(_: int) -> tuple[str, str]:
        settle_in()
        return tempfile.gettempdir(), os.environ["SPARK_LOCAL_DIRS"]

    ((folder, folders),) = spark.sparkContext.parallelize([0], 1).map(where).collect()
    assert folder == folders.split(",")[0] != tempfile.gettempdir()

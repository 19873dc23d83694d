"""Byte ranges in this process, byte ranges as Spark tasks and Spark's own readers say the same about every file."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

import hypothesis
import pytest

from dq.formats.limits import Limits
from tests.parity.files import (
    InputFile,
    compressed_files,
    corpus_files,
    fine_files,
    golden_files,
    json_arrays,
    long_files,
    orc_files,
    parquet_files,
    workbooks,
)
from tests.parity.lanes import assert_same_verdict, check_files, count_splits, generated, report, written
from tests.parity.verdicts import Checked
from tests.reference.tables import csv_tables, json_lines_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

#: Files that are compared, and those of them that Spark's readers read, at least: fewer would show less than before.
FILES, READ_BY_SPARK = 294, 210
#: Bytes of a split, and of what is parsed at once.
SPLITS = [(1, 1), (17, 5), (250, 100), (1000, 1 << 20)]
_THOROUGH = hypothesis.settings.get_current_profile_name() in {"thorough", "long"}
#: Usually each file is split in one of these ways; in a thorough run in all of them.
IN_TURN = 1 if _THOROUGH else len(SPLITS)
#: Usually every second file of a kind goes through Spark's readers; in a thorough run all do.
EVERY = 1 if _THOROUGH else 2


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, dict[str, object] | None]]:
    folder = tmp_path_factory.mktemp("lanes")
    cases = generated(csv_tables(), 40, 6) + generated(json_lines_tables(), 20, 7)
    made: Iterator[InputFile] = chain(
        golden_files(),
        corpus_files(),
        (InputFile(*pair) for pair in written(cases, folder)),
        compressed_files(folder),
        json_arrays(folder),
        parquet_files(folder),
        orc_files(folder),
        workbooks(folder),
        fine_files(folder),
        long_files(folder),
    )
    return [(file.path, file.definition) for file in made]


@pytest.fixture(scope="module")
def whole(files: list[tuple[Path, dict[str, object] | None]]) -> list[Checked]:
    """Every file as threads of this process see it, in one part."""
    return check_files(files)


def test_spark_tasks_give_every_byte_that_threads_give(
    spark: SparkSession,
    files: list[tuple[Path, dict[str, object] | None]],
    whole: list[Checked],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for turn, limits in enumerate((Limits(), Limits(split=1000, block=400))):
        some = files[turn % IN_TURN :: IN_TURN]
        here = whole[turn % IN_TURN :: IN_TURN] if limits == Limits() else check_files(some, limits=limits)
        there = check_files(some, spark=spark, limits=limits)
        for one, other in zip(here, there, strict=True):
            assert one.summary == other.summary, one.path
            assert json.dumps(one.verdict.profile_payload) == json.dumps(other.verdict.profile_payload), one.path
        report(capsys, f"{len(some)} files in {count_splits(some, limits):,} splits, the same on threads and on Spark")


def test_sparks_readers_give_the_same_verdicts(
    spark: SparkSession,
    files: list[tuple[Path, dict[str, object] | None]],
    whole: list[Checked],
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = spark.conf.get("spark.sql.files.maxPartitionBytes") or ""
    spark.conf.set("spark.sql.files.maxPartitionBytes", "20000")
    try:
        there = check_files(files[::EVERY], spark=spark, reader="spark")
    finally:
        spark.conf.set("spark.sql.files.maxPartitionBytes", before)
    for one, other in zip(whole[::EVERY], there, strict=True):
        assert_same_verdict(one, other)
    read = sum(checked.summary.reader == "spark" for checked in there)
    assert len(files) >= FILES
    assert read >= READ_BY_SPARK // EVERY
    report(capsys, f"{len(there)} files, {read} of them through Spark's readers, the same as by byte ranges")


@pytest.mark.parametrize(("split", "block"), SPLITS)
def test_any_split_gives_the_same(
    files: list[tuple[Path, dict[str, object] | None]],
    whole: list[Checked],
    split: int,
    block: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    limits = Limits(split=split, block=block)
    turn = SPLITS.index((split, block)) % IN_TURN
    places = [at for at, (path, _) in enumerate(files) if path.stat().st_size < 1000 * split and at % IN_TURN == turn]
    some = [files[at] for at in places]
    for at, other in zip(places, check_files(some, limits=limits), strict=True):
        assert_same_verdict(whole[at], other)
    report(capsys, f"{len(some)} files in {count_splits(some, limits):,} splits of {split} bytes, the same as whole")

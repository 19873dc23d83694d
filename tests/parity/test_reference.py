"""The engine's verdicts equal those of the naive scorer, table by table, whichever lane reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.formats.limits import Limits
from tests.parity.lanes import assert_as_reference, check_files, count_splits, generated, report, written
from tests.reference.tables import Case, csv_tables, json_lines_tables

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

MANY = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
SPLITS = st.sampled_from([1, 2, 7, 16, 61, 1 << 20])
BLOCKS = st.sampled_from([1, 16, 1 << 20])


def check_one(case: Case, folder: Path, limits: Limits) -> None:
    path = folder / f"table.{case.kind}"
    path.write_bytes(case.data)
    (checked,) = check_files([(path, case.definition)], limits=limits)
    assert_as_reference(checked, case)


@given(csv_tables(), SPLITS, BLOCKS)
@MANY
def test_csv_in_process(tmp_path: Path, case: Case, split: int, block: int) -> None:
    check_one(case, tmp_path, Limits(split=split, block=block))


@given(json_lines_tables(), SPLITS, BLOCKS)
@MANY
def test_json_lines_in_process(tmp_path: Path, case: Case, split: int, block: int) -> None:
    check_one(case, tmp_path, Limits(split=split, block=block))


def test_sparks_readers(spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = generated(csv_tables(), 130, 1) + generated(json_lines_tables(), 60, 2)
    found = check_files(written(cases, tmp_path), spark=spark, reader="spark")
    for checked, case in zip(found, cases, strict=True):
        assert_as_reference(checked, case)
    read = sum(checked.summary.reader == "spark" for checked in found)
    report(capsys, f"{len(cases)} tables as the reference scores them, {read} of them through Spark's readers")
    assert read >= 90


@pytest.mark.parametrize(
    "limits",
    [pytest.param(Limits(), marks=pytest.mark.night), Limits(split=16, block=64)],
    ids=["whole files", "tiny splits"],
)
def test_byte_ranges_as_spark_tasks(
    spark: SparkSession, tmp_path: Path, limits: Limits, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = generated(csv_tables(), 100, 1) + generated(json_lines_tables(), 50, 2)
    files = written(cases, tmp_path)
    for checked, case in zip(check_files(files, spark=spark, limits=limits), cases, strict=True):
        assert_as_reference(checked, case)
    report(capsys, f"{len(cases)} tables in {count_splits(files, limits):,} splits as the reference scores them")

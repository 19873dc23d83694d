"""Whatever reads a file or holds a table: the rows that are found are those that its verdict counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from chispa import assert_df_equality

from dq import check_frame, split_rows
from dq.formats.limits import Limits
from tests.parity.lanes import check_files, generated, written
from tests.reference.tables import csv_tables, json_lines_tables
from tests.rows.found import counted, failed_of, rows_of
from tests.rows.test_frames import tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from pyspark.sql import DataFrame, SparkSession

    from tests.rows.found import Found

SMALL = Limits(split=61, block=16)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, dict[str, Any]]]:
    """Small files with definitions of every kind, thresholds and severities among them."""
    cases = generated(csv_tables(), 30, 15) + generated(json_lines_tables(), 15, 16)
    return written(cases, tmp_path_factory.mktemp("rows"))


def by_rule(found: Found, seen: set[str]) -> Mapping[tuple[str, str], int]:
    """The findings of columns that the file has, but for the one that no verdict counts."""
    counts = found.counted().items()
    return {(rule, at): count for (rule, at), count in counts if set(at.split(", ")) <= seen and rule != "digits"}


@pytest.mark.parametrize("lane", ["threads", "small splits", "Spark's tasks", "Spark's readers"])
def test_findings_are_what_every_lane_counts(
    request: pytest.FixtureRequest, files: list[tuple[Path, dict[str, Any]]], lane: str
) -> None:
    spark = request.getfixturevalue("spark") if lane.startswith("Spark") else None
    reader = "spark" if lane == "Spark's readers" else "direct"
    checked = check_files(files, spark=spark, reader=reader, limits=SMALL if lane == "small splits" else None)
    failing = 0
    for one in checked:
        summary, definition = one.summary, one.definition
        if definition is None or summary.unreadable is not None or summary.no_header:
            continue
        found = rows_of(one.path, definition, SMALL if lane == "small splits" else None)
        assert len(found.failing) + len(found.malformed) == summary.rows_read, one.path
        assert len(found.malformed) == summary.rows_malformed, one.path
        assert by_rule(found, {column.name for column in summary.columns}) == failed_of(summary, definition), one.path
        failing += sum(found.failing)
    assert failing > 40


def findings_of(frame: DataFrame) -> list[list[Mapping[str, Any]] | None]:
    return [row["_findings"] and [one.asDict() for one in row["_findings"]] for row in frame.collect()]


def test_tables_of_pyspark_are_split_as_their_verdicts_count(spark: SparkSession) -> None:
    """Takes some seconds: each table is read several times, as people would."""
    held = 0
    for table, definition in generated(tables(), 6, 17):
        if not table.num_rows:
            continue
        names = ", ".join(f"`{name}` string" for name in table.column_names)
        frame = spark.createDataFrame(table.to_pylist(), names).coalesce(2)
        passed, failed = split_rows(frame, definition, cells="text")
        findings = [*findings_of(passed), *findings_of(failed)]
        assert len(findings) == table.num_rows
        verdict = check_frame(frame, definition, cells="text")
        told = {(rule["rule"], rule["column"]): rule["failed"] for rule in verdict.failed_validation_rules}
        assert counted(findings) == told
        if any(field["type"] == "time" for field in definition["fields"]):
            continue  # tables of PySpark hold times of day as text, which is no time to a typed column
        again, nothing = split_rows(passed, definition, cells="typed")
        assert nothing.isEmpty()
        assert_df_equality(again, passed, ignore_row_order=True)
        if not passed.isEmpty():
            assert check_frame(passed, definition, cells="typed").score == 100
            held += 1
    assert held > 1

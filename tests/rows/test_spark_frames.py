"""Tables of PySpark: the verdict of a Parquet file, rows that are split when somebody reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from chispa import assert_df_equality

from dq import check_frame, judge, load_definition, plan_checks, split_rows
from dq.rows.spark.scanned_file import scanned_file
from etl_core.errors import UsageError
from tests.rows.found import counted, summary_of
from tests.rows.test_frames import DEFINITION, TEXT, said

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

HOSTILE = ["a.b", "back`tick", " two words ", "Case", "case", "x" * 300, 'quote"d', "__order", "ünï"]


def jobs_of(spark: SparkSession, group: str) -> int:
    return len(spark.sparkContext.statusTracker().getJobIdsForGroup(group))


@pytest.fixture(scope="module")
def text(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(TEXT.to_pylist(), ", ".join(f"`{name}` string" for name in TEXT.column_names))


def by_id(frame: DataFrame) -> dict[str, list[tuple[str, str]]]:
    return {
        f"{row['id']} {row['more']}": [(one["rule"], one["column"]) for one in row["_findings"] or ()]
        for row in frame.collect()
    }


def test_nothing_is_read_before_the_result_is(spark: SparkSession, text: DataFrame) -> None:
    spark.sparkContext.setJobGroup("split", "split")
    passed, failed = split_rows(text, DEFINITION)
    assert jobs_of(spark, "split") == 0
    assert {name: kind for name, kind in passed.dtypes if name != "_findings"} == {
        "id": "bigint",
        "fare": "double",
        "driver": "string",
        "day": "date",
        "paid": "decimal(38,18)",
        "at": "timestamp",
        "sure": "boolean",
        "more": "string",
    }
    assert dict(failed.dtypes)["id"] == "string"


def test_rows_are_split_as_in_a_table_of_any_other_library(text: DataFrame) -> None:
    passed, failed = split_rows(text, DEFINITION)
    assert by_id(passed) == {"1 a": []}
    assert by_id(failed) == {
        "2 b": [("max", "fare"), ("type", "day")],
        # Of the two rows with this key the one that sorts first is the first: "2, 250, ..." is before "2, 3, ...".
        "2 c": [("min", "paid"), ("unique", "id")],
        "x d": [("type", "id"), ("required", "driver")],
        " e": [("required", "id"), ("maxLength", "driver")],
        "6 f": [("min", "fare")],
    }


def test_split_twice_is_split_once_however_the_rows_are_dealt(text: DataFrame) -> None:
    first = split_rows(text.repartition(3), DEFINITION)
    again = split_rows(text.orderBy("more", ascending=False).repartition(5), DEFINITION)
    for one, other in zip(first, again, strict=True):
        assert_df_equality(one, other, ignore_row_order=True)
    passed, failed = split_rows(first[0], DEFINITION)
    assert_df_equality(passed, first[0], ignore_row_order=True)
    assert failed.isEmpty()


def test_rules_that_tolerate_a_share_are_counted_over_all_partitions(spark: SparkSession) -> None:
    frame = spark.range(0, 100, 1, 7).selectExpr("id % 97 as id", "id as n")
    field = {"name": "n", "type": "integer", "constraints": {"maximum": {"value": 89, "threshold": 0.1}}}
    key = {"columns": ["id"], "threshold": 0.01}
    definition = {"fields": [{"name": "id", "type": "integer"}, field], "uniqueKeys": [key]}
    passed, failed = split_rows(frame, definition)
    verdict = check_frame(frame, definition)
    assert (passed.count(), failed.count()) == (97, 3)
    findings = [row["_findings"] for row in (*passed.collect(), *failed.collect())]
    told = counted([[one.asDict() for one in row] if row else None for row in findings])
    assert told == {("max", "n"): 10, ("unique", "id"): 3}
    assert {(rule["rule"], rule["failed"]) for rule in verdict.failed_validation_rules} == {("unique", 3)}


def test_hostile_names_of_columns_are_names(spark: SparkSession) -> None:
    frame = spark.createDataFrame([tuple(range(len(HOSTILE)))], pa_schema(HOSTILE))
    fields = [{"name": name.strip(), "type": "integer"} for name in HOSTILE]
    definition = {"fields": fields, "uniqueKeys": [["a.b"], ["Case"]]}
    passed, failed = split_rows(frame, definition)
    assert passed.columns == [*HOSTILE, "_findings"]
    assert (passed.count(), failed.count()) == (1, 0)
    assert check_frame(frame, definition).score == 100


def pa_schema(names: list[str]) -> Any:  # noqa: ANN401 - Spark's type
    from pyspark.sql.types import IntegerType, StructField, StructType  # noqa: PLC0415 - loads Spark

    return StructType([StructField(name, IntegerType()) for name in names])


def test_the_verdict_is_that_of_the_parquet_file_it_came_from_in_one_job(spark: SparkSession, tmp_path: Path) -> None:
    rows = 3000
    table = pa.table(
        {
            "id": pa.array([at % 2990 for at in range(rows)], pa.int64()),
            "fare": [at / 10 for at in range(rows)],
            "driver": [None if at % 7 == 0 else f"d{at % 1200}" for at in range(rows)],
            "day": pa.array([at % 400 for at in range(rows)], pa.int32()).cast(pa.date32()),
            "at": pa.array(range(rows), pa.timestamp("us", tz="UTC")),
        }
    )
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    definition = load_definition(DEFINITION)
    of_file = judge(summary_of(path, definition), plan_checks(definition))
    frame = spark.read.parquet(str(path))
    assert scanned_file(frame) == str(path)
    others = frame.coalesce(1), frame.where("true"), frame.select("*", frame["id"].alias("more")).drop("more")
    assert [scanned_file(other) for other in others] == [None] * 3
    for at, one in enumerate((frame, others[0])):
        spark.sparkContext.setJobGroup(f"check {at}", "check")
        verdict = check_frame(one, DEFINITION)
        assert jobs_of(spark, f"check {at}") == 1
        assert said(verdict) == said(of_file)


def test_a_file_that_spark_reads_as_something_else_is_left_to_spark(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": pa.array([1, 2], pa.int32()), "day": ["x", "y"]}), tmp_path / "a b%20.parquet")
    plain = spark.read.parquet(str(tmp_path / "a b%20.parquet"))
    assert scanned_file(plain) == str(tmp_path / "a b%20.parquet")
    declared = spark.read.schema("id bigint, day string").parquet(str(tmp_path / "a b%20.parquet"))
    assert scanned_file(declared) is None
    plain.write.partitionBy("day").parquet(str(tmp_path / "parts"))
    assert scanned_file(spark.read.parquet(str(tmp_path / "parts"))) is None
    assert check_frame(declared, {"fields": [{"name": "id", "type": "integer"}]}).score == 100


def test_columns_keep_sparks_own_types_and_rows_without_columns_are_rows(spark: SparkSession) -> None:
    kinds = (
        "interval '1' day as a",
        "map('k', 1) as b",
        "timestamp_ntz'2024-01-01 00:00:00' as c",
        "array(map(1, 2)) as d",
    )
    frame = spark.sql(f"SELECT 1 AS n, {', '.join(kinds)} UNION ALL SELECT 1 AS n, {', '.join(kinds)}")
    passed, failed = split_rows(frame, {"fields": [{"name": "n", "type": "integer", "unique": True}]})
    assert [kind for name, kind in failed.dtypes if name != "_findings"] == [kind for _, kind in frame.dtypes]
    assert passed.dtypes[1:] == failed.dtypes[1:]
    assert [row["b"] for row in (*passed.collect(), *failed.collect())] == [{"k": 1}] * 2
    passed, failed = split_rows(spark.range(3).select(), DEFINITION)
    assert (passed.count(), failed.count()) == (3, 0)
    months = spark.sql("SELECT 1 AS n, interval '1' month AS m")
    with pytest.raises(UsageError, match="column 2 of the table is of type interval month, whose values"):
        split_rows(months, DEFINITION)


def test_a_table_without_rows_has_a_verdict(spark: SparkSession) -> None:
    empty = spark.createDataFrame([], "id bigint, more string")
    verdict = check_frame(empty, {"fields": [{"name": "id", "type": "integer"}], "rowCount": {"min": 1}})
    assert [rule["rule"] for rule in verdict.failed_validation_rules] == ["rowCount"]
    passed, failed = split_rows(empty, {"fields": [{"name": "id", "type": "integer"}], "primaryKey": "id"})
    assert (passed.count(), failed.count()) == (0, 0)


def test_times_of_day_are_text_and_durations_are_intervals(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("12:30:00", "1:00:00"), ("24:00:00", "x")], "at string, span string")
    fields = [{"name": "at", "type": "time"}, {"name": "span", "type": "duration"}]
    passed, failed = split_rows(frame, {"fields": fields})
    assert [(row["at"], row["span"].total_seconds()) for row in passed.collect()] == [("12:30:00", 3600)]
    assert [(row["at"], row["span"]) for row in failed.collect()] == [("24:00:00", "x")]

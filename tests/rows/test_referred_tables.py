"""Tables that a definition refers to, given beside the one that is judged: the same rows fail in every library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dq import check_frame, split_rows
from etl_core.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DEFINITION: dict[str, Any] = {
    "fields": [{"name": "id", "type": "integer"}, {"name": "station", "type": "string"}],
    "references": {"fields": "station", "in": "s3://ref/stations.csv", "on": "code"},
}
TRIPS = pd.DataFrame({"id": [1, 2, 3], "station": ["A", None, "C"]})
STATIONS = pd.DataFrame({"code": ["A", "B", "B", None]})
KINDS: dict[str, Any] = {"pandas": lambda frame: frame, "polars": pl.from_pandas, "arrow": pa.Table.from_pandas}


def ids(frame: Any) -> list[int]:  # noqa: ANN401 - of any library
    return [int(value) for value in frame["id"]] if not isinstance(frame, pa.Table) else frame["id"].to_pylist()


@pytest.mark.parametrize("kind", KINDS)
def test_rows_with_a_key_that_is_nowhere_fail_and_so_does_the_verdict(kind: str) -> None:
    made = KINDS[kind]
    tables = {"s3://ref/stations.csv": made(STATIONS)}
    verdict = check_frame(made(TRIPS), DEFINITION, references=tables)
    assert [(one["rule"], one["failed"]) for one in verdict.failed_validation_rules] == [("references", 1)]
    passed, failed = split_rows(made(TRIPS), DEFINITION, references=tables)
    assert (ids(passed), ids(failed)) == ([1, 2], [3])


def test_tables_of_pyspark_say_the_same(spark: SparkSession) -> None:
    trips = spark.createDataFrame([(1, "A"), (2, None), (3, "C")], "id long, station string")
    tables = {"s3://ref/stations.csv": spark.createDataFrame([("A",), ("B",)], "code string")}
    verdict = check_frame(trips, DEFINITION, references=tables)
    assert [(one["rule"], one["failed"]) for one in verdict.failed_validation_rules] == [("references", 1)]
    passed, failed = split_rows(trips, DEFINITION, references=tables)
    assert ([row["id"] for row in passed.collect()], [row["id"] for row in failed.collect()]) == ([1, 2], [3])


def test_a_table_that_is_not_given_leaves_the_rule_unasked_and_the_verdict_does_not_pass() -> None:
    verdict = check_frame(TRIPS, DEFINITION)
    assert (verdict.score, verdict.passed) == (100, False)
    assert "s3://ref/stations.csv was not given" in verdict.metrics["boundsRange"]["details"]
    assert ids(split_rows(TRIPS, DEFINITION)[0]) == [1, 2, 3]


def test_a_table_that_nobody_refers_to_and_one_without_the_key_are_refused_in_words() -> None:
    with pytest.raises(UsageError, match=r"does not refer to .s3://ref/other\.csv.; it names s3://ref/stations\.csv"):
        check_frame(TRIPS, DEFINITION, references={"s3://ref/other.csv": STATIONS})
    with pytest.raises(UsageError, match="has no column code"):
        split_rows(TRIPS, DEFINITION, references={"s3://ref/stations.csv": TRIPS})

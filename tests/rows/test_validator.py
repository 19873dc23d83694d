"""Checks step by step: the same outcome on every library's tables, one reading of the data, a definition underneath."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dq import QualityCheck, Validator, check_frame
from etl_core.errors import PipelineError, UsageError
from tests.rows.test_spark_frames import jobs_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

ORDERS = pd.DataFrame(
    {
        "order_id": [1, 2, 3, 4, 5, 5],
        "customer": ["a", "b", None, "d", "e", "f"],
        "amount": [10.0, 250.0, 7.5, -3.0, 90.0, 90.0],
        "state": ["CA", "NY", "ca", "TX", "CA", "NY"],
        "placed": [date(2026, 1, day) for day in (1, 2, 3, 4, 5, 6)],
    }
)
CUSTOMERS = pd.DataFrame({"code": ["a", "b", "d", "e", "e", None]})
KINDS: dict[type, Any] = {pd.DataFrame: pd.DataFrame, pl.DataFrame: pl.from_pandas, pa.Table: pa.Table.from_pandas}
NOW = datetime(2026, 1, 10, tzinfo=timezone.utc)


def asked(frame: Any) -> Validator:  # noqa: ANN401 - of any library
    return (
        Validator(frame)
        .check_nulls("order_id", threshold=0.0)
        .check_nulls("customer", threshold=0.5)
        .check_uniqueness("order_id", threshold=1.0)
        .check_uniqueness(["order_id", "customer"])
        .check_value_range("amount", 0, 190, tolerance=0.2)
        .check_value_range("placed", low=date(2026, 1, 1))
        .check_pattern("state", "[A-Z]{2}", tolerance=0.1, severity="warning")
        .check_enum("state", ["CA", "NY", "TX", "ca"])
        .check_expression("amount <= order_id * 50 or state = 'NY'", tolerance=0.1)
        .check_freshness("placed", timedelta(days=2), NOW)
        .check_row_count(1, 100)
        .check_expression("amount > 0 or state = 'TX'", tolerance=0.0)
        .check_referential_integrity("customer", referred(frame), "code")
    )


def referred(frame: Any) -> Any:  # noqa: ANN401 - of any library
    """The customers there are, in a table of the same library."""
    return (
        frame.sparkSession.createDataFrame(CUSTOMERS)
        if hasattr(frame, "sparkSession")
        else KINDS[type(frame)](CUSTOMERS)
    )


EXPECTED = [
    ("nulls: order_id", "critical", True, 0.0),
    ("nulls: customer", "error", True, 1 / 6),
    ("uniqueness: order_id", "error", False, 5 / 6),
    ("uniqueness: order_id, customer", "error", True, 1.0),
    ("value_range: amount", "error", False, 1 / 3),
    ("value_range: placed", "error", True, 0.0),
    ("pattern: state", "warning", False, 1 / 6),
    ("enum: state", "error", True, 0.0),
    ("expression: amount <= order_id * 50 or state = 'NY'", "error", True, 0.0),
    ("freshness: placed", "error", False, timedelta(days=4)),
    ("row_count", "error", True, 6),
    ("expression: amount > 0 or state = 'TX'", "error", True, 0.0),
    ("referential_integrity: customer", "critical", False, 1 / 5),
]


def outcome(results: list[QualityCheck]) -> list[tuple[str, str, bool, Any]]:
    return [
        (one.name, one.severity, one.passed, pytest.approx(one.value) if isinstance(one.value, float) else one.value)
        for one in results
    ]


def test_pandas_polars_arrow_and_spark_give_the_same_results(spark: SparkSession) -> None:
    frames = [ORDERS, pl.from_pandas(ORDERS), pa.Table.from_pandas(ORDERS), spark.createDataFrame(ORDERS)]
    messages = []
    for frame in frames:
        validator = asked(frame)
        assert validator.run_all_checks() is False
        assert outcome(validator.results) == EXPECTED
        messages.append([one.message for one in validator.results])
    assert all(one == messages[0] for one in messages)
    told = dict(zip((one.name for one in validator.results), messages[0], strict=True))
    assert told["value_range: amount"] == "33.3% of values are out of range (2 of 6), tolerated are 20.0%"
    assert messages[0][9] == "the newest placed is 4 days older than the run, expected at most 2,880 minutes"


def test_the_data_are_read_once_for_all_checks(spark: SparkSession) -> None:
    validator = asked(spark.createDataFrame(ORDERS))
    spark.sparkContext.setJobGroup("validate", "validate")
    validator.run_all_checks()
    assert jobs_of(spark, "validate") == 2  # one reads the table, one the customers it refers to


def test_a_table_that_is_made_when_it_is_read_is_made_once() -> None:
    made: list[int] = []

    def counting(frame: pl.DataFrame) -> pl.DataFrame:
        made.append(len(frame))
        return frame

    customers = pl.from_pandas(CUSTOMERS)
    lazy = pl.from_pandas(ORDERS).lazy().map_batches(counting)
    validator = Validator(lazy).check_nulls("order_id", 0.0).check_uniqueness("order_id", 1.0)
    validator.check_value_range("amount", 0, 190).check_referential_integrity("customer", customers, "code")
    assert not validator.run_all_checks()
    assert [one.passed for one in validator.results] == [True, False, False, False]
    assert made == [6]


def test_what_was_tried_is_a_definition_that_says_the_same() -> None:
    validator = asked(ORDERS)
    validator.run_all_checks()
    verdict = check_frame(ORDERS, validator.definition(), run_start=NOW)
    assert {rule["rule"] for rule in verdict.failed_validation_rules} == {
        "unique",
        "pattern",
        "freshness",
        "value_range: amount",
    }
    assert verdict.metrics["boundsRange"]["rulesNotRun"] == 1  # nobody said where files find the customers


def test_only_critical_and_error_checks_decide() -> None:
    table = pa.table({"n": [1, None]})
    assert not Validator(table).check_nulls("n").run_all_checks()
    assert Validator(table).check_nulls("n", severity="warning").run_all_checks()
    assert Validator(table).check_nulls("n", threshold=0.5).run_all_checks()


def test_a_report_has_a_line_for_each_check() -> None:
    validator = Validator(ORDERS).check_nulls("customer").check_row_count(1)
    assert validator.get_report() == "No check was run."
    validator.run_all_checks()
    assert validator.get_report().splitlines() == [
        "1 of 2 checks passed",
        "FAILED  error     nulls: customer: 16.7% of values are null (1 of 6), tolerated are 1.0%",
        "passed  error     row_count: as wanted",
    ]


def test_a_table_that_can_be_read_once_is_checked_all_the_same() -> None:
    reader = pa.Table.from_pandas(ORDERS).to_reader()
    validator = Validator(reader).check_row_count(6, 6)
    assert validator.run_all_checks()
    assert validator.run_all_checks()


def test_what_cannot_be_meant_is_refused_in_words() -> None:
    validator = Validator(ORDERS)
    with pytest.raises(UsageError, match=r"no column 'amnt' \(did you mean 'amount'\?\)|no column 'amnt'"):
        validator.check_nulls("amnt")
    with pytest.raises(UsageError, match="state is of type string; a range can be asked of numbers"):
        validator.check_value_range("state", 1, 2)
    with pytest.raises(UsageError, match="neither low nor high"):
        validator.check_value_range("amount")
    with pytest.raises(UsageError, match="no severity 'bad'; expected one of warning, error, critical"):
        validator.check_nulls("amount", severity="bad")
    with pytest.raises(UsageError, match="'amount >' has no meaning at character 9: found the end; expected a field"):
        validator.check_expression("amount >")
    with pytest.raises(UsageError, match="asked for twice"):
        validator.check_nulls("amount").check_nulls("amount", 0.5)


def test_columns_of_any_name_and_type_can_be_asked() -> None:
    odd = ["a.b", "back`tick", "two\nlines", " around ", "select", "it's", "x" * 300]
    table = pa.table([pa.array([1, None, 300]) for _ in odd], names=odd)
    validator = Validator(table)
    for name in odd:
        reference = pa.table([pa.array([1])], names=[name])
        validator.check_nulls(name, 0.0).check_value_range(name, 0, 100).check_uniqueness(name).check_enum(name, [1])
        validator.check_referential_integrity(name, reference, name)
    validator.run_all_checks()
    assert [one.value for one in validator.results] == [pytest.approx(1 / 3), 0.5, 1.0, 0.5, 0.5] * len(odd)
    numbered = Validator(pd.DataFrame([[1, 2]])).check_nulls(0)  # type: ignore[arg-type]  # as pandas names columns
    assert numbered.run_all_checks()


def test_limits_are_values_of_the_types_that_columns_have() -> None:
    table = pa.table(
        {
            "time": [time(1), time(3)],
            "span": [timedelta(1), timedelta(3)],
            "day": [date(2024, 1, 1), date(2024, 1, 3)],
            "n": [1, 3],
        }
    )
    validator = (
        Validator(table)
        .check_value_range("time", time(2))
        .check_value_range("span", timedelta(days=2, microseconds=1))
        .check_value_range("day", "2024-01-02")
        .check_value_range("n", np.int64(2), Decimal("3.0"))
        .check_enum("n", np.array([1, 2]))
        .check_enum("span", [timedelta(1)])
    )
    validator.run_all_checks()
    assert [one.value for one in validator.results] == [0.5] * 6


def test_tables_that_are_referred_to_by_columns_of_one_name_are_two_tables() -> None:
    table = pa.table({"a": ["x", "y"], "b": ["p", "q"]})
    validator = (
        Validator(table)
        .check_referential_integrity("a", pa.table({"code": ["x", "y"]}), "code")
        .check_referential_integrity("b", pa.table({"code": ["p"]}), "code")
    )
    validator.run_all_checks()
    assert [one.value for one in validator.results] == [0.0, 0.5]


def test_expressions_of_any_length_are_told_apart() -> None:
    table = pa.table({"n": [1, 2]})
    long = " or ".join(["n > 1"] * 60)
    validator = Validator(table).check_expression(long).check_expression(f"{long} or n = 1")
    validator.run_all_checks()
    assert [one.value for one in validator.results] == [0.5, 0.0]


def test_what_no_definition_could_hold_is_refused_by_the_check_and_leaves_the_others() -> None:
    validator = Validator(ORDERS).check_row_count(1)
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: validator.check_nulls("amount", 2), "threshold is 2; expected a share from 0 to 1"),
        (lambda: validator.check_pattern("state", "x", float("nan")), "tolerance is nan; expected a share"),
        (lambda: validator.check_value_range("amount", 5, 1), "low 5 is above high 1"),
        (lambda: validator.check_value_range("amount", float("inf")), "leave that side out"),
        (lambda: validator.check_value_range("amount", "1"), "'1' is no limit of a range"),
        (lambda: validator.check_enum("state", "CA"), "expected a list of values"),
        (lambda: validator.check_pattern("state", "("), "not in the RE2 syntax"),
        (lambda: validator.check_row_count(2), "asked for twice"),
        (lambda: validator.check_value_range("placed", "2026-02-01", date(2026, 1, 1)), "is above high"),
        (lambda: validator.check_freshness("placed", "2d", datetime(2026, 1, 10)), "with a time zone"),  # noqa: DTZ001
        (lambda: validator.check_freshness("placed", timedelta(seconds=30), NOW), "expected whole minutes"),
        (lambda: validator.check_freshness("amount", "2d", NOW), "expected date or datetime"),
    ]
    for check, said in refused:
        with pytest.raises(PipelineError, match=re.escape(said)):
            check()
    assert validator.run_all_checks()
    assert [one.name for one in validator.results] == ["row_count"]

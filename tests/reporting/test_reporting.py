"""Saving results: the rows of every variant, all or nothing, narrow columns."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.readback import read_profile, read_verdicts
from dq.reporting.reporting import ReportingStore
from etl_core.errors import TerminalError
from etl_core.postgres.database import connect
from etl_core.postgres.transaction import begin
from tests.reporting.messages import rewrite_messages, sent_messages
from tests.reporting.samples import DAY, DEFINITION, NOON, add_file, everything, failed_rule, result, verdict, version
from tests.reporting.saving import PAIR, configured, save

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


def test_every_variant_gets_the_same_verdict(engine: Engine) -> None:
    file = configured(engine)
    assert (file.definition, file.is_active) == (DEFINITION, True)
    saved = save(engine, result(file))
    assert saved.state == "done"
    (row,) = read_verdicts(engine, read_catalogue(engine))
    assert (row.agency_slug, row.file_name, row.run_date, row.run_hour) == (*PAIR, DAY, 12)
    assert (row.run_id, row.score, row.passed, row.file_size) == (saved.run_id, 92, True, 1234)
    assert row.metrics == verdict().metrics
    assert row.deductions == verdict().deductions
    tables = everything(engine)
    assert tables["monitoring_file"][0]["latest_data_quality_score"] == 92
    assert len(tables["monitoring_file_run"]) == len(tables["monitoring_file_data_quality"]) == 1


def test_what_stands_in_columns_of_texts_is_read_back_as_objects(engine_a: Engine) -> None:
    with engine_a.begin() as connection:
        for table, column in (
            ("monitoring_file_data_quality", "metrics"),
            ("monitoring_file_data_quality", "deductions"),
            ("monitoring_file_data_profile", "profile_payload"),
        ):
            connection.exec_driver_sql(f"ALTER TABLE reporting.{table} ALTER COLUMN {column} TYPE text")
    saved = save(engine_a, result(configured(engine_a)))
    catalogue = read_catalogue(engine_a)
    (row,) = read_verdicts(engine_a, catalogue)
    assert (row.metrics, row.deductions) == (verdict().metrics, verdict().deductions)
    assert saved.run_id is not None
    assert read_profile(engine_a, catalogue, saved.run_id) == verdict().profile_payload


def test_saving_twice_changes_nothing_but_updated_at(engine: Engine) -> None:
    file = configured(engine)
    first = save(engine, result(file))
    before = everything(engine, without=frozenset({"updated_at"}))
    again = save(engine, result(file, now=NOON + timedelta(days=1)))
    assert again == first
    assert everything(engine, without=frozenset({"updated_at"})) == before


def test_the_full_tables_are_filled_completely(engine_a: Engine) -> None:
    saved = save(engine_a, result(configured(engine_a)))
    tables = everything(engine_a)
    now = NOON + timedelta(seconds=2)
    assert tables["monitoring_file_run"] == [
        {
            "id": saved.run_id,
            "monitoring_file_id": 1,
            "agency_id": 7,
            "run_date": DAY,
            "run_hour": 12,
            "file_size": 1234,
            "file_last_modified": NOON,
            "file_range_lower_limit": datetime(2026, 1, 3, 13, tzinfo=timezone.utc),
            "created_at": now,
            "updated_at": now,
        }
    ]
    (quality,) = tables["monitoring_file_data_quality"]
    assert quality["failed_validation_message"] == "25 % of rows have nulls in id"
    assert quality["failed_validation_rules"] == [failed_rule()]
    (failed,) = tables["monitoring_file_failed_validation"]
    assert {name: failed[name] for name in failed if name != "id"} == {
        "monitoring_file_run_id": saved.run_id,
        "rule_id": "required",
        "dimension": "completeness",
        "column_name": "id",
        "severity": "error",
        "failed_count": 1,
        "checked_count": 4,
        "details": {"rate": 0.25, "deduction": 5.0, "examples": [{"line": 3, "value": ""}]},
        "created_at": now,
    }
    assert tables["monitoring_file_data_profile"][0]["profile_payload"] == verdict().profile_payload
    assert not tables["monitoring_file"][0]["is_missing"]
    assert saved.run_id is not None
    assert read_profile(engine_a, read_catalogue(engine_a), saved.run_id) == verdict().profile_payload


def test_a_new_verdict_on_the_same_run_replaces_the_old_one(engine: Engine) -> None:
    file = configured(engine)
    first = save(engine, result(file))
    rules = (failed_rule("fare"), failed_rule(None, rule="strict", dimension="schema"))
    later = result(
        file,
        version=version(NOON + timedelta(minutes=5)),
        verdict=verdict(40, failed_validation_rules=rules),
        file_size=99,
    )
    assert save(engine, later) == first
    tables = everything(engine)
    assert [row["file_size"] for row in tables["monitoring_file_run"]] == [99]
    (quality,) = tables["monitoring_file_data_quality"]
    assert (quality["score"], quality["passed"]) == (40, False)
    if "monitoring_file_failed_validation" in tables:
        failed = tables["monitoring_file_failed_validation"]
        assert [(row["rule_id"], row["column_name"]) for row in failed] == [("required", "fare"), ("strict", None)]
    assert tables["monitoring_file"][0]["latest_data_quality_score"] == 40


def test_columns_nobody_told_us_about_get_empty_values(variant_b: str) -> None:
    engine = connect(variant_b)
    add_file(engine, *PAIR)
    file = configured(engine)
    for hour in (1, 2):
        save(engine, result(file, run_hour=hour, file_size=None))
    run, other = everything(engine)["monitoring_file_run"]
    now = NOON + timedelta(seconds=2)
    assert {name: run[name] for name in ("slug", "notify", "retries", "tags", "price", "weight", "labels")} == {
        "slug": "",
        "notify": False,
        "retries": 0,
        "tags": {},
        "price": 0,
        "weight": 0.0,
        "labels": [],
    }
    assert (run["file_size"], run["billed_on"], run["created_at"]) == (0, now.date(), now)
    assert run["public_id"] != other["public_id"]
    engine.dispose()


def test_narrow_columns_cost_no_verdict(variant_c: str) -> None:
    """A file of 3 GB in 32 bits, a message of 500 characters in 60."""
    engine = connect(variant_c)
    add_file(engine, *PAIR, range="monthly")
    save(engine, result(configured(engine), file_size=3 * 2**30, verdict=verdict(failed_validation_message="x" * 500)))
    tables = everything(engine)
    (run,) = tables["monitoring_file_run"]
    assert run["file_size"] == 2**31 - 1
    assert run["file_range_lower_limit"] == datetime(2025, 12, 4, 13)  # noqa: DTZ001  a column without time zone
    assert (run["importance"], run["share"]) == ("low", 0)
    assert tables["monitoring_file_data_quality"][0]["failed_validation_message"] == "x" * 59 + "…"
    engine.dispose()


def test_nothing_failed_is_written_as_null_or_empty(engine: Engine) -> None:
    save(
        engine,
        result(configured(engine), verdict=verdict(100, failed_validation_message=None, failed_validation_rules=())),
    )
    (quality,) = everything(engine)["monitoring_file_data_quality"]
    assert not quality.get("failed_validation_message")
    assert quality.get("failed_validation_rules", []) == []


def test_a_deleted_file_is_a_terminal_error(engine: Engine) -> None:
    file = configured(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM reporting.monitoring_file")
    with pytest.raises(TerminalError):
        save(engine, result(file))
    assert everything(engine)["monitoring_file_run"] == []


@pytest.mark.parametrize("variant", ["variant_a", "variant_b"])
def test_a_failure_at_any_statement_leaves_nothing_behind(variant: str, request: pytest.FixtureRequest) -> None:
    """Postgres fails before statement 1, 2, 3..., however they travel; once it no longer does, everything is there."""
    engine = connect(request.getfixturevalue(variant))
    add_file(engine, *PAIR)
    file = configured(engine)
    store = ReportingStore(read_catalogue(engine))
    before = everything(engine)
    left = 0

    def fail(message: str) -> str:
        nonlocal left
        statements = message.split(";\n")
        if 0 < left <= len(statements):
            statements.insert(left - 1, "SELECT 1 / 0")
        left -= len(statements)
        return ";\n".join(statements)

    rewrite_messages(engine, fail)
    for number in range(1, 100):
        left = number
        try:
            with begin(engine) as transaction:
                store.save(transaction, result(file))
            break
        except TerminalError as error:
            assert "division by zero" in str(error)  # noqa: PT017 - the way out of the loop is that nothing is raised
            left = 0
            assert everything(engine) == before
    left = 0
    assert number > 6
    assert len(everything(engine)["monitoring_file_data_quality"]) == 1
    engine.dispose()


def test_no_ddl_is_run(engine: Engine) -> None:
    messages = sent_messages(engine)
    save(engine, result(configured(engine)))
    statements = [statement.split()[0].upper() for message in messages for statement in message.split(";\n")]
    assert len(statements) > 6
    assert set(statements) <= {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}

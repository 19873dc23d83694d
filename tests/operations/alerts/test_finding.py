"""What is wrong is found where it stands, in words that hold no value."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from etl_core.errors import DatabaseUnavailableError
from etl_core.postgres.database import connect
from operations.alerts.deciding.alert import KINDS, Condition
from operations.alerts.finding.ledger_rows import BACKLOG
from operations.alerts.finding.look import SOURCES, look
from operations.alerts.finding.source import Asked, Source
from tests.databases import with_all_tables, with_in_between, with_web_application
from tests.operations.alerts.landscape import NOW, asked, later

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

    from tests.operations.alerts.landscape import Landscape

CANARY = "ssn-078-05-1120"


def found(landscape: Landscape, given: Asked | None = None) -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for one in look(landscape.engine, given or asked()).conditions]


def texts(landscape: Landscape) -> list[str]:
    return [one.text for one in look(landscape.engine, asked()).conditions]


def test_nothing_is_wrong_with_nothing(landscape: Landscape) -> None:
    seen = look(landscape.engine, asked())
    assert seen.conditions == ()
    assert seen.whole | {"late", "missing", "drift"} == set(KINDS)


def test_a_file_is_as_its_newest_run(landscape: Landscape) -> None:
    good, bad = landscape.file("tenant-a", "trips"), landscape.file("tenant-b", "stops", slack=False)
    for hour in range(5):
        landscape.run(good, later(hour), 40 if hour < 4 else 95, passed=hour == 4)
        landscape.run(bad, later(hour), 98)
    assert found(landscape) == []
    landscape.run(
        bad, later(6), 41, passed=False, rules=[("required", "driver", "error", 1200, 5000, {"examples": [CANARY]})]
    )
    (one,) = look(landscape.engine, asked()).conditions
    assert (one.kind, one.subject, one.agency, one.to_slack) == ("failed_verdict", "tenant-b/stops", "tenant-b", False)
    assert one.text == (
        "The run of 2025-12-01 15h has 41 of 100 points, usually 98, and failed its checks: required of driver"
        " (1,200 of 5,000)."
    )


def test_a_run_with_a_mistyped_date_hides_none_that_came(landscape: Landscape) -> None:
    file = landscape.file("tenant-a", "trips")
    landscape.run(file, NOW, 41, passed=False)
    landscape.run(file, NOW.replace(year=2099), 100)
    assert found(landscape) == [("failed_verdict", "tenant-a/trips")]


def test_names_of_columns_that_nobody_declared_are_not_said(landscape: Landscape) -> None:
    file = landscape.file("tenant-a", "trips")
    landscape.run(file, NOW, 41, passed=False, rules=[("extra", f"Jane Doe {CANARY}", "error", 1, 1, {})])
    (said,) = texts(landscape)
    assert CANARY not in said
    assert "extra (1 of 1)" in said


def test_a_refusal_is_over_when_the_job_succeeded_since(landscape: Landscape) -> None:
    landscape.line("check_arrivals", "refused", later(-3))
    assert found(landscape) == [("failed_job", "check_arrivals")]
    landscape.line("check_arrivals", "succeeded", later(-2), step="check", subject="arrivals")
    assert found(landscape) == []
    landscape.line("process_file", "refused", later(-1))
    assert found(landscape) == []


def test_a_critical_rule_takes_the_place_of_the_failed_verdict(landscape: Landscape) -> None:
    file = landscape.file("tenant-a", "trips")
    landscape.run(
        file,
        NOW,
        0,
        passed=False,
        rules=[
            ("unique", "id", "warning", 1, 9, {}),
            ("pattern", "id\u202e\n<!channel>", "error", 3, 9, {}),
            ("schema.missing", "driver", "critical", 9, 9, {}),
            ("unique", "key", "error", 1, 9, {}),
        ],
    )
    (one,) = look(landscape.engine, asked()).conditions
    assert one.kind == "critical_rule"
    assert "breaks a critical rule: schema.missing of driver (9 of 9), pattern of id\\u202e\\n<!channel> (3" in one.text
    assert one.text.endswith("unique of key (1 of 9), and 1 more.")


def test_points_are_lost_against_the_median_of_the_runs_before(landscape: Landscape) -> None:
    file = landscape.file("tenant-a", "trips")
    for day, score in enumerate((97, 20, 95, 96, 98)):
        landscape.run(file, NOW + timedelta(days=day - 7), score)
    landscape.run(file, NOW, 77)
    assert found(landscape) == []
    assert found(landscape, Asked(NOW, score_drop=19)) == [("score_drop", "tenant-a/trips")]


def test_what_is_dead_and_what_waits(landscape: Landscape) -> None:
    landscape.file("tenant-a", "trips", slack=False)
    key = "agency/tenant-a/files/trips/2025-12-01/05/a.csv"
    dead = landscape.announced(key, reason=CANARY)
    letter = landscape.letter(f'{{"{CANARY}"')
    landscape.announced("waits", "pending", at=NOW - timedelta(minutes=59))
    given = Asked(NOW, file_of_key=lambda _bucket, key: ("tenant-a", "trips") if "trips" in key else None)
    seen = look(landscape.engine, given).conditions
    assert [(one.kind, one.subject, one.agency, one.to_slack) for one in seen] == [
        ("dead_letter", f"object {dead}", "tenant-a", False),
        ("dead_letter", f"announcement L{letter}", None, True),
    ]
    assert f"inbox show L{letter}" in seen[1].text
    given = Asked(NOW, backlog=timedelta(minutes=59))
    (one,) = (one for one in look(landscape.engine, given).conditions if one.kind == "backlog_age")
    assert one.text == "1 objects have no verdict yet, the oldest for 59 min. `inbox list` says why."


def test_a_job_is_as_its_newest_end_and_a_step_says_more_than_its_run(landscape: Landscape) -> None:
    landscape.line("to_silver", "failed", later(-3), step="once", message=CANARY)
    landscape.line("to_silver", "postponed", later(-2), step="once")
    landscape.line("run_etl", "failed", later(-2), step="extract", subject="shop 2025-11-30", run_id="r1")
    landscape.line("run_etl", "failed", later(-2) + timedelta(seconds=1), subject="shop", run_id="r1")
    landscape.line("ingest_api", "failed", later(-5), step="ingest", subject="hr")
    landscape.line("ingest_api", "succeeded", later(-4), step="ingest", subject="hr")
    landscape.line("watch_files", "failed", later(-1), step="verdict", subject="s3://landing/a", inputs=["object 7"])
    landscape.line("check_file", "failed", later(-1))
    landscape.line("backfill", "failed", NOW - timedelta(days=8), subject="s3://landing/old")
    landscape.line("migrate", "refused", later(-1), subject="schema pipeline")
    assert found(landscape) == [
        ("failed_job", "migrate of schema pipeline"),
        ("failed_job", "run_etl extract of shop 2025-11-30"),
        ("failed_job", "to_silver once"),
    ]
    assert CANARY not in "".join(texts(landscape))


def test_differences_of_reconcile_are_missed_announcements_and_its_failures_failed_jobs(landscape: Landscape) -> None:
    landscape.line(
        "reconcile", "failed", later(-2), step="compare", subject="s3://landing/a/",
        message="90 objects: 3 never_announced, 2 stale, 5 young",
    )  # fmt: skip
    landscape.line("reconcile", "refused", later(-2), step="compare", subject="s3://landing/b/", message="no bucket")
    assert found(landscape) == [
        ("failed_job", "reconcile of s3://landing/b/"),
        ("missed_announcements", "s3://landing/a/"),
    ]
    assert "3 never announced, 2 stale. `reconcile --repair`" in texts(landscape)[1]
    landscape.line("reconcile", "succeeded", later(-1), step="repair", subject="s3://landing/a/", message="9 objects: ")
    assert found(landscape) == [("failed_job", "reconcile of s3://landing/b/")]


def test_a_source_that_cannot_be_read_leaves_its_kinds_unknown_and_the_others_alone(own_landscape: Landscape) -> None:
    own_landscape.announced("dead")
    own_landscape.execute("ALTER TABLE reporting.monitoring_file_failed_validation DROP COLUMN severity")
    with capture_logs() as logs:
        seen = look(own_landscape.engine, asked())
    assert [one.kind for one in seen.conditions] == ["dead_letter"]
    assert not seen.whole & {"failed_verdict", "critical_rule", "score_drop"}
    assert "dead_letter" in seen.whole
    assert [line["source"] for line in logs if line["log_level"] == "warning"] == ["verdicts"]


def test_without_the_files_nothing_about_files_is_known_and_nothing_leaks_to_slack(own_landscape: Landscape) -> None:
    own_landscape.announced("dead")
    own_landscape.line("migrate", "refused", later(-1))
    own_landscape.execute("ALTER TABLE reporting.monitoring_file DROP COLUMN file_name")
    seen = look(own_landscape.engine, asked())
    assert [one.kind for one in seen.conditions] == ["failed_job"]
    assert seen.whole == {"backlog_age", "failed_job", "missed_announcements"}


def test_a_source_that_takes_too_long_is_left_out_and_a_database_that_is_away_is_an_outage(
    own_landscape: Landscape,
) -> None:
    def slow(connection: Connection, _asked: Asked) -> list[Condition]:
        connection.execute(text("SET LOCAL statement_timeout = 1"))
        connection.execute(text("SELECT pg_sleep(1)"))
        return []

    sources = [Source("slow", (), frozenset({"backlog_age"}), slow), *(one for one in SOURCES if one is not BACKLOG)]
    assert "backlog_age" not in look(own_landscape.engine, asked(), sources).whole

    def away(_connection: Connection, _asked: Asked) -> list[Condition]:
        raise DatabaseUnavailableError("no answer")

    own_landscape.execute("ALTER TABLE reporting.monitoring_file DROP COLUMN file_name")
    known = look(
        own_landscape.engine, asked(), [Source("away", (), frozenset({"drift"}), away, needs_files=False), BACKLOG]
    )
    assert known.whole == {"backlog_age"}
    own_landscape.execute("ALTER TABLE reporting.monitoring_file ADD COLUMN file_name text")
    with pytest.raises(DatabaseUnavailableError):
        look(own_landscape.engine, asked(), [Source("away", (), frozenset({"drift"}), away)])


@pytest.mark.parametrize("reporting", [with_web_application, with_in_between])
def test_tables_of_other_owners_are_read_as_they_are(
    new_database: Callable[..., str], reporting: Callable[[str], object]
) -> None:
    engine = connect(new_database(reporting, with_all_tables))
    try:
        seen = look(engine, asked())
        assert seen.whole | {"late", "missing", "drift"} == set(KINDS)
        assert seen.conditions == ()
    finally:
        engine.dispose()


def test_rules_are_read_from_the_verdict_where_no_table_has_them(new_database: Callable[..., str]) -> None:
    engine = connect(new_database(with_in_between, with_all_tables))
    with engine.begin() as connection:
        connection.exec_driver_sql("""
            WITH file AS (INSERT INTO reporting.monitoring_file (file_name, agency_slug) VALUES ('trips', 'a')
                          RETURNING id),
                 run AS (INSERT INTO reporting.monitoring_file_run (id, monitoring_file_id, run_date, run_hour,
                                                                    file_size, importance, share)
                         SELECT gen_random_uuid(), id, '2025-12-01', 5, 1, 'low', 1 FROM file RETURNING id)
            INSERT INTO reporting.monitoring_file_data_quality (monitoring_file_run_id, score, passed, metrics,
                deductions, failed_validation_message, failed_validation_rules, created_at)
            SELECT id, 3, false, '{}', '[]', '', '[{"rule": "unique", "column": "id", "severity": "critical",
                "failed": 2, "checked": 9}]', now() FROM run
        """)
    try:
        (one,) = look(engine, asked()).conditions
        assert (one.kind, one.to_slack) == ("critical_rule", True)
        assert "unique of id (2 of 9)" in one.text
    finally:
        engine.dispose()

"""Saving results: the rows of every variant, all or nothing, hostile contents, narrow columns."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from dq.errors import TerminalError
from dq.store.catalogue import read_catalogue
from dq.store.database import connect
from dq.store.readback import read_profile, read_verdicts
from dq.store.reporting import MonitoredFile, ReportingStore, RunResult, Saved
from dq.store.transaction import begin
from tests.store.samples import DAY, DEFINITION, NOON, add_file, everything, failed_rule, result, verdict, version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

PAIR = ("tenant-a", "trips")
VARIANTS = ("variant_a", "variant_b", "variant_c")


@pytest.fixture(params=VARIANTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Every variant in turn, with one configured file."""
    engine = connect(request.getfixturevalue(request.param))
    add_file(engine, *PAIR)
    yield engine
    engine.dispose()


@pytest.fixture
def engine_a(variant_a: str) -> Iterator[Engine]:
    engine = connect(variant_a)
    add_file(engine, *PAIR, range="daily", agency_id=7, is_missing=True)
    yield engine
    engine.dispose()


def _file(engine: Engine, pair: tuple[str, str] = PAIR) -> MonitoredFile:
    with engine.connect() as connection:
        return ReportingStore(read_catalogue(engine)).monitored_files(connection, [pair])[pair]


def _save(engine: Engine, wanted: RunResult) -> Saved:
    with begin(engine) as transaction:
        return ReportingStore(read_catalogue(engine)).save(transaction, wanted)


def test_every_variant_gets_the_same_verdict(engine: Engine) -> None:
    file = _file(engine)
    assert (file.definition, file.is_active) == (DEFINITION, True)
    saved = _save(engine, result(file))
    assert saved.state == "done"
    (row,) = read_verdicts(engine, read_catalogue(engine))
    assert (row.agency_slug, row.file_name, row.run_date, row.run_hour) == (*PAIR, DAY, 12)
    assert (row.run_id, row.score, row.passed, row.file_size) == (saved.run_id, 92, True, 1234)
    assert row.metrics == verdict().metrics
    assert row.deductions == verdict().deductions
    tables = everything(engine)
    assert tables["monitoring_file"][0]["latest_data_quality_score"] == 92
    assert len(tables["monitoring_file_run"]) == len(tables["monitoring_file_data_quality"]) == 1


def test_saving_twice_changes_nothing_but_updated_at(engine: Engine) -> None:
    file = _file(engine)
    first = _save(engine, result(file))
    before = everything(engine, without=frozenset({"updated_at"}))
    again = _save(engine, result(file, now=NOON + timedelta(days=1)))
    assert again == first
    assert everything(engine, without=frozenset({"updated_at"})) == before


def test_the_full_tables_are_filled_completely(engine_a: Engine) -> None:
    saved = _save(engine_a, result(_file(engine_a)))
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
    file = _file(engine)
    first = _save(engine, result(file))
    rules = (failed_rule("fare"), failed_rule(None, rule="strict", dimension="schema"))
    later = result(
        file,
        version=version(NOON + timedelta(minutes=5)),
        verdict=verdict(40, failed_validation_rules=rules),
        file_size=99,
    )
    assert _save(engine, later) == first
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
    file = _file(engine)
    for hour in (1, 2):
        _save(engine, result(file, run_hour=hour, file_size=None))
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
    _save(engine, result(_file(engine), file_size=3 * 2**30, verdict=verdict(failed_validation_message="x" * 500)))
    tables = everything(engine)
    (run,) = tables["monitoring_file_run"]
    assert run["file_size"] == 2**31 - 1
    assert run["file_range_lower_limit"] == datetime(2025, 12, 4, 13)  # noqa: DTZ001  a column without time zone
    assert (run["importance"], run["share"]) == ("low", 0)
    assert tables["monitoring_file_data_quality"][0]["failed_validation_message"] == "x" * 59 + "…"
    engine.dispose()


def test_nothing_failed_is_written_as_null_or_empty(engine: Engine) -> None:
    _save(
        engine, result(_file(engine), verdict=verdict(100, failed_validation_message=None, failed_validation_rules=()))
    )
    (quality,) = everything(engine)["monitoring_file_data_quality"]
    assert not quality.get("failed_validation_message")
    assert quality.get("failed_validation_rules", []) == []


HOSTILE = [
    "o'hara'; DROP TABLE reporting.monitoring_file; --",
    'double " quote',
    "back\\slash",
    "100%s %(name)s :name",
    "snow ☃ 💥 é",
    "line\nbreak\ttab",
    " ",
    "$$;{}[]",
    "x" * 90,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_values_arrive_as_they_are(engine_a: Engine, text: str) -> None:
    add_file(engine_a, text, text)
    file = _file(engine_a, (text, text))
    wanted = verdict(
        failed_validation_message=text,
        failed_validation_rules=(failed_rule(text, examples=[text]),),
        metrics={text: text},
        profile_payload={text: [text]},
    )
    _save(engine_a, result(file, verdict=wanted))
    tables = everything(engine_a)
    assert tables["monitoring_file_data_quality"][0]["failed_validation_message"] == text
    assert tables["monitoring_file_data_quality"][0]["metrics"] == {text: text}
    assert tables["monitoring_file_failed_validation"][0]["column_name"] == text
    assert tables["monitoring_file_data_profile"][0]["profile_payload"] == {text: [text]}


def test_what_postgres_cannot_hold_is_replaced_visibly(engine: Engine) -> None:
    bad = "a\x00b\ud800c"
    good = "a␀b\ufffdc"
    wanted = verdict(
        failed_validation_message=bad,
        failed_validation_rules=(failed_rule(bad),),
        metrics={bad: {"value": bad, "mean": math.nan, "max": math.inf, "list": [bad, -math.inf]}},
        profile_payload={"sample": [bad]},
    )
    _save(engine, result(_file(engine), verdict=wanted))
    tables = everything(engine)
    (quality,) = tables["monitoring_file_data_quality"]
    assert quality["metrics"] == {good: {"value": good, "mean": None, "max": None, "list": [good, None]}}
    assert quality.get("failed_validation_message", good) == good


def test_names_the_database_cannot_hold_are_unknown_and_cannot_be_created(engine: Engine) -> None:
    store = ReportingStore(read_catalogue(engine))
    with engine.begin() as connection:
        assert store.monitored_files(connection, [("a\x00", "b"), ("a", "\ud800"), ("nobody", "nothing")]) == {}
        with pytest.raises(TerminalError, match="cannot store"):
            store.create_placeholder(connection, "a\x00", "b", "s3://landing/x/", NOON)


def test_a_payload_of_256_kib_is_saved(engine_a: Engine) -> None:
    payload = {"sampleData": {"rows": [["é" * 200] * 16] * 40}}
    saved = _save(engine_a, result(_file(engine_a), verdict=verdict(profile_payload=payload)))
    assert saved.run_id is not None
    assert read_profile(engine_a, read_catalogue(engine_a), saved.run_id) == payload


def test_many_pairs_are_looked_up_in_one_statement(engine_a: Engine) -> None:
    for number in range(20):
        add_file(engine_a, "tenant-b", f"file-{number}")
    statements: list[str] = []
    store = ReportingStore(read_catalogue(engine_a))
    event.listen(engine_a, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    with engine_a.connect() as connection:
        found = store.monitored_files(connection, [("tenant-b", f"file-{number}") for number in range(1000)])
    assert len(found) == 20
    assert len(statements) == 1


def test_of_several_rows_for_one_pair_the_active_one_counts(variant_a: str) -> None:
    engine = connect(variant_a)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE reporting.monitoring_file DROP CONSTRAINT monitoring_file_agency_slug_file_name_key"
        )
    for active in (False, True, True):
        add_file(engine, *PAIR, is_active=active)
    file = _file(engine)
    assert (file.id, file.is_active) == (2, True)
    engine.dispose()


def test_a_file_without_a_definition_has_none(engine: Engine) -> None:
    add_file(engine, "tenant-c", "plain", schema_definition_id=None)
    file = _file(engine, ("tenant-c", "plain"))
    assert (file.definition, file.definition_id) == (None, None)


def test_a_table_without_a_link_to_definitions_still_works(variant_b: str) -> None:
    engine = connect(variant_b)
    add_file(engine, *PAIR)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE reporting.monitoring_file DROP COLUMN schema_definition_id")
    assert _file(engine).definition is None
    engine.dispose()


def test_a_placeholder_is_made_once_and_knows_its_folder(engine: Engine) -> None:
    store = ReportingStore(read_catalogue(engine, creates_files=True))
    with engine.begin() as connection:
        first = store.create_placeholder(connection, "tenant-a", "new", "s3://landing/new/", NOON)
        second = store.create_placeholder(connection, "tenant-a", "new", "s3://landing/other/", NOON)
    assert first == second
    assert first.definition is None
    (row,) = [row for row in everything(engine)["monitoring_file"] if row["file_name"] == "new"]
    assert row.get("s3_url", "s3://landing/new/") == "s3://landing/new/"
    assert _save(engine, result(first)).state == "done"


def test_a_placeholder_takes_the_agency_of_its_neighbours(engine_a: Engine) -> None:
    with engine_a.begin() as connection:
        store = ReportingStore(read_catalogue(engine_a))
        assert store.create_placeholder(connection, "tenant-a", "new", "s3://landing/new/", NOON).agency_id == 7
        assert store.create_placeholder(connection, "tenant-x", "new", "s3://landing/new/", NOON).agency_id is None


def test_an_older_version_writes_nothing(engine: Engine) -> None:
    file = _file(engine)
    done = version(NOON + timedelta(minutes=10))
    saved = _save(engine, result(file, version=done))
    before = everything(engine)
    store = ReportingStore(read_catalogue(engine))
    with begin(engine) as transaction:
        late = store.save(transaction, result(file, verdict=verdict(1)), newest_done=lambda _: done)
    assert late == Saved(run_id=saved.run_id, state="superseded")
    assert everything(engine) == before


def test_an_older_version_of_a_run_that_was_deleted_makes_no_run(engine: Engine) -> None:
    store = ReportingStore(read_catalogue(engine))
    file = _file(engine)
    before = everything(engine)
    with begin(engine) as transaction:
        late = store.save(transaction, result(file), newest_done=lambda _: version(NOON + timedelta(minutes=10)))
    assert late == Saved(run_id=None, state="superseded")
    assert everything(engine) == before


@pytest.mark.parametrize(
    ("mine", "done", "state"), [("0A", "0B", "superseded"), ("0B", "0A", "done"), ("0A", "0A", "done")]
)
def test_within_a_second_the_sequencer_decides(engine: Engine, mine: str, done: str, state: str) -> None:
    store = ReportingStore(read_catalogue(engine))
    wanted = result(_file(engine), version=version(sequencer=mine))
    with begin(engine) as transaction:
        assert store.save(transaction, wanted, lambda _: version(sequencer=done)).state == state


def test_a_run_made_from_a_newer_object_is_left_alone_without_a_ledger(engine_a: Engine) -> None:
    file = _file(engine_a)
    _save(engine_a, result(file, version=version(NOON + timedelta(seconds=30))))
    assert _save(engine_a, result(file, verdict=verdict(1))).state == "superseded"
    assert _save(engine_a, result(file, version=version(None))).state == "done"


def test_a_deleted_file_is_a_terminal_error(engine: Engine) -> None:
    file = _file(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM reporting.monitoring_file")
    with pytest.raises(TerminalError):
        _save(engine, result(file))
    assert everything(engine)["monitoring_file_run"] == []


@pytest.mark.parametrize("variant", ["variant_a", "variant_b"])
def test_a_failure_at_any_statement_leaves_nothing_behind(variant: str, request: pytest.FixtureRequest) -> None:
    """Postgres fails before statement 1, 2, 3..., however they travel; once it no longer does, everything is there."""
    engine = connect(request.getfixturevalue(variant))
    add_file(engine, *PAIR)
    file = _file(engine)
    store = ReportingStore(read_catalogue(engine))
    before = everything(engine)
    left = 0

    def fail(
        _connection: object, _cursor: object, message: str, values: object, *_arguments: object
    ) -> tuple[str, object]:
        nonlocal left
        statements = message.split(";\n")
        if 0 < left <= len(statements):
            statements.insert(left - 1, "SELECT 1 / 0")
        left -= len(statements)
        return ";\n".join(statements), values

    event.listen(engine, "before_cursor_execute", fail, retval=True)
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


def test_latest_score_is_that_of_the_newest_window_in_any_order(engine: Engine) -> None:
    file = _file(engine)
    steps = [(DAY, 12, 70, 70), (DAY, 11, 10, 70), (date(2026, 1, 3), 23, 20, 70), (DAY, 13, 90, 90), (DAY, 13, 91, 91)]
    for day, hour, score, latest in steps:
        _save(engine, result(file, run_date=day, run_hour=hour, verdict=verdict(score)))
        assert everything(engine)["monitoring_file"][0]["latest_data_quality_score"] == latest


def test_a_newer_window_without_a_score_does_not_count(engine_a: Engine) -> None:
    file = _file(engine_a)
    with engine_a.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO reporting.monitoring_file_run (monitoring_file_id, run_date, run_hour) "
            "VALUES (%s, '2026-01-05', 0)",
            (file.id,),
        )
    _save(engine_a, result(file, verdict=verdict(66)))
    assert everything(engine_a)["monitoring_file"][0]["latest_data_quality_score"] == 66


def test_a_rolling_score_is_the_mean_of_the_newest_windows(engine: Engine) -> None:
    file = _file(engine)
    store = ReportingStore(read_catalogue(engine), score_aggregate="rolling", rolling_windows=3)
    seen = []
    for hour, score in [(5, 100), (7, 51), (6, 80), (1, 0), (8, 90)]:
        wanted = result(file, run_hour=hour, verdict=verdict(score))
        with begin(engine) as transaction:
            store.save(transaction, wanted)
        seen.append(float(everything(engine)["monitoring_file"][0]["latest_data_quality_score"]))
    # means: 100; 75.5; 77; the 01h window is older than the newest three; (51 + 80 + 90) / 3 = 73.67
    assert seen in ([100, 76, 77, 77, 74], [100, 75.5, 77, 77, 73.67])


def test_an_arriving_file_is_no_longer_missing_even_when_its_window_is_old(engine_a: Engine) -> None:
    file = _file(engine_a)
    _save(engine_a, result(file))
    with engine_a.begin() as connection:
        connection.exec_driver_sql("UPDATE reporting.monitoring_file SET is_missing = true")
    _save(engine_a, result(file, run_hour=3, verdict=verdict(5)))
    row = everything(engine_a)["monitoring_file"][0]
    assert (row["is_missing"], row["latest_data_quality_score"]) == (False, 92)


def test_no_ddl_is_run(engine: Engine) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2].split()[0].upper()))
    _save(engine, result(_file(engine)))
    assert set(statements) <= {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}

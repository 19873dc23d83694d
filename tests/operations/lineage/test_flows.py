"""What each flow leaves behind becomes events that are what the schemas say, with what it read and wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pydantic import SecretStr

from dq import LoadCounts, LoadResult, LoadSubject, finish_loads, start_load
from etl_core.errors import SettingsError
from jobs.citizens.lineage import CitizensLines
from jobs.running.lineage_places import flows_of, lake_of
from jobs.running.settings import read_settings
from operations.lineage.telling.facts import FactReader, database_of
from operations.lineage.telling.senders import FileSender
from operations.lineage.telling.told_lines import AuditLines
from operations.lineage.telling.turn import tell
from pipelines.etl.ledger.steps import STEPS, Counts, StepEnd, StepLedger
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.tables.replace_runs import replace_runs
from tests.end_to_end.landing import TRIPS, key_of
from tests.operations.lineage.conftest import NOW, account
from tests.operations.lineage.openlineage_schemas import problems_of
from tests.pipelines.citizens.conftest import doors, service, warehouse_owner, workbooks
from tests.pipelines.citizens.town import load, person
from tests.pipelines.lake.lake_tables import SCHEMA, identity, notes, run_part, written

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from etl_core.settings import Settings
    from operations.lineage.telling.turn import Lines
    from pipelines.citizens.doors import CitizensDoors
    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing
    from tests.pipelines.citizens.town import Workbooks

__all__ = ["doors", "service", "warehouse_owner", "workbooks"]

_PAGE = Path(__file__).parents[3] / "docs" / "lineage.md"


@dataclass(frozen=True)
class Told:
    """The end of a run, with its datasets by their names."""

    job: str
    state: str
    read: dict[str, dict[str, Any]]
    written: dict[str, dict[str, Any]]
    event: dict[str, Any]


def told(path: Path) -> list[Told]:
    """What stands in a file of lineage, all of which is valid."""
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [problem for event in events for problem in problems_of(event)] == []
    began, ended = events[::2], events[1::2]
    assert {event["eventType"] for event in began} == {"START"}
    return [
        Told(
            event["job"]["name"],
            event["eventType"],
            _by_name(event["inputs"]),
            _by_name(event["outputs"]),
            event,
        )
        for event in ended
    ]


def _by_name(datasets: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{one['namespace']} {one['name']}": one for one in datasets}


def tell_all(lines: Lines, path: Path) -> list[Told]:
    turn = tell(lines, FileSender(str(path), "ours"), lambda: NOW + timedelta(hours=1), lambda: False)
    assert (turn.refused, turn.unfit, turn.left, turn.away) == (0, 0, 0, None)
    return told(path)


def lines_of(engine: Engine, settings: Settings) -> AuditLines:
    return AuditLines(engine, FactReader(engine, lake_of(settings), flows_of(settings)), timedelta(days=7))


def rows_of(one: dict[str, Any]) -> int | None:
    """The rows that were read, or written."""
    facets = one.get("inputFacets", {}).get("inputStatistics") or one.get("outputFacets", {}).get("outputStatistics")
    rows: int | None = None if facets is None else facets["rowCount"]
    return rows


def fields_of(one: dict[str, Any]) -> list[str]:
    return [f"{field['name']} {field.get('type')}" for field in one["facets"]["schema"]["fields"]]


def test_verdicts_tell_what_was_asked_of_the_object_and_what_was_found(landing: Landing, tmp_path: Path) -> None:
    definition = {**TRIPS, "fields": [*TRIPS["fields"], {"name": "phone", "type": "integer", "sensitive": True}]}
    landing.configure(definition=definition)
    good, bad = key_of(hour=11), key_of(hour=12)
    landing.announce(landing.put(good, b"id,driver,phone\n1,zoe,5550001\n2,ben,5550002\n"))
    landing.announce(landing.put(bad, b"id,driver,phone\n1,,5550003\n1,Xaver,5550004\nx,cy,\n"))
    landing.announce(landing.put("nobody/knows/this.csv"))
    landing.process(account=account())
    found = {one.event["inputs"][0]["name"]: one for one in tell_all(_lines(landing), tmp_path / "told.jsonl")}
    fine, failed, unknown = found[good], found[bad], found["nobody/knows/this.csv"]
    assert (fine.job, fine.state) == (failed.job, failed.state) == ("verdict.tenant-a.trips", "COMPLETE")
    (place,) = fine.read
    assert place == f"s3://{landing.bucket} {good}"
    assert fields_of(fine.read[place]) == ["id integer", "driver string", "phone integer"]
    metrics = fine.read[place]["inputFacets"]["dataQualityMetrics"]
    assert (metrics["rowCount"], metrics["bytes"]) == (2, 44)
    assert (metrics["columnMetrics"]["id"]["min"], metrics["columnMetrics"]["id"]["max"]) == (1, 2)
    assert metrics["columnMetrics"]["phone"] == {"nullCount": 0, "distinctCount": 2, "count": 2}
    asked = failed.event["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert [one["assertion"] for one in asked if not one["success"] and one.get("column") == "id"] == ["type", "unique"]
    assert {one["assertion"] for one in asked} >= {"score", "completeness", "required"}
    for secret in ("555000", "Xaver", "zoe"):
        assert secret not in json.dumps([fine.event, failed.event])
    table = database_of(landing.database.url).table("reporting.monitoring_file_data_quality")
    assert rows_of(fine.written[f"{table.namespace} {table.name}"]) == 1
    assert (unknown.job, unknown.state, unknown.written) == ("verdict", "FAIL", {})
    assert "errorMessage" in unknown.event["run"]["facets"]
    _compare_with_page(fine.event, landing)


def test_a_verdict_that_another_object_replaced_tells_no_figures_of_that_one(landing: Landing, tmp_path: Path) -> None:
    landing.configure()
    for rows in (b"id,driver\n1,ada\n", b"id,driver\n1,ada\n2,ben\n"):
        landing.announce(landing.put(key_of(name=f"{len(rows)}.csv"), rows))
        landing.process(account=account())
        landing.clock.forward(minutes=1)
    first, second = tell_all(_lines(landing), tmp_path / "told.jsonl")
    assert "dataQualityMetrics" not in first.event["inputs"][0]["inputFacets"]
    assert rows_of(first.event["inputs"][0]) == 1
    assert second.event["inputs"][0]["inputFacets"]["dataQualityMetrics"]["rowCount"] == 2


def _lines(landing: Landing) -> AuditLines:
    return lines_of(landing.database, read_settings(None))


def _compare_with_page(event: dict[str, Any], landing: Landing) -> None:
    """The page shows an event as this test made it; what differs between runs is written as it is there."""
    text = json.dumps(event, indent=2)
    (read,), (written_,), run = event["inputs"], event["outputs"], event["run"]
    parent = run["facets"]["parent"]["run"]["runId"]
    names = {
        landing.bucket: "landing",
        read["facets"].get("version", {}).get("datasetVersion", "\0"): "0001",
        run["runId"]: "0f6c5a3e-6a0c-5b3e-9d5c-3f8f5f3f5b11",
        parent: "6b1d9b5e-0f5e-4a52-8f0d-1d8a3c1f7a10",
        written_["name"].partition(".")[0]: "pipeline",
    }
    for before, after in names.items():
        text = text.replace(before, after)
    shown = _PAGE.read_text(encoding="utf-8").partition("```json\n")[2].partition("\n```")[0]
    assert shown == text, text


def test_a_load_tells_both_tables_with_their_versions_and_columns(landing: Landing, tmp_path: Path) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    landing.process(account=account())
    (row,) = landing.rows().values()
    root = tmp_path / "lake"
    folder, run = lake_table(str(root), "silver", "trips"), run_part()
    replace_runs(folder, SCHEMA, [written(folder, run, 1, [notes([1, 2])])], identity())
    subject = LoadSubject(row.id, "trips", "tenant-a", "trips", date(2026, 1, 4), 12, "fingerprint")
    mine = account("to_silver")
    first, second = (start_load(landing.database, subject, landing.clock()) for _ in range(2))
    finish_loads(landing.database, {second: LoadResult(LoadCounts(5, 2, 3, 0, 0, 0), 0, 4)}, landing.clock(), mine)
    assert first < second
    settings = read_settings(None, lake_root=str(root))
    found = [
        one for one in tell_all(lines_of(landing.database, settings), tmp_path / "told") if one.job == "silver.trips"
    ]
    loaded = next(one for one in found if one.written)
    assert loaded.state == "COMPLETE"
    assert {name: rows_of(one) for name, one in loaded.read.items()} == {f"s3://{landing.bucket} {key_of()}": 5}
    silver, quarantine = f"file {root}/silver/trips", f"file {root}/quarantine/trips"
    assert {name: rows_of(one) for name, one in loaded.written.items()} == {silver: 2, quarantine: 3}
    assert loaded.written[silver]["facets"]["version"]["datasetVersion"] == "0"
    assert loaded.written[quarantine]["facets"]["version"]["datasetVersion"] == "4"
    assert {f"{name} {kind}" for name, kind in (("id", pa.int64()), ("note", pa.string()))} <= set(
        fields_of(loaded.written[silver])
    )
    assert [(one.state, one.written) for one in found if one is not loaded] == [("COMPLETE", {})], "it was replaced"


def test_steps_of_a_flow_tell_its_tables_and_what_lies_between_them(ledger: Engine, tmp_path: Path) -> None:
    settings = read_settings(
        None,
        source_database_url=SecretStr("postgresql://u:hunter2@source:5433/shop"),
        warehouse_url=SecretStr("postgresql://u:hunter2@warehouse/dwh"),
    )
    mine, day = account("run_etl"), date(2026, 1, 4)
    steps = StepLedger(ledger, "user_analytics", mine.run_id, mine)
    root = f"{tmp_path}/etl/user_analytics/{day}"
    for name, counts in zip(STEPS, (Counts(9, 9), Counts(9, 7, 2), Counts(7, 7, 0, 4, 3, 0)), strict=True):
        attempt = steps.begin(day, name, "digest", NOW)
        place = None if name == "load" else f"{root}/{name}/000001"
        steps.end(attempt, StepEnd("done", "well", NOW, place, counts), NOW)
    failed = steps.begin(day, "load", "digest", NOW)
    steps.end(failed, StepEnd("failed", "the password is hunter2"), NOW)
    found = tell_all(lines_of(ledger, settings), tmp_path / "told.jsonl")
    by_step = {(one.job.removeprefix("run_etl.user_analytics."), one.state): one for one in found}
    extract, transform, loading, broken = (
        by_step[key]
        for key in (("extract", "COMPLETE"), ("transform", "COMPLETE"), ("load", "COMPLETE"), ("load", "FAIL"))
    )
    assert set(extract.read) == {f"postgres://source:5433 shop.public.{table}" for table in ("users", "orders")}
    assert {name: rows_of(one) for name, one in extract.written.items()} == {f"file {root}/extract/000001": 9}
    assert {name: rows_of(one) for name, one in transform.read.items()} == {f"file {root}/extract/000001": 9}
    assert {name: rows_of(one) for name, one in transform.written.items()} == {f"file {root}/transform/000001": 7}
    assert {name: rows_of(one) for name, one in loading.read.items()} == {f"file {root}/transform/000001": 7}
    target = "postgres://warehouse:5432 dwh.analytics.user_analytics"
    assert {name: rows_of(one) for name, one in loading.written.items()} == {target: 7}
    assert "id integer" in fields_of(loading.written[target])
    assert "customer_segment None" in fields_of(loading.written[target])
    (asked,) = transform.event["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert (asked["assertion"], asked["success"], asked["actual"]) == ("rows_rejected", False, "2")
    assert (broken.written, broken.event["run"]["facets"]["errorMessage"]["message"]) == ({}, "the password is ***")


def test_steps_of_citizens_tell_files_core_and_mart(doors: CitizensDoors, workbooks: Workbooks, tmp_path: Path) -> None:
    bad = workbooks.citizens("2026-02", person(1, citizen_id=""))
    assert load(doors, workbooks.citizens("2026-01", person(1), person(2)), bad) == 1
    lines = CitizensLines(doors.warehouse, doors.root, timedelta(days=365))
    found = tell_all(lines, tmp_path / "told.jsonl")
    by_job: dict[str, list[Told]] = {}
    for one in found:
        by_job.setdefault(f"{one.job} {one.state}", []).append(one)
    assert {name: len(some) for name, some in by_job.items()} == {
        "citizens.ingest COMPLETE": 2,
        "citizens.validate COMPLETE": 1,
        "citizens.validate FAIL": 1,
        "citizens.transform COMPLETE": 1,
        "citizens.publish COMPLETE": 1,
    }
    landed = next(iter(by_job["citizens.ingest COMPLETE"][0].written))
    assert landed.startswith(f"file {doors.root}/land/citizens_2026-01")
    (validated,), (transformed,), (published,) = (
        by_job[f"citizens.{step} COMPLETE"] for step in ("validate", "transform", "publish")
    )
    assert {name: rows_of(one) for name, one in validated.read.items()} == {landed: 2}
    (clean,) = validated.written
    assert list(transformed.read) == [clean]
    warehouse = database_of(doors.warehouse.url)
    core, mart = (warehouse.table(name) for name in ("core.citizen", "mart.fact_citizen_snapshot"))
    assert {name: rows_of(one) for name, one in transformed.written.items()} == {f"{core.namespace} {core.name}": 2}
    assert f"{core.namespace} {core.name}" in published.read
    assert {name: rows_of(one) for name, one in published.written.items()} == {f"{mart.namespace} {mart.name}": 2}
    (stopped,) = by_job["citizens.validate FAIL"]
    assert "errorMessage" in stopped.event["run"]["facets"]
    assert tell(lines, FileSender(str(tmp_path / "again"), "ours"), lambda: NOW, lambda: False).taken == 0


def test_citizens_lines_that_are_too_old_are_given_up_once_somebody_was_told(
    doors: CitizensDoors, workbooks: Workbooks, tmp_path: Path
) -> None:
    assert load(doors, workbooks.citizens("2026-01", person(1))) == 0
    sender = FileSender(str(tmp_path / "told"), "ours")
    lines = CitizensLines(doors.warehouse, doors.root, timedelta(days=7))
    years_later = doors.clock() + timedelta(days=700)
    assert tell(lines, sender, lambda: years_later, lambda: False).taken == 0
    assert load(doors, workbooks.citizens("2026-02", person(2))) == 0
    assert tell(lines, sender, lambda: years_later, lambda: False).given_up == 4


def test_a_job_tells_what_it_did_when_it_has_ended_and_its_parent_is_the_run(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    landing.put(key_of())
    command_line.set(OPENLINEAGE_FILE="told.jsonl", OPENLINEAGE_NAMESPACE="shop")
    ran = command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of())
    assert ran.code == 0
    assert "lineage was told" in ran.messages()
    verdict, run = sorted(told(command_line.folder / "told.jsonl"), key=lambda one: one.job, reverse=True)
    assert (verdict.job, run.job) == ("verdict.tenant-a.trips", "process_file")
    assert verdict.event["job"]["namespace"] == "shop"
    assert verdict.event["run"]["facets"]["parent"]["run"]["runId"] == run.event["run"]["runId"]
    before = (command_line.folder / "told.jsonl").read_bytes()
    command_line.set(OPENLINEAGE_FILE="")
    assert command_line.run("inbox", "list").code == 0
    assert (command_line.folder / "told.jsonl").read_bytes() == before


@pytest.mark.parametrize("wrong", ["ftp://host", "http://", "http://user:hunter2@host"])
def test_an_address_that_cannot_be_used_is_named_without_its_password(wrong: str) -> None:
    with pytest.raises(SettingsError, match="OPENLINEAGE_URL") as caught:
        read_settings(None, openlineage_url=wrong)
    assert "hunter2" not in str(caught.value)

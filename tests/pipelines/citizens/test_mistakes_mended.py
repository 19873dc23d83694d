"""What landed as the wrong thing, or stopped for want of a setting, is told as long as it stands, and can be mended."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from etl_core.errors import CatalogueError
from pipelines.citizens.contracts import CONTRACTS
from pipelines.citizens.errors import WorkbookRefusedError
from pipelines.citizens.ingest import Expected, ingest
from pipelines.citizens.rules.cleansing import RULES_VERSION, tried
from pipelines.citizens.run_pipeline import run, validate_all
from pipelines.citizens.status import state_of
from pipelines.citizens.transform import rebuild_all, roll_back, roll_forward, to_transform, transform
from pipelines.citizens.validate import to_validate
from pipelines.citizens.warehouse.connecting import make_warehouse
from pipelines.citizens.warehouse.landings import Landing, landings, standing_failures
from tests.pipelines.citizens.town import CORE, FACTS, Workbooks, land, load, person, rows

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipelines.citizens.doors import CitizensDoors

_STATES = "SELECT dataset, to_char(snapshot_month, 'YYYY-MM') FROM meta.ingestion_log ORDER BY ingestion_id"


def states(doors: CitizensDoors) -> list[tuple[str, str, str]]:
    """Kind, month and state of all landings, as they landed."""
    with doors.warehouse.connect() as connection:
        known = sorted(landings(connection, doors.root), key=lambda one: one.ingestion_id)
    return [(one.kind, f"{one.snapshot:%Y-%m}", state_of(one)) for one in known]


def test_a_workbook_that_landed_as_the_wrong_kind_lands_anew_as_the_right_one(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    path = workbooks.citizens("2026-01", person(1))
    ingest(path, doors, Expected(kind="phones"))
    assert run(doors) == 1
    assert ingest(path, doors, Expected(kind="phones")).known
    assert not ingest(path, doors).known
    ((level, status, details),) = rows(
        doors.warehouse, "SELECT level, status, details FROM meta.etl_audit ORDER BY audit_id DESC LIMIT 1"
    )
    assert (level, status) == ("WARNING", "OK")
    assert details.endswith("it counts as citizens of 2026-01, and no longer as phones of 2026-01")
    assert run(doors) == 0, "what it was taken for stands no longer"
    assert states(doors) == [("phones", "2026-01", "replaced"), ("citizens", "2026-01", "loaded")]
    assert [row[0] for row in rows(doors.warehouse, CORE)] == ["C1"]


def test_a_wrong_month_is_mended_before_it_is_loaded_and_after_its_load_was_taken_back(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    path = workbooks.citizens("2026-03", person(1), person(2))
    ingest(path, doors, Expected(snapshot=date(2026, 2, 1)))
    validate_all(doors)
    (wrong,) = to_transform(doors)
    ingest(path, doors, Expected(snapshot=date(2026, 1, 1)))
    assert transform(wrong, doors) is None, "whoever saw it before loads nothing"
    assert run(doors) == 0
    assert [row[0] for row in rows(doors.warehouse, FACTS)] == [20260101] * 2
    why = r"is loaded as citizens of 2026-01, not as citizens of 2026-03; .* `citizens transform --rollback 1` and land"
    with pytest.raises(WorkbookRefusedError, match=why):
        ingest(path, doors)
    roll_back(1, doors)
    assert ingest(path, doors, Expected(snapshot=date(2026, 1, 1))).known
    ((told,),) = rows(doors.warehouse, "SELECT details FROM meta.etl_audit ORDER BY audit_id DESC LIMIT 1")
    assert told.endswith("landing it again loads nothing; `citizens transform --reload 1` brings it back")
    assert not ingest(path, doors).known
    assert ingest(path, doors).known
    assert run(doors) == 0
    assert [row[0] for row in rows(doors.warehouse, FACTS)] == [20260301] * 2
    assert states(doors) == [
        ("citizens", "2026-02", "replaced"),
        ("citizens", "2026-01", "rolled back"),
        ("citizens", "2026-03", "loaded"),
    ]
    roll_forward(1, doors)
    assert rebuild_all(doors) == 0, "each landing has clean rows of its own"
    for month in (1, 3):
        assert ingest(path, doors, Expected(snapshot=date(2026, month, 1))).known
    assert (to_validate(doors), to_transform(doors)) == ([], [])


def test_a_warehouse_that_keeps_each_content_once_is_told_to_be_migrated(
    doors: CitizensDoors, warehouse_owner: Engine, workbooks: Workbooks
) -> None:
    path = workbooks.citizens("2026-01", person(1))
    with warehouse_owner.begin() as owner:
        owner.execute(text("ALTER TABLE meta.ingestion_log ADD CONSTRAINT ingestion_log_sha256_key UNIQUE (sha256)"))
    ingest(path, doors)
    with pytest.raises(
        CatalogueError, match=r"once in meta\.ingestion_log; run `pipeline-processing migrate --warehouse`"
    ):
        ingest(path, doors, Expected(kind="phones"))
    make_warehouse(warehouse_owner)
    ingest(path, doors, Expected(kind="phones"))
    assert rows(doors.warehouse, _STATES) == [("citizen", "2026-01"), ("citizen_phone", "2026-01")]


def test_numbers_of_another_region_stop_a_workbook_until_the_region_is_set(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    path = workbooks.phones("2026-01", ["C1", "home", "030 901820"], ["C2", "home", "089 2180 0"])
    assert (load(doors, path), run(doors)) == (1, 1)
    assert states(doors) == [("phones", "2026-01", "failed")]
    assert run(replace(doors, region="DE")) == 0
    assert states(doors) == [("phones", "2026-01", "loaded")]


def test_a_run_is_no_success_as_long_as_a_workbook_stands_stopped(doors: CitizensDoors, workbooks: Workbooks) -> None:
    land(doors, workbooks.citizens("2026-01"), workbooks.citizens("2026-02", person(1)))
    assert run(doors) == 1
    with capture_logs() as said:
        assert run(doors) == 1
    assert [line for line in said if line["log_level"] == "warning"] == [
        {
            "event": "workbooks stand stopped",
            "log_level": "warning",
            "count": 1,
            "workbooks": "citizens_2026-01.xlsx (citizens of 2026-01)",
        }
    ]
    assert load(doors, workbooks.citizens("2026-01", person(1, zip="501"))) == 0


def _landed(
    number: int, status: str, *, month: int = 1, dataset: str = "citizen", is_live: bool | None = None
) -> Landing:
    at = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(hours=number)
    empty = dict.fromkeys(("score", "message", "rows_clean", "rows_rejected", "clean_path", "definition", "version_id"))
    known = {"file_name": "", "path": Path(), "sha256": "", "snapshot": date(2026, month, 1)}
    return Landing(number, dataset, landed_at=at, status=status, is_live=is_live, **known, **empty)  # type: ignore[arg-type]


def test_what_stopped_stands_until_a_later_one_of_its_kind_and_month_has_passed() -> None:
    cases = [
        ([_landed(1, "failed"), _landed(2, "unreadable")], [1, 2]),
        ([_landed(1, "failed"), _landed(2, "passed")], []),
        ([_landed(2, "failed"), _landed(1, "passed")], [2]),
        ([_landed(1, "failed"), _landed(2, "passed", is_live=True)], []),
        ([_landed(1, "failed"), _landed(2, "passed", is_live=False)], [1]),
        ([_landed(1, "failed"), _landed(2, "passed", month=2)], [1]),
        ([_landed(1, "failed"), _landed(2, "passed", dataset="citizen_phone")], [1]),
        ([_landed(1, "replaced"), _landed(2, "passed"), _landed(3, "failed")], [3]),
    ]
    for known, expected in cases:
        assert [one.ingestion_id for one in standing_failures(known)] == expected


def test_whoever_changes_what_a_rule_makes_of_a_text_raises_the_version_of_the_rules() -> None:
    texts = (
        " a  B ",
        "O'NEIL",
        "f",
        "31.12.1980",
        "12/31/1980",
        "12 b",
        "501",
        "main st",
        "dead",
        "Cell",
        "415-555-2671",
    )
    made = [(name, tried(rule, *texts)) for one in CONTRACTS for name, rule in sorted(one.rules("US").items())]
    digest = hashlib.sha256(repr(made).encode()).hexdigest()[:12]
    assert (RULES_VERSION, digest) == (1, "4f587005210b"), "raise RULES_VERSION, and write its digest here"


def test_a_measure_is_another_for_each_month_kind_and_region() -> None:
    months = date(2026, 1, 1), date(2026, 2, 1)
    measures = {one.measure(month, region) for one in CONTRACTS for month in months for region in ("US", "DE")}
    assert len(measures) == 6, "phones have no days"

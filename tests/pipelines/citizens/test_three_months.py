"""Workbooks from land to mart: months in and out of order, taken back and brought back."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from etl_core.errors import CatalogueError
from etl_core.settings import Settings
from pipelines.citizens.history.errors import NoSuchLoadError
from pipelines.citizens.publish import publish
from pipelines.citizens.run_pipeline import carry_out, parser, run
from pipelines.citizens.settings import CitizensSettings
from pipelines.citizens.status import status_lines
from pipelines.citizens.transform import rebuild_all, roll_back, roll_forward
from tests.pipelines.citizens.town import CORE, FACTS, Workbooks, load, person, rows

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipelines.citizens.doors import CitizensDoors

_SAME = "citizen_id, last_name, email, status, valid_from, valid_to, is_current, row_hash"
MEMBERS = f"SELECT citizen_key, {_SAME} FROM mart.dim_citizen WHERE citizen_key > 0 ORDER BY 1"
HISTORY = f"SELECT citizen_sk, {_SAME} FROM core.citizen ORDER BY 1"


def test_three_months_one_late_and_one_taken_back(doors: CitizensDoors, workbooks: Workbooks) -> None:
    january = workbooks.citizens("2026-01", person(1), person(2))
    march = workbooks.citizens("2026-03", person(1, last_name="Miller"), person(3))
    phones = workbooks.phones("2026-01", ["C1", "Cell", "(415) 555-2671"], ["C1", "home", "415.555.2672"])
    assert load(doors, january, march, phones) == 0
    engine = doors.warehouse
    assert rows(engine, FACTS) == [
        (20260101, "C1", "Smith", "New York", 45, 2, True, False),
        (20260101, "C2", "Smith", "New York", 45, 0, True, False),
        (20260301, "C1", "Miller", "New York", 45, 2, False, True),
        (20260301, "C3", "Smith", "New York", 45, 0, True, False),
    ]
    before, published = rows(engine, CORE), rows(engine, FACTS)

    february = workbooks.citizens("2026-02", person(1, last_name="Miller"), person(2))
    assert load(doors, february) == 0
    assert [(row[0], row[2], row[5], row[6]) for row in rows(engine, CORE)] == [
        ("C1", "Smith", date(2026, 1, 1), date(2026, 2, 1)),
        ("C1", "Miller", date(2026, 2, 1), date(9999, 12, 31)),
        ("C2", "Smith", date(2026, 1, 1), date(2026, 3, 1)),
        ("C3", "Smith", date(2026, 3, 1), date(9999, 12, 31)),
    ]
    assert [row[:3] + row[6:] for row in rows(engine, FACTS)] == [
        (20260101, "C1", "Smith", True, False),
        (20260101, "C2", "Smith", True, False),
        (20260201, "C1", "Miller", False, True),
        (20260201, "C2", "Smith", False, False),
        (20260301, "C1", "Miller", False, False),
        (20260301, "C3", "Smith", True, False),
    ]
    late = rows(engine, CORE), rows(engine, FACTS)
    assert rows(engine, MEMBERS) == rows(engine, HISTORY)

    ((version,),) = rows(engine, "SELECT version_id FROM meta.dataset_version WHERE snapshot_month = '2026-02-01'")
    roll_back(version, doors)
    run(doors)
    assert (rows(engine, CORE), rows(engine, FACTS)) == (before, published)
    assert rows(engine, MEMBERS) == rows(engine, HISTORY)
    assert any("rolled back" in line and "citizens_2026-02" in line for line in status_lines(doors))
    roll_forward(version, doors)
    run(doors)
    assert (rows(engine, CORE), rows(engine, FACTS)) == late
    assert rebuild_all(doors) == 0


def test_the_command_that_takes_a_load_back_publishes_and_status_says_so(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    address = SecretStr(doors.warehouse.url.render_as_string(hide_password=False))
    settings = Settings({CitizensSettings: CitizensSettings(warehouse_url=address, citizens_root=str(doors.root))})
    lines: list[str] = []

    def command(*arguments: str) -> int:
        return carry_out(parser("citizens").parse_args(arguments), settings, run_id="command", write=lines.append)

    paths = [workbooks.citizens(f"2026-0{month}", *map(person, range(month, 4))) for month in (1, 2)]
    assert command("ingest", *map(str, paths)) == command("run") == 0
    before = rows(doors.warehouse, FACTS)
    assert len(before) == 5
    assert command("transform", "--rollback", "2") == 0
    assert [row[0] for row in rows(doors.warehouse, FACTS)] == [20260101] * 3
    assert command("status") == 0
    assert [line.split()[1:4] for line in lines if line.startswith("2026-02")] == [
        ["citizens_2026-02.xlsx", "rolled", "back"]
    ]
    assert lines[-1] == "to be published: nothing"
    assert command("transform", "--reload", "2") == 0
    assert rows(doors.warehouse, FACTS) == before
    with pytest.raises(NoSuchLoadError, match="there is no version 9; there are 1, 2"):
        command("transform", "--rollback", "9")


def test_numbers_in_the_mart_stay_whatever_is_published_between(doors: CitizensDoors, workbooks: Workbooks) -> None:
    def mart() -> list[list[tuple[Any, ...]]]:
        tables = ("dim_location", "dim_citizen", "fact_citizen_snapshot")
        return [rows(doors.warehouse, f"SELECT * FROM mart.{table} ORDER BY 1, 2") for table in tables]

    load(doors, workbooks.citizens("2026-02", person(1), person(2, city="Boston", zip="2101")))
    before = mart()
    load(doors, workbooks.citizens("2026-01", person(1, city="Austin"), person(3, city="Aachen")))
    assert mart() != before
    for turn, at in ((roll_back, 1), (roll_back, 0), (roll_forward, 0)):
        turn(rows(doors.warehouse, "SELECT version_id FROM meta.dataset_version ORDER BY 1")[at][0], doors)
        run(doors)
        assert rows(doors.warehouse, MEMBERS) == rows(doors.warehouse, HISTORY), "members are the rows of the history"
    places, *others = mart()
    assert others == before[1:]
    assert places[: len(before[0])] == before[0], "places that nobody lives at any more keep their numbers"


def test_a_second_run_has_nothing_to_do(doors: CitizensDoors, workbooks: Workbooks) -> None:
    load(doors, workbooks.citizens("2026-01", person(1)))
    before = rows(doors.warehouse, CORE), rows(doors.warehouse, FACTS)
    assert run(doors) == 0
    assert (rows(doors.warehouse, CORE), rows(doors.warehouse, FACTS)) == before
    assert rows(doors.warehouse, "SELECT message FROM meta.etl_audit ORDER BY audit_id DESC LIMIT 1") == [
        ("mart: nothing has changed",)
    ]


def test_unknown_places_and_births_have_a_member_that_says_so(doors: CitizensDoors, workbooks: Workbooks) -> None:
    load(doors, workbooks.citizens("2026-01", person(1, city=None, zip=None), person(2, city=None)))
    assert [row[3] for row in rows(doors.warehouse, FACTS)] == ["Unknown", "Unknown"]
    assert rows(doors.warehouse, "SELECT count(*) FROM mart.dim_citizen WHERE citizen_key < 0") == [(1,)]


def test_the_service_makes_no_table_and_drops_none(service: Engine) -> None:
    for statement in ("CREATE TABLE core.mine (a int)", "DROP TABLE core.citizen", "TRUNCATE mart.dim_date"):
        with pytest.raises(CatalogueError), service.begin() as connection:
            connection.execute(text(statement))


def test_what_somebody_changed_in_the_history_is_rebuilt_from_the_stage_and_published(
    doors: CitizensDoors, warehouse_owner: Engine, workbooks: Workbooks
) -> None:
    load(doors, workbooks.citizens("2026-01", person(1), person(2)))
    before = rows(doors.warehouse, CORE), rows(doors.warehouse, FACTS)
    for table in ("core.citizen", "mart.dim_citizen"):
        with warehouse_owner.begin() as owner:
            owner.execute(text(f"UPDATE {table} SET last_name = 'Nobody' WHERE citizen_id = 'C1'"))
    assert rebuild_all(doors) == 1
    assert publish(doors) == 1
    assert (rows(doors.warehouse, CORE), rows(doors.warehouse, FACTS)) == before
    assert rows(doors.warehouse, "SELECT 1 FROM mart.dim_citizen WHERE last_name = 'Nobody'") == []
    assert rebuild_all(doors) == 0

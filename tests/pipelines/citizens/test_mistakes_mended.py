"""What landed as the wrong thing, or stopped for want of a setting, is told as long as it stands, and can be mended."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from structlog.testing import capture_logs

from etl_core.errors import CatalogueError, TerminalError
from etl_core.settings import Settings
from pipelines.citizens.contracts import CONTRACTS
from pipelines.citizens.dismiss import dismiss
from pipelines.citizens.errors import NotDismissedError, ReplacedLoadError, WorkbookRefusedError
from pipelines.citizens.ingest import Expected, ingest
from pipelines.citizens.rules.cleansing import RULES_VERSION, tried
from pipelines.citizens.run_pipeline import carry_out, parser, run, transform_all, validate_all
from pipelines.citizens.settings import CitizensSettings
from pipelines.citizens.status import state_of, status_lines
from pipelines.citizens.transform import rebuild_all, roll_back, roll_forward, to_transform, transform
from pipelines.citizens.validate import to_validate, validate
from pipelines.citizens.warehouse.connecting import make_warehouse
from pipelines.citizens.warehouse.landings import Landing, landings, standing_failures
from tests.pipelines.citizens.town import CORE, FACTS, Workbooks, land, load, person, rows

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipelines.citizens.doors import CitizensDoors

_OLD_WORDS = "CONSTRAINT validation_log_status_check CHECK (status IN ('passed', 'failed', 'unreadable'))"
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
    assert ingest(path, doors).known, "its name alone changes nothing"
    assert not ingest(path, doors, Expected(kind="citizens")).known
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
        ingest(path, doors, Expected(snapshot=date(2026, 3, 1)))
    roll_back(1, doors)
    assert ingest(path, doors, Expected(snapshot=date(2026, 1, 1))).known
    ((told,),) = rows(doors.warehouse, "SELECT details FROM meta.etl_audit ORDER BY audit_id DESC LIMIT 1")
    assert told.endswith("landing it again loads nothing; `citizens transform --reload 1` brings it back")
    assert not ingest(path, doors, Expected(snapshot=date(2026, 3, 1))).known
    assert ingest(path, doors).known
    assert run(doors) == 0
    assert [row[0] for row in rows(doors.warehouse, FACTS)] == [20260301] * 2
    mended = [
        ("citizens", "2026-02", "replaced"),
        ("citizens", "2026-01", "rolled back"),
        ("citizens", "2026-03", "loaded"),
    ]
    assert states(doors) == mended
    why = (
        r"version 1, citizens of 2026-01, cannot come back: its workbook landed anew as \S+ on 2026-06-01 .* and "
        r"counts as citizens of 2026-03 alone; if that is wrong, take version 2 back with --rollback 2 and land it "
        r"again with --kind citizens --snapshot 2026-01$"
    )
    with pytest.raises(ReplacedLoadError, match=why):
        roll_forward(1, doors)
    roll_back(2, doors)
    with pytest.raises(ReplacedLoadError, match=r"alone; if that is wrong, land it again with"):
        roll_forward(1, doors)
    roll_forward(2, doors)
    assert rebuild_all(doors) == 0, "each landing has clean rows of its own"
    assert (states(doors), to_validate(doors), to_transform(doors)) == (mended, [], [])


def test_a_load_whose_workbook_landed_anew_as_the_same_names_the_load_that_counts(
    doors: CitizensDoors, warehouse_owner: Engine, workbooks: Workbooks
) -> None:
    path = workbooks.citizens("2026-01", person(1))

    def land_and_look(month: int) -> None:
        ingest(path, doors, Expected(snapshot=date(2026, month, 1)))
        validate_all(doors)

    def refused() -> str:
        with pytest.raises(ReplacedLoadError) as error:
            roll_forward(1, doors)
        return str(error.value).rpartition("; ")[2]

    for version, month in ((1, 1), (2, 2)):
        land_and_look(month)
        transform_all(doors)
        roll_back(version, doors)
    land_and_look(1)
    assert refused() == "`citizens run` loads that one"
    transform_all(doors)
    assert refused() == "that one is version 3"
    roll_back(3, doors)
    assert refused() == "that one is version 3, and --reload 3 brings it back"
    with warehouse_owner.begin() as owner:
        owner.execute(text("UPDATE meta.dataset_version SET is_live = true WHERE version_id = 2"))
    with pytest.raises(ReplacedLoadError, match=r"counts as citizens of 2026-02 alone; .* take version 2 back"):
        roll_forward(3, doors)  # beside what was brought back when that was no mistake yet


def test_a_copy_under_the_name_of_another_month_changes_nothing_until_somebody_says_so(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    path = workbooks.citizens("2026-01", person(1))
    copies = [path.with_name("citizens_2026-02.xlsx"), path.with_name("phones_2026-01.xlsx")]
    for copy in copies:
        shutil.copy(path, copy)

    def land_all() -> list[str]:
        assert [ingest(one, doors).ingestion_id for one in (path, *copies)] == [1, 1, 1]
        found = rows(doors.warehouse, "SELECT details FROM meta.etl_audit WHERE status = 'OK' ORDER BY audit_id DESC")
        return [str(row[0]) for row in found[1::-1]]

    month, kind = land_all()
    as_it_is = "is the workbook that landed as citizens_2026-01.xlsx, byte by byte, and counts as citizens of 2026-01"
    hint = "if that is wrong, land it again with"
    assert month == f"citizens_2026-02.xlsx {as_it_is}, not as citizens of 2026-02; {hint} `--snapshot 2026-02`"
    assert kind == f"phones_2026-01.xlsx {as_it_is}, not as phones of 2026-01; {hint} `--kind phones`"
    assert run(doors) == 0
    assert "take the load back with `citizens transform --rollback 1` and land it again" in land_all()[0]
    assert (run(doors), states(doors)) == (0, [("citizens", "2026-01", "loaded")])


def test_what_stopped_and_is_not_wanted_is_dismissed_until_its_content_lands_anew(
    doors: CitizensDoors, warehouse_owner: Engine, workbooks: Workbooks
) -> None:
    good, bad = workbooks.citizens("2026-01", person(1)), workbooks.citizens("2026-01", name="citizens_2026-01-v2.xlsx")
    assert (load(doors, good), load(doors, bad), run(doors)) == (0, 1, 1)
    with pytest.raises(
        NotDismissedError, match=r"no citizens_2026-01\.xlsx stands stopped; what does: \S+-v2\.xlsx \("
    ):
        dismiss("citizens_2026-01.xlsx", None, doors)
    with warehouse_owner.begin() as owner:
        owner.execute(text("ALTER TABLE meta.validation_log DROP CONSTRAINT validation_log_status_check"))
        owner.execute(text(f"ALTER TABLE meta.validation_log ADD {_OLD_WORDS}"))
    with pytest.raises(
        CatalogueError, match=r"no dismissed workbooks in meta\.validation_log; run `pipeline-processing mi"
    ):
        dismiss(bad.name, None, doors)
    make_warehouse(warehouse_owner)
    dismiss(bad.name, None, doors)
    dismiss(bad.name, date(2026, 1, 1), doors)
    said = rows(doors.warehouse, "SELECT status, message FROM meta.etl_audit WHERE step = 'dismiss' ORDER BY audit_id")
    assert [row for row in said if row[0] == "OK"] == [
        ("OK", f"{bad.name}: citizens of 2026-01, which had stopped, is not wanted"),
        ("OK", f"{bad.name}: was dismissed before"),
    ]
    assert ingest(bad, doors).known, "who lands the whole folder again brings nothing back"
    assert run(replace(doors, region="DE")) == 0
    dismissed = [("citizens", "2026-01", "loaded"), ("citizens", "2026-01", "dismissed")]
    assert states(doors) == dismissed
    assert any("not wanted any more; it had stopped: the workbook has a header" in line for line in status_lines(doors))
    with doors.warehouse.connect() as connection:
        _, one = landings(connection, doors.root)
    validate(one, doors)  # as somebody who saw it before
    assert (states(doors), transform(replace(one, clean_path=_some_clean_rows(doors)), doors)) == (dismissed, None)
    assert not ingest(bad, doors, Expected(snapshot=date(2026, 1, 1))).known
    assert run(doors) == 1
    assert states(doors)[1:] == [("citizens", "2026-01", "replaced"), ("citizens", "2026-01", "failed")]


def _some_clean_rows(doors: CitizensDoors) -> Path:
    return next(doors.clean.glob("*.parquet"))


def test_of_a_name_that_stopped_in_several_months_one_is_said(doors: CitizensDoors, workbooks: Workbooks) -> None:
    for month in ("2026-01", "2026-02"):
        path = workbooks.citizens(month, name="citizens.xlsx", header=["citizen_id", month])
        ingest(path, doors, Expected(snapshot=date.fromisoformat(f"{month}-01")))
    assert run(doors) == 1
    with pytest.raises(
        NotDismissedError, match=r"stands stopped of 2026-01, 2026-02; say which of them with --snapshot"
    ):
        dismiss("citizens.xlsx", None, doors)
    address = SecretStr(doors.warehouse.url.render_as_string(hide_password=False))
    settings = Settings({CitizensSettings: CitizensSettings(warehouse_url=address, citizens_root=str(doors.root))})
    arguments = parser("citizens").parse_args(["dismiss", "citizens.xlsx", "--snapshot", "2026-02"])
    assert carry_out(arguments, settings, run_id="command", write=print) == 0
    assert [state for _, _, state in states(doors)] == ["failed", "dismissed"]


def test_a_refusal_that_is_not_that_of_a_warehouse_of_before_is_told_as_it_is(
    doors: CitizensDoors, warehouse_owner: Engine, workbooks: Workbooks
) -> None:
    path = workbooks.citizens("2026-01", person(1))
    ingest(path, doors)
    with warehouse_owner.begin() as owner:
        owner.execute(text("ALTER TABLE meta.ingestion_log ADD CHECK (dataset <> 'citizen_phone')"))
    with pytest.raises(TerminalError, match=r"violates check constraint \"ingestion_log_dataset_check\"") as refused:
        ingest(path, doors, Expected(kind="phones"))
    assert not isinstance(refused.value, CatalogueError)


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
            "hint": "land them mended, or say with `citizens dismiss FILE` that one is not wanted",
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
        ([_landed(1, "failed"), _landed(2, "dismissed")], [1]),
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

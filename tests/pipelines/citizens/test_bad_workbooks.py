"""Workbooks that cannot land, or stop at the gate: a clear line, the account says it, a rerun heals."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
import xlsxwriter
from sqlalchemy import text

from jobs.playground.sample_workbooks import CITIZENS, ERROR_CELL, Cell, write_workbook
from pipelines.citizens.errors import StillBeingWrittenError, WorkbookRefusedError
from pipelines.citizens.ingest import Expected, ingest
from pipelines.citizens.run_pipeline import run
from pipelines.citizens.status import status_lines
from pipelines.citizens.transform import rebuild_all, roll_back
from pipelines.citizens.validate import FINDINGS, to_validate
from tests.pipelines.citizens.town import CORE, FACTS, Workbooks, land, load, person, rows
from tests.unit.formats.excel.workbooks import compound_file

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from pipelines.citizens.doors import CitizensDoors

_LOG = "SELECT file_name, snapshot_month FROM meta.ingestion_log ORDER BY ingestion_id"
_STEPS = """
SELECT step, level, status, message LIKE '%' || file_name || '%'
FROM meta.etl_audit, meta.ingestion_log WHERE level <> 'INFO' ORDER BY audit_id
"""
_FOUND = "SELECT status, rows_read, rows_clean, rows_rejected, message FROM meta.validation_log ORDER BY validation_id"


def test_a_workbook_that_is_still_being_copied_lands_when_it_is_whole(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    path = workbooks.citizens("2026-01", person(1))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StillBeingWrittenError, match="is cut short"):
        ingest(path, doors)
    assert rows(doors.warehouse, _LOG) == []
    ((level, status, message),) = rows(
        doors.warehouse, "SELECT level, status, message FROM meta.etl_audit ORDER BY audit_id DESC LIMIT 1"
    )
    assert (level, status) == ("ERROR", "FAIL")
    assert "still being copied" in message
    path.write_bytes(whole)
    assert not ingest(path, doors).known
    assert [file.name for file in doors.land.iterdir()] == [
        rows(doors.warehouse, "SELECT land_path FROM meta.ingestion_log")[0][0].rpartition("/")[2]
    ]


@pytest.mark.parametrize("what", ["went away while", "changed while it was copied"])
def test_a_workbook_that_changes_while_it_is_copied_does_not_land(
    doors: CitizensDoors, workbooks: Workbooks, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    path = workbooks.citizens("2026-01", person(1))
    whole = path.read_bytes()

    def meanwhile(_file: int) -> None:
        path.unlink()
        if what.startswith("changed"):
            path.write_bytes(whole + b"more")

    monkeypatch.setattr("os.fsync", meanwhile)
    with pytest.raises(StillBeingWrittenError, match=what):
        ingest(path, doors)
    assert not list(doors.land.iterdir())
    assert not rows(doors.warehouse, _LOG)
    monkeypatch.undo()
    path.write_bytes(whole)
    assert not ingest(path, doors).known


def test_a_workbook_that_somebody_has_open_waits(doors: CitizensDoors, workbooks: Workbooks) -> None:
    path = workbooks.citizens("2026-01", person(1))
    path.with_name(f"~${path.name}").write_bytes(b"ann")
    with pytest.raises(StillBeingWrittenError, match=re.escape("somebody has citizens_2026-01.xlsx open")):
        ingest(path, doors)


def test_what_names_no_kind_or_no_month_is_told_what_a_name_is_like(doors: CitizensDoors, workbooks: Workbooks) -> None:
    path = workbooks.citizens("", person(1), name="people.xlsx")
    with pytest.raises(WorkbookRefusedError, match=r"people\.xlsx names no kind; expected citizens or phones"):
        ingest(path, doors)
    with pytest.raises(WorkbookRefusedError, match="does not say which month it is of"):
        ingest(path, doors, Expected(kind="citizens"))
    landed = ingest(path, doors, Expected("citizens", date(2026, 2, 1)))
    assert (landed.snapshot, landed.known) == (date(2026, 2, 1), False)
    with pytest.raises(WorkbookRefusedError, match="cannot be read: No such file"):
        ingest(path.with_name("citizens_2026-09.xlsx"), doors)


def test_the_month_may_stand_in_a_cell_and_must_not_contradict_the_name(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    def workbook(name: str, month: Cell) -> Path:
        path = workbooks.folder / name
        with xlsxwriter.Workbook(path) as book:
            page = book.add_worksheet("citizens")
            for at, cells in enumerate((CITIZENS, [str(cell) for cell in person(1)])):
                page.write_row(at, 0, cells)
            cover = book.add_worksheet("the cover")
            cover.write(3, 2, "Stand")
            if isinstance(month, date):
                cover.write_datetime(3, 3, month, book.add_format({"num_format": "mmm yyyy"}))
            else:
                cover.write(3, 3, month)
        return path

    in_cell = Expected("citizens", cell="'the cover'!$D$4")
    said: dict[str, Cell] = {"1.xlsx": date(2026, 2, 14), "citizens_2026-03.xlsx": "2026-03", "3.xlsx": "04/2026"}
    for name, month in said.items():
        ingest(workbook(name, month), doors, in_cell)
    assert [row[1].month for row in rows(doors.warehouse, _LOG)] == [2, 3, 4]
    wrong: dict[tuple[str, Cell], tuple[Expected, str]] = {
        ("5.xlsx", None): (in_cell, "cell 'the cover'!$D$4 of 5.xlsx is empty; expected a month such as 2026-01"),
        ("6.xlsx", "soon"): (in_cell, "says 'soon'; expected a month"),
        ("citizens_2026-01.xlsx", "2026-06"): (in_cell, "2026-01 by its name and of 2026-06 by its cell"),
        ("6.xlsx", "2206-06"): (in_cell, "6.xlsx is said to be of 2206-06; expected a month from 1990-01 to 2027-12"),
        ("7.xlsx", "2026-07"): (replace(in_cell, cell="D"), "'D' is no cell; expected one such as B2"),
        ("8.xlsx", "2026-08"): (
            replace(in_cell, cell="info!D4"),
            "has no sheet 'info'; it has 'citizens', 'the cover'",
        ),
    }
    for (name, month), (expected, why) in wrong.items():
        with pytest.raises(WorkbookRefusedError, match=re.escape(why)):
            ingest(workbook(name, month), doors, expected)
    assert rows(doors.warehouse, "SELECT count(*) FROM meta.etl_audit WHERE status = 'FAIL'") == [(len(wrong),)]
    chosen = replace(in_cell, snapshot=date(2026, 9, 1))
    assert ingest(workbook("citizens_2026-01.xlsx", "2026-06"), doors, chosen).snapshot == date(2026, 9, 1)


def test_the_same_content_lands_once_whatever_its_name_and_another_content_under_one_name_lands_too(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    first = workbooks.citizens("2026-01", person(1))
    copy = first.with_name("citizens_2026-01 (copy).xlsx")
    copy.write_bytes(first.read_bytes())
    landed, again = land(doors, first, copy)
    assert (again.known, again.file_name, again.snapshot) == (True, first.name, landed.snapshot)
    land(doors, workbooks.citizens("2026-01", person(1, last_name="Miller")))
    assert len(rows(doors.warehouse, _LOG)) == len(list(doors.land.iterdir())) == 2
    run(doors)
    assert [row[2] for row in rows(doors.warehouse, CORE)] == ["Miller"], "of one month the later landing counts"


def test_each_kind_of_bad_row_is_rejected_with_its_reason(doors: CitizensDoors, workbooks: Workbooks) -> None:
    bad = {
        "last_name": (None, "required"),
        "birth_date": ("31.02.1980", "type"),
        "sex": ("?", "enum"),
        "email": ("nobody", "pattern"),
        "city": (ERROR_CELL, "pattern"),
        "registered_on": (date(1970, 1, 1), "registered_after_birth"),
    }
    people = [person(at + 2, **{name: cell}) for at, (name, (cell, _)) in enumerate(bad.items())]
    last, after = date(2026, 1, 31), date(2026, 2, 1)
    days: tuple[dict[str, Cell], ...] = (
        {"birth_date": "31.12.1849"},
        {"registered_on": after},
        {"birth_date": after, "registered_on": after},
    )
    people += [person(at + 20, **day) for at, day in enumerate(days)]
    good = [person(number, birth_date=last, registered_on=last) for number in range(100, 200)]
    load(doors, workbooks.citizens("2026-01", *good, *people, person(1, citizen_id=None)))
    ((status, read, clean, rejected, _),) = rows(doors.warehouse, _FOUND)
    assert (status, read, clean, rejected) == ("passed", 110, 100, 10)
    (file,) = doors.rejected.iterdir()
    told = pq.read_table(file)
    assert told["_line"].to_pylist() == [*range(102, 112)]
    found = [[finding["rule"] for finding in findings] for findings in told[FINDINGS].to_pylist()]
    assert found == [*([rule] for _, rule in bad.values()), ["min"], ["max"], ["max", "max"], ["required"]]
    assert "nobody" not in str(told[FINDINGS].to_pylist()), "findings tell no sensitive value"
    assert len(rows(doors.warehouse, CORE)) == 100


def test_rows_that_say_the_same_of_one_key_are_one_and_those_that_differ_all_go(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    path = workbooks.citizens(
        "2026-01",
        *(person(number) for number in range(10, 60)),
        *(person(1), person(1, first_name="Ann")),
        *(person(2), person(2, last_name="Miller"), person(2)),
    )
    load(doors, path)
    ((_, read, clean, rejected, _),) = rows(doors.warehouse, _FOUND)
    assert (read, clean, rejected) == (55, 52, 3)
    assert len(rows(doors.warehouse, CORE)) == 51
    (file,) = doors.rejected.iterdir()
    messages = {finding["message"] for row in pq.read_table(file)[FINDINGS].to_pylist() for finding in row}
    assert messages == {"citizen_id C2 stands in 2 rows that differ"}


def test_a_workbook_with_a_renamed_column_stops_and_the_others_go_on(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    header = ["surname" if name == "last_name" else name for name in CITIZENS]
    renamed = workbooks.citizens("2026-01", person(1), header=header)
    assert load(doors, renamed, workbooks.citizens("2026-02", person(1))) == 1
    ((status, read, clean, rejected, message), (other, *_)) = rows(doors.warehouse, _FOUND)
    assert (status, read, clean, rejected, other) == ("failed", 1, 0, 1, "passed")
    assert message.startswith("last_name missing; the header is citizen_id, first_name, surname, birth_date")
    assert len(rows(doors.warehouse, CORE)) == 1
    assert not [file for file in doors.clean.iterdir() if "2026-01" in file.name]


_ENCRYPTED = compound_file({"EncryptionInfo": bytes(300), "EncryptedPackage": bytes(9000)})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"not a workbook", "cannot be read (Cannot detect file format)"),
        (_ENCRYPTED, "protected by a password; send it without"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "cannot be read"),
    ],
    ids=["text", "encrypted", "broken"],
)
def test_what_is_no_workbook_is_told_to_be_unreadable_and_a_good_one_heals(
    doors: CitizensDoors, workbooks: Workbooks, content: bytes, why: str
) -> None:
    path = workbooks.folder / "citizens_2026-01.xlsx"
    path.write_bytes(content)
    assert load(doors, path) == 1
    ((status, *_, message),) = rows(doors.warehouse, _FOUND)
    assert (status, why in message) == ("unreadable", True), message
    assert rows(doors.warehouse, _STEPS) == [("validate", "WARNING", "FAIL", True)]
    assert rows(doors.warehouse, CORE) == []
    assert load(doors, workbooks.citizens("2026-01", person(1))) == 0
    assert len(rows(doors.warehouse, CORE)) == 1


def test_a_workbook_without_rows_ends_nobody(doors: CitizensDoors, workbooks: Workbooks) -> None:
    assert load(doors, workbooks.citizens("2026-01", person(1)), workbooks.citizens("2026-02")) == 1
    status, read, *_, message = rows(doors.warehouse, _FOUND)[-1]
    assert (status, read) == ("failed", 0)
    assert message.startswith("the workbook has a header and no rows; expected at least one")
    assert [row[5:8] for row in rows(doors.warehouse, CORE)] == [(date(2026, 1, 1), date(9999, 12, 31), True)]


def test_a_workbook_none_of_whose_rows_is_clean_ends_nobody(doors: CitizensDoors, workbooks: Workbooks) -> None:
    twice = [person(number, last_name=name) for number in range(30) for name in ("Smith", "Miller")]
    assert load(doors, workbooks.citizens("2026-01", person(1)), workbooks.citizens("2026-02", *twice)) == 1
    status, read, clean, rejected, message = rows(doors.warehouse, _FOUND)[-1]
    assert (status, read, clean, rejected) == ("failed", 60, 0, 60)
    assert message.endswith("not one of 60 rows is clean: nothing of it goes on")
    assert len(rows(doors.warehouse, CORE)) == 1


def test_the_sheet_of_the_kind_is_read_wherever_it_is_among_others(doors: CitizensDoors, workbooks: Workbooks) -> None:
    path = workbooks.citizens("2026-01", person(1))
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("cover").write_row(0, 0, ["citizen_id", "what this is"])
        book.add_worksheet("phones").write_row(0, 0, ["citizen_id", "phone_type", "phone"])
        page = book.add_worksheet("Citizens")
        for at, cells in enumerate((CITIZENS, [str(cell) for cell in person(1)])):
            page.write_row(at, 0, cells)
    assert load(doors, path) == 0
    assert [row[:3] for row in rows(doors.warehouse, CORE)] == [("C1", "Ann", "Smith")]


def test_titles_merged_above_the_header_are_told_apart_from_missing_columns(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    path = workbooks.folder / "citizens_2026-01.xlsx"
    write_workbook(path, "citizens", CITIZENS, [person(1)], merged=[("person", 5), ("address", 4), ("other", 3)])
    assert load(doors, path) == 1
    ((status, *_, message),) = rows(doors.warehouse, _FOUND)
    assert status == "failed"
    assert "citizen_id, first_name" in message
    assert "row 1, the header, has merged cells, which name all the columns they span" in message


def test_columns_may_stand_in_any_order_and_others_beside_them(doors: CitizensDoors, workbooks: Workbooks) -> None:
    turned = [*reversed(person(1)), "a note"]
    assert load(doors, workbooks.citizens("2026-01", turned, header=[*reversed(CITIZENS), "note"])) == 0
    assert [row[:4] for row in rows(doors.warehouse, CORE)] == [("C1", "Ann", "Smith", "New York")]


def test_a_month_that_lacks_is_told_until_it_comes(doors: CitizensDoors, workbooks: Workbooks) -> None:
    load(doors, workbooks.citizens("2025-11", person(1)), workbooks.citizens("2026-02", person(1), person(2)))
    assert "missing: citizens of 2025-12 to 2026-01" in list(status_lines(doors))
    assert rows(doors.warehouse, "SELECT details FROM meta.etl_audit WHERE level = 'WARNING'") == [
        ("no workbook of citizens for 2025-12 to 2026-01: the month before goes on up to the next there is",)
    ]
    load(doors, *(workbooks.citizens(month, person(1, house_no=at)) for at, month in enumerate(("2025-12", "2026-01"))))
    assert not [line for line in status_lines(doors) if line.startswith("missing")]


def test_a_workbook_that_lands_again_for_its_month_replaces_the_first_and_taking_it_back_restores_it(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    load(doors, workbooks.citizens("2026-01", person(1), person(2)))
    first = rows(doors.warehouse, CORE), rows(doors.warehouse, FACTS)
    load(doors, workbooks.citizens("2026-01", person(1, last_name="Miller")))
    assert [row[:3] for row in rows(doors.warehouse, FACTS)] == [(20260101, "C1", "Miller")]
    ((newest,),) = rows(doors.warehouse, "SELECT max(version_id) FROM meta.dataset_version")
    roll_back(newest, doors)
    run(doors)
    assert (rows(doors.warehouse, CORE), rows(doors.warehouse, FACTS)) == first


def test_a_landed_workbook_that_somebody_deleted_stops_alone(doors: CitizensDoors, workbooks: Workbooks) -> None:
    land(doors, workbooks.citizens("2026-01", person(1)), workbooks.citizens("2026-02", person(1, zip="501")))
    (gone,) = (file for file in doors.land.iterdir() if "2026-01" in file.name)
    content = gone.read_bytes()
    gone.unlink()
    assert run(doors) == 1
    assert [row[5] for row in rows(doors.warehouse, CORE)] == [date(2026, 2, 1)]
    gone.write_bytes(content)
    assert run(doors) == 0
    assert [row[5] for row in rows(doors.warehouse, CORE)] == [date(2026, 1, 1)]


def test_a_root_that_moved_is_found_where_it_is_now(doors: CitizensDoors, workbooks: Workbooks, tmp_path: Path) -> None:
    load(doors, workbooks.citizens("2026-01", person(1)))
    land(doors, workbooks.citizens("2026-02", person(2)))
    moved = replace(doors, root=doors.root.rename(tmp_path / "another disk"))
    assert run(moved) == 0
    assert rebuild_all(moved) == 0
    assert [row[0] for row in rows(doors.warehouse, CORE)] == ["C1", "C2"]


def test_a_workbook_that_stopped_is_looked_at_again_once_the_definition_is_another(
    doors: CitizensDoors, warehouse_owner: Engine, workbooks: Workbooks
) -> None:
    assert load(doors, workbooks.citizens("2026-01")) == 1
    assert (to_validate(doors), run(doors)) == ([], 1)
    with warehouse_owner.begin() as owner:
        owner.execute(text("UPDATE meta.validation_log SET definition = 'an older one'"))
    assert [landing.file_name for landing in to_validate(doors)] == ["citizens_2026-01.xlsx"]


def test_clean_rows_that_somebody_deleted_before_they_were_loaded_are_made_again(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    from pipelines.citizens.run_pipeline import validate_all  # noqa: PLC0415

    land(doors, workbooks.citizens("2026-01", person(1)))
    validate_all(doors)
    for file in doors.clean.iterdir():
        file.unlink()
    assert run(doors) == 0
    assert len(rows(doors.warehouse, CORE)) == 1

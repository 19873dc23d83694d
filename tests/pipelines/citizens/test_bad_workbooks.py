"""Workbooks that cannot land, or stop at the gate: a clear line, the account says it, a rerun heals."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from jobs.playground.sample_workbooks import CITIZENS, ERROR_CELL
from pipelines.citizens.errors import StillBeingWrittenError, WorkbookRefusedError
from pipelines.citizens.ingest import Expected, ingest
from pipelines.citizens.run_pipeline import run
from pipelines.citizens.validate import FINDINGS
from tests.pipelines.citizens.town import CORE, Workbooks, land, load, person, rows

if TYPE_CHECKING:
    from pipelines.citizens.doors import CitizensDoors

_LOG = "SELECT file_name, snapshot_month FROM meta.ingestion_log ORDER BY ingestion_id"
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


def test_the_same_content_lands_once_whatever_its_name_and_another_content_under_one_name_lands_too(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    first = workbooks.citizens("2026-01", person(1))
    copy = first.with_name("citizens_2026-02.xlsx")
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
    good = [person(number) for number in range(100, 200)]
    load(doors, workbooks.citizens("2026-01", *good, *people, person(1, citizen_id=None)))
    ((status, read, clean, rejected, _),) = rows(doors.warehouse, _FOUND)
    assert (status, read, clean, rejected) == ("passed", 107, 100, 7)
    (file,) = doors.rejected.iterdir()
    told = pq.read_table(file)
    assert told["_line"].to_pylist() == [*range(102, 109)]
    found = [[finding["rule"] for finding in findings] for findings in told[FINDINGS].to_pylist()]
    assert found == [*([rule] for _, rule in bad.values()), ["required"]]
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


@pytest.mark.parametrize("content", [b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, b"not a workbook"])
def test_what_is_no_workbook_lands_and_is_told_to_be_unreadable(
    doors: CitizensDoors, workbooks: Workbooks, content: bytes
) -> None:
    path = workbooks.folder / "citizens_2026-01.xlsx"
    path.write_bytes(content)
    assert load(doors, path) == 1
    ((status, *_, message),) = rows(doors.warehouse, _FOUND)
    assert status == "unreadable"
    assert message
    assert rows(doors.warehouse, CORE) == []


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

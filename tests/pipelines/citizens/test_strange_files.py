"""Files that are no workbooks, months that cannot be, names that cannot be written: each alone does not land."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from etl_core.errors import UsageError
from etl_core.settings import Settings
from pipelines.citizens.errors import StillBeingWrittenError, WorkbookRefusedError
from pipelines.citizens.files.arriving_file import refuse_unfinished
from pipelines.citizens.ingest import Expected, ingest
from pipelines.citizens.run_pipeline import carry_out, parser, run
from pipelines.citizens.settings import CitizensSettings
from pipelines.citizens.status import status_lines
from tests.pipelines.citizens.town import Workbooks, person, rows

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.citizens.doors import CitizensDoors

_FILES = "SELECT file_name FROM meta.ingestion_log ORDER BY ingestion_id"


def command(doors: CitizensDoors, *arguments: str) -> int:
    """The job's exit code."""
    address = SecretStr(doors.warehouse.url.render_as_string(hide_password=False))
    settings = Settings({CitizensSettings: CitizensSettings(warehouse_url=address, citizens_root=str(doors.root))})
    return carry_out(parser("citizens").parse_args(arguments), settings, run_id="command", write=lambda _: None)


def test_one_that_cannot_land_keeps_no_other_from_it_and_every_name_lands_as_one_that_can_be_written(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    folder = workbooks.folder
    os.mkfifo(folder / "citizens_2026-07.xlsx")
    (folder / "citizens_2026-08.xlsx").touch()
    (folder / "citizens_2026-09.xlsx").mkdir()
    names = [
        os.fsdecode(b"citizens_2026-01 M\xfcller.xlsx"),
        "citizens_2026-02\n\x1b[31m.xlsx",
        f"citizens_2026-03 {'ü' * 116}.xlsx",
    ]
    good = [workbooks.citizens("", person(1, house_no=at), name=name) for at, name in enumerate(names)]
    assert len(os.fsencode(names[2])) == 254
    refused = [
        workbooks.citizens("0000-01", person(2)),
        *(folder / f"citizens_2026-0{month}.xlsx" for month in (7, 8, 9)),
        folder / os.fsdecode(b"citizens_2026-04 \xfc.xlsx"),
        workbooks.citizens("9999-12", person(3)),
    ]
    with capture_logs() as said:
        assert command(doors, "ingest", *map(str, [*refused, *good])) == 75
    told = [(str(line["file"]).rpartition("/")[2][9:16], str(line["error"])) for line in said if "error" in line]
    for (month, error), (expected, why) in zip(
        told,
        {
            "0000-01": "citizens_0000-01.xlsx does not say which month it is of; expected a name such as",
            "2026-07": "cannot be read: it is not a regular file; expected a workbook",
            "2026-08": "citizens_2026-08.xlsx has 0 bytes; it is still being written",
            "2026-09": "cannot be read: it is a directory",
            "2026-04": "cannot be read: No such file",
            "9999-12": "is said to be of 9999-12; expected a month from 1990-01 to ",
        }.items(),
        strict=True,
    ):
        assert month == expected
        assert why in error
        json.dumps(error).encode()
    kept = [name for (name,) in rows(doors.warehouse, _FILES)]
    assert kept == ["citizens_2026-01 M\\udcfcller.xlsx", "citizens_2026-02\\n\\x1b[31m.xlsx", names[2]]
    assert run(doors) == 0
    lines = list(status_lines(doors))
    assert [line[:7] for line in lines[1:4]] == ["2026-01", "2026-02", "2026-03"]
    assert all(line.isprintable() for line in lines)
    assert len([*doors.land.iterdir()]) == len([*doors.clean.iterdir()]) == 3


def test_an_error_that_nobody_expected_goes_on_when_the_others_have_landed(
    doors: CitizensDoors, workbooks: Workbooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strange(path: Path) -> None:
        if "2026-01" in path.name:
            raise OverflowError
        refuse_unfinished(path)

    monkeypatch.setattr("pipelines.citizens.ingest.refuse_unfinished", strange)
    paths = [workbooks.citizens(month, person(1)) for month in ("2026-01", "2026-02")]
    with pytest.raises(OverflowError):
        command(doors, "ingest", *map(str, paths))
    assert rows(doors.warehouse, _FILES) == [("citizens_2026-02.xlsx",)]


def test_months_are_from_1990_to_the_end_of_next_year(doors: CitizensDoors, workbooks: Workbooks) -> None:
    path = workbooks.citizens("2026-01", person(1))
    for month in (date(1989, 12, 1), date(2028, 1, 1), date(9999, 12, 1)):
        with pytest.raises(WorkbookRefusedError, match="expected a month from 1990-01 to 2027-12; name it anew"):
            ingest(path, doors, Expected(snapshot=month))
    for said in ("0000-01", "9999-12", "soon"):
        with pytest.raises(UsageError, match=f"--snapshot '{said}' is "):
            command(doors, "ingest", "--snapshot", said, str(path))
    assert ingest(path, doors, Expected(snapshot=date(2027, 12, 1))).snapshot == date(2027, 12, 1)
    later = replace(doors, clock=lambda: doors.clock().replace(year=2040))
    workbooks.citizens("2041-12", person(2))
    assert not ingest(path.with_name("citizens_2041-12.xlsx"), later).known


@pytest.mark.parametrize("content", [b"", b"P", b"PK\x03", b"PK\x03\x04 and no end", bytes(4096)])
def test_a_workbook_of_which_only_the_beginning_is_there_is_still_being_written(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "citizens_2026-01.xlsx"
    path.write_bytes(content)
    with pytest.raises(StillBeingWrittenError):
        refuse_unfinished(path)

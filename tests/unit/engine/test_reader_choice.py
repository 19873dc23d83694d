"""What `READER` asks for is done where it can be, and otherwise said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dq.engine.assignment import Assignment
from dq.engine.parts import FileTask
from dq.engine.planning import ReaderChoice, choose_reader, plan_file
from dq.formats.limits import Limits
from etl_core.objects.store import ObjectStore
from tests.engine.batches import local_sources
from tests.unit.formats.excel import workbooks

if TYPE_CHECKING:
    from pathlib import Path


def planned(path: Path, data: bytes) -> FileTask:
    path.write_bytes(data)
    (source,) = local_sources([path], None)
    task = plan_file(source, Assignment(ObjectStore(), Limits()))
    assert isinstance(task, FileTask)
    return task


def test_spark_s_readers_are_not_given_a_format_they_were_not_taught(tmp_path: Path) -> None:
    """Neither one that Spark does not know, nor one that somebody added without saying how Spark reads it."""
    workbook = planned(tmp_path / "a.xlsx", workbooks.xlsx(workbooks.Table([["id"], [1]])))
    text = planned(tmp_path / "a.csv", b"id\n1\n")
    added = replace(text, layout=replace(text.layout, format=replace(text.layout.format, spark=None)))
    assert choose_reader(text, "spark", has_spark=True) == ReaderChoice("spark", "READER=spark")
    for task, name in ((workbook, "excel"), (added, "csv")):
        chosen = choose_reader(task, "spark", has_spark=True)
        assert chosen == ReaderChoice("direct", f"READER=spark, but Spark has no reader for {name}")


@pytest.mark.parametrize("wanted", ["auto", "direct"])
def test_byte_ranges_are_taken_unless_spark_s_readers_are_asked_for(tmp_path: Path, wanted: str) -> None:
    assert choose_reader(planned(tmp_path / "a.csv", b"id\n1\n"), wanted, has_spark=True).reader == "direct"

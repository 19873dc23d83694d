"""Folders of tables and partitions hold any name, and every reader finds them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_core.errors import UsageError
from etl_core.objects.failures import ObjectConflictError
from pipelines.lake.errors import TableUnavailableError
from pipelines.lake.files.folders import file_path, plain_name
from pipelines.lake.files.table_folder import lake_table
from tests.pipelines.lake.lake_tables import run_part

if TYPE_CHECKING:
    from pipelines.lake.files.table_folder import TableFolder


@given(st.text())
def test_any_text_has_a_plain_name_of_its_own(text: str) -> None:
    name = plain_name(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,72}", name)
    assert plain_name(text + "x") != name
    assert plain_name(name) == name


def test_a_path_says_whose_rows_it_holds() -> None:
    key = run_part(7).key
    assert file_path(key, "a1", 3) == "tenant-a/2026-01-04/07-a1-0003.zstd.parquet"
    assert ":" not in file_path(replace(key, agency_slug="a:b"), "a 1", 0)


def test_tables_lie_under_the_root(tmp_path: object) -> None:
    assert lake_table("s3://lake/a/", "silver", "trips").uri == "s3://lake/a/silver/trips"
    assert lake_table("s3a://lake", "quarantine", "trips").for_spark == "s3a://lake/quarantine/trips"
    assert lake_table(f"{tmp_path}/x y", "silver", "trips").uri == f"{tmp_path}/x y/silver/trips"
    assert lake_table(f"{tmp_path}/x y", "silver", "trips").for_spark == f"{tmp_path}/x y/silver/trips"
    assert lake_table("s3://lake", "silver", "fähre 1").uri.startswith("s3://lake/silver/f-hre-1-")


@pytest.mark.parametrize("root", ["s3://lake/of %20", "s3://lake/\u00fc", "https://lake"])
def test_a_root_that_readers_would_not_find_is_refused(root: str) -> None:
    with pytest.raises(UsageError):
        lake_table(root, "silver", "trips")


def test_a_file_is_never_written_over(folder: TableFolder) -> None:
    folder.create("a/b", b"1")
    folder.create("a/b", b"1")
    with pytest.raises(ObjectConflictError, match="was not written: another file is there"):
        folder.create("a/b", b"2")
    assert folder.open_file("a/b").read() == b"1"


def test_a_folder_that_cannot_be_written_says_what_to_do(folder: TableFolder) -> None:
    folder.create("a", b"a file where a folder should be")
    with pytest.raises(TableUnavailableError, match=r"could not be written: .*; let this user write there"):
        folder.create("a/b", b"1")

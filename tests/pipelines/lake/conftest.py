"""A folder for a table, per test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines.lake.files.table_folder import TableFolder, lake_table

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> TableFolder:
    """Where a table may be made."""
    return lake_table(str(tmp_path / "the lake"), "silver", "trips")

"""The lake of a test as its readers see it, and the account of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable
from sqlalchemy import text

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing


def rows(command_line: CommandLine, layer: str, table: str = "trips") -> list[dict[str, Any]]:
    """All rows of a table, by agency, hour and line; mapped columns, which not every way of reading knows, too."""
    found = pa.table(DeltaTable(str(command_line.folder / ".data/lake" / layer / table)).scan().read_all())
    return sorted(found.to_pylist(), key=lambda row: (row["_agency_slug"], row["_run_hour"], row["_line"]))


def loads(landing: Landing, columns: str) -> list[tuple[Any, ...]]:
    """Some columns of all loads, in their order."""
    with landing.database.connect() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM pipeline.silver_load ORDER BY id")).all()
    return [tuple(row) for row in found]

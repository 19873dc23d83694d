"""What other programs do to tables: delta-rs' own compaction and vacuum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

if TYPE_CHECKING:
    from pipelines.lake.files.table_folder import TableFolder


def compact(folder: TableFolder) -> None:
    """Put the files of each partition together, where there is a table."""
    table = _table(folder)
    if table is not None:
        table.optimize.compact()


def vacuum(folder: TableFolder) -> None:
    """Delete every file that the table does not consist of now, where there is a table."""
    table = _table(folder)
    if table is not None:
        table.vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)


def _table(folder: TableFolder) -> DeltaTable | None:
    try:
        return DeltaTable(folder.uri, storage_options=folder.storage_options())
    except TableNotFoundError:
        return None

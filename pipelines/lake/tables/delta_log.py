"""The log of a table: what the table is at a version, and committing the next one.

Reading is delta-rs' work (checkpoints, thousands of commits). A commit is one file that nobody else may have written:
made here, because it has to be exactly the next version or none (decision 0025).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from etl_core.objects.failures import ObjectConflictError
from pipelines.lake.errors import TableAlteredError, TableCorruptError, TableUnavailableError
from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.schema.system_columns import PARTITION_COLUMNS
from pipelines.lake.schema.table_schema import TableSchema, read_schema
from pipelines.lake.tables.active_file import ActiveFile
from pipelines.lake.tables.actions import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deltalake import DeltaTable

log = structlog.get_logger()

#: What a table may ask of its writers that every commit made here does: nothing is generated, checked or versioned.
_WRITER_FEATURES = frozenset({"appendOnly", "invariants", "columnMapping", "vacuumProtocolCheck", "v2Checkpoint"})
#: Versions of Delta's protocol below which features have no names, and what they imply beyond ours.
_NAMED_FEATURES = 7
_MAPPED_WRITER = 5
#: Settings of a table that ask more of a writer than we do.
_UNWRITABLE = {
    "delta.appendOnly": "true",
    "delta.enableChangeDataFeed": "true",
    "delta.enableDeletionVectors": "true",
    "delta.enableRowTracking": "true",
    "delta.enableInCommitTimestamps": "true",
}
#: Commits after which the log is summed up for who reads it next.
CHECKPOINT_INTERVAL = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table at one version.

    Attributes:
        version: of the table.
        schema: its columns.
        table_id: which table it is, whatever its place.
        configuration: its settings.
        created: in milliseconds; None where the log does not say.
        source: delta-rs' table at this version.
    """

    version: int
    schema: TableSchema
    table_id: str
    configuration: Mapping[str, str]
    created: int | None
    source: DeltaTable

    @property
    def files(self) -> tuple[ActiveFile, ...]:
        """The files the table consists of."""
        return _active_files(self)

    def transaction_version(self, app_id: str) -> int | None:
        """How far an application is; None where the table does not know it."""
        return self.source.transaction_version(app_id)

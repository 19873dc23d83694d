"""The log of a table: what the table is at a version, and committing the next one.

Reading is delta-rs' work (checkpoints, thousands of commits). A commit is one file that nobody else may have written:
made here, because it has to be exactly the next version or none (decision 0025).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import structlog

from etl_core.errors import ObjectGoneError
from etl_core.objects.failures import ObjectConflictError
from pipelines.lake.errors import CommitConflictError, TableAlteredError, TableCorruptError, TableUnavailableError
from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.schema.system_columns import PARTITION_COLUMNS
from pipelines.lake.schema.table_schema import TableSchema, read_schema
from pipelines.lake.tables.actions import encode, metadata, protocol
from pipelines.lake.tables.active_file import ActiveFile, active_files
from pipelines.lake.tables.transactions import transaction_versions

if TYPE_CHECKING:
    from deltalake import DeltaTable

log = structlog.get_logger()

#: What a table may ask of its writers and every commit made here does: nothing is generated, checked or versioned.
_WRITER_FEATURES = frozenset({"appendOnly", "invariants", "columnMapping", "vacuumProtocolCheck"})
#: From this version of the protocol on features have names; before it, 5 is the last that asks nothing else.
_NAMED_FEATURES, _LAST_UNNAMED = 7, 5
#: Settings of a table with which a commit of ours would break it.
_REFUSED_SETTINGS = (
    *("delta.appendOnly", "delta.enableChangeDataFeed", "delta.enableDeletionVectors", "delta.enableRowTracking"),
    "delta.enableInCommitTimestamps",
)
_MODE, _NEWEST_ID = "delta.columnMapping.mode", "delta.columnMapping.maxColumnId"
#: Commits after which the log is summed up for who reads it next.
CHECKPOINT_INTERVAL = 20
#: How long a table remembers how far runs are. A process that was thought dead for longer stays dead.
TRANSACTION_RETENTION = "interval 30 days"
_PLAIN_PROTOCOL, _MAPPED_PROTOCOL = protocol(1, 2), protocol(2, 5)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table at one version.

    Attributes:
        folder: where it lies.
        version: of the table.
        schema: its columns.
        table_id: which table it is, whatever its place.
        configuration: its settings.
        created: in milliseconds; None where the log does not say.
        source: delta-rs' table at this version.
    """

    folder: TableFolder
    version: int
    schema: TableSchema
    table_id: str
    configuration: Mapping[str, str]
    created: int | None
    source: DeltaTable

    def files_of(self, days: Collection[date]) -> list[ActiveFile]:
        """The files the table has of some days of runs."""
        with named_failures(self.folder):
            return active_files(self.source, days)

    def transaction_versions(self) -> dict[str, int]:
        """How far applications are."""
        try:
            return transaction_versions(self.folder, self.version)
        except ObjectGoneError as error:
            raise TableCorruptError(f"the log of {self.folder.uri} has a gap: {error}; restore the file") from error


def read_snapshot(folder: TableFolder, version: int | None = None) -> Snapshot | None:
    """A table as it is now, or was at a version; None where there is none.

    Raises:
        TableAlteredError: it has features or columns that are not written here.
        TableCorruptError: its log cannot be read, or lacks the version.
        TableUnavailableError: its place does not answer.
    """
    table = opened_table(folder, version)
    if table is None:
        return None
    with named_failures(folder):
        described, asked = table.metadata(), table.protocol()
    configuration = dict(described.configuration)
    _refuse_unknown(folder, configuration, asked.min_writer_version, asked.writer_features or [])
    mapped = configuration.get(_MODE, "none") != "none"
    newest = int(configuration.get(_NEWEST_ID, 0))
    schema = read_schema(table.schema().to_json(), mapped=mapped, newest_id=newest)
    if tuple(described.partition_columns) != PARTITION_COLUMNS:
        raise TableAlteredError(
            f"{folder.uri} is partitioned by {', '.join(described.partition_columns) or 'nothing'}, expected"
            f" {', '.join(PARTITION_COLUMNS)}; write to another table"
        )
    return Snapshot(folder, table.version(), schema, str(described.id), configuration, described.created_time, table)


def latest_version(folder: TableFolder) -> int | None:
    """The version of a table, whatever its features; None where there is none. Raises as `read_snapshot`."""
    table = opened_table(folder, None)
    return None if table is None else table.version()


def transaction_version(folder: TableFolder, app_id: str) -> int | None:
    """How far an application is, whatever the table's features. Raises as `read_snapshot`."""
    table = opened_table(folder, None)
    return None if table is None else table.transaction_version(app_id)


def creation(
    schema: TableSchema, table_id: str, milliseconds: int, properties: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The actions that make a table.

    Args:
        schema: its columns.
        table_id: of the new table.
        milliseconds: since 1970, UTC.
        properties: settings of the table beside Delta's own.
    """
    configuration = {
        "delta.checkpointInterval": str(CHECKPOINT_INTERVAL),
        "delta.setTransactionRetentionDuration": TRANSACTION_RETENTION,
        **(properties or {}),
        **_mapping(schema),
    }
    asked = _MAPPED_PROTOCOL if schema.mapped else _PLAIN_PROTOCOL
    return [asked, metadata(table_id, schema.to_json(), PARTITION_COLUMNS, configuration, milliseconds)]


def alteration(snapshot: Snapshot, schema: TableSchema) -> list[dict[str, Any]]:
    """The actions that give a table other columns; none where it has them."""
    if schema == snapshot.schema:
        return []
    configuration = {**snapshot.configuration, **_mapping(schema)}
    told = metadata(snapshot.table_id, schema.to_json(), PARTITION_COLUMNS, configuration, snapshot.created)
    asked = snapshot.source.protocol()
    upgrade = schema.mapped and not snapshot.schema.mapped
    if not upgrade:
        return [told]
    if asked.min_writer_version >= _NAMED_FEATURES:
        raise TableAlteredError(
            f"{snapshot.folder.uri} needs column mapping for a new column's name, and its protocol was changed by"
            " another program; switch it on there (delta.columnMapping.mode = name), then load again"
        )
    return [_MAPPED_PROTOCOL, told]


def commit(folder: TableFolder, version: int, actions: Iterable[Mapping[str, Any]]) -> None:
    """Write a version of a table, which must be the one after the newest.

    Raises:
        CommitConflictError: somebody else has written it; nothing was changed.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the folder cannot be written. The commit may
            have arrived nevertheless: read the table before committing again.
    """
    try:
        folder.create(f"_delta_log/{version:020d}.json", encode(actions))
    except ObjectConflictError as error:
        raise CommitConflictError(f"version {version} of {folder.uri} was written by somebody else") from error


def sum_up(folder: TableFolder, version: int) -> None:
    """Write a checkpoint where one is due; what cannot be summed up is still a whole table."""
    if version == 0 or version % CHECKPOINT_INTERVAL:
        return
    from deltalake import DeltaTable  # noqa: PLC0415 - as above

    try:
        DeltaTable(folder.uri, storage_options=folder.storage_options()).create_checkpoint()
    except Exception as error:  # noqa: BLE001 - the rows are committed; the next due version tries again
        log.warning("no checkpoint was written", table=folder.uri, version=version, error=error)


def opened_table(folder: TableFolder, version: int | None) -> DeltaTable | None:
    """Have delta-rs read a log, whatever the table's features; None where there is none. Raises as `read_snapshot`."""
    from deltalake import DeltaTable  # noqa: PLC0415 - 100 MB that only lake jobs need
    from deltalake.exceptions import TableNotFoundError  # noqa: PLC0415 - comes with it

    with named_failures(folder):
        try:
            return DeltaTable(folder.uri, version=version, storage_options=folder.storage_options())
        except TableNotFoundError:
            return None


def _mapping(schema: TableSchema) -> dict[str, str]:
    return {_MODE: "name", _NEWEST_ID: str(schema.newest_id)} if schema.mapped else {}


def _refuse_unknown(
    folder: TableFolder, configuration: Mapping[str, str], writer: int, features: Iterable[str]
) -> None:
    """Refuse a table of which a commit would have to know more than ours does."""
    found = [f"{name} = true" for name in _REFUSED_SETTINGS if configuration.get(name, "false").lower() == "true"]
    found += [name for name in configuration if name.startswith("delta.constraints.")]
    if writer >= _NAMED_FEATURES:
        found += [f"feature {name}" for name in features if name not in _WRITER_FEATURES]
    elif writer > _LAST_UNNAMED:
        found.append(f"writer version {writer}")
    if found:
        raise TableAlteredError(
            f"{folder.uri} was given {', '.join(found)} by another program, and commits made here do not keep to it;"
            " switch it off there, or let the rows go to another table (silver.table in the definition)"
        )


@contextmanager
def named_failures(folder: TableFolder) -> Iterator[None]:
    """Have what delta-rs raises in the block raised as this package's errors."""
    from deltalake.exceptions import DeltaError, DeltaProtocolError, TableNotFoundError  # noqa: PLC0415 - as above

    try:
        yield
    except TableNotFoundError:
        raise
    except DeltaProtocolError as error:
        raise TableAlteredError(f"{folder.uri}: {error}; another program changed the table's protocol") from error
    except DeltaError as error:
        raise TableCorruptError(
            f"the log of {folder.uri} cannot be read ({' '.join(str(error).split())[:300]}); restore the files that are"
            " missing or damaged in _delta_log, or move the table away and load it again"
        ) from error
    except OSError as error:
        raise TableUnavailableError(
            f"{folder.uri} cannot be reached ({' '.join(str(error).split())[:300]}); trying again may help"
        ) from error

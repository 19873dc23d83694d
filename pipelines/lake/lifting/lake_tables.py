"""The tables that the rows of a file go to, and how they are brought up to date with runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import orjson

from etl_core.objects.store import S3Access
from etl_core.postgres.locks import held
from pipelines.lake.errors import TableModeError
from pipelines.lake.files.table_folder import TableFolder, lake_table
from pipelines.lake.lifting.lifted_rows import QUARANTINE_COLUMNS
from pipelines.lake.run_part import Committed, RunRows
from pipelines.lake.schema.table_schema import TableSchema, new_schema
from pipelines.lake.tables.delta_log import latest_version, read_snapshot
from pipelines.lake.tables.replace_runs import CommitIdentity, replace_runs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from sqlalchemy.engine import Engine

#: Where the rows of all runs of a merged table lie, as they were lifted.
RUNS = "runs"
#: The setting of that table that says by which key.
_KEY = "pipeline.primaryKey"
#: Seconds that somebody waits while others commit to the same tables; merging many rows takes minutes.
_LONGEST_COMMIT = 900


@dataclass(frozen=True, slots=True)
class MergedTable:
    """A table with one row a key: its folder, and its primary key by the names that rows have for the columns."""

    folder: TableFolder
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LakeTables:
    """Where the rows of a file go: silver and quarantine, each with the schema that files are written by.

    Where rows are merged by keys, `silver` has the rows of all runs, and `merged` is the table that people read.
    """

    silver: TableFolder
    silver_schema: TableSchema
    quarantine: TableFolder
    quarantine_schema: TableSchema
    merged: MergedTable | None = None


def lake_tables(table: str, key: tuple[str, ...], root: str, access: S3Access) -> LakeTables:
    """The tables of a name as they are, or as they are made.

    Args:
        table: its name.
        key: the primary key that rows are merged by; none: runs are replaced as a whole.
        root: LAKE_ROOT.
        access: how to sign in to S3.

    Raises:
        TableModeError: the table is filled in the other way.
        TableAlteredError, TableCorruptError, TableUnavailableError: it cannot be read.
    """
    silver, runs, quarantine = (lake_table(root, layer, table, access) for layer in ("silver", RUNS, "quarantine"))
    known = key_of(runs)
    if key and known is None and latest_version(silver) is not None:
        raise TableModeError(
            f"{silver.uri} has runs that are replaced as a whole, and their rows cannot be merged with others by keys;"
            " let the rows go to a new table (silver.table in the definition), and lift older ones there by reprocess"
        )
    if known is not None and known != key:
        wanted = f"merged by {', '.join(key)}" if key else "of whole runs that are replaced"
        raise TableModeError(
            f"{silver.uri} is merged by {', '.join(known)}, and the definition wants a table {wanted}; let the rows go"
            " to a new table (silver.table in the definition), and lift older ones there by reprocess"
        )
    made = LakeTables(
        runs if key else silver,
        _schema_of(runs if key else silver) or new_schema({}),
        quarantine,
        _schema_of(quarantine) or new_schema(QUARANTINE_COLUMNS),
    )
    return replace(made, merged=MergedTable(silver, key)) if key else made


def key_of(runs: TableFolder) -> tuple[str, ...] | None:
    """The key by which the table of these runs is merged; None where there is none. Raises as `read_snapshot`."""
    snapshot = read_snapshot(runs)
    return None if snapshot is None else tuple(orjson.loads(snapshot.configuration.get(_KEY, "[]")))


def _schema_of(folder: TableFolder) -> TableSchema | None:
    snapshot = read_snapshot(folder)
    return None if snapshot is None else snapshot.schema


class CommittingDoors(Protocol):
    """What committing needs of the outside: the ledger's database for its lock, and where the lake is."""

    @property
    def database(self) -> Engine:
        """The ledger's."""

    @property
    def root(self) -> str:
        """LAKE_ROOT."""


class MergingDoors(Protocol):
    """What merging needs of the outside: the ledger's database for its lock, Spark, time and identifiers."""

    @property
    def database(self) -> Engine:
        """The ledger's."""

    @property
    def session(self) -> Callable[[], SparkSession]:
        """Gives Spark's session."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Gives the aware present."""

    @property
    def new_id(self) -> Callable[[], str]:
        """Gives an identifier that nobody has."""


def merge_rows(
    merged: MergedTable, runs: TableFolder, schema: TableSchema | None, rows: Sequence[RunRows], doors: MergingDoors
) -> Committed:
    """Give runs their rows, then bring the merged table up to date with them; nobody else does so meanwhile.

    Args:
        merged: the table that people read.
        runs: that of the rows of all runs.
        schema: that the files were written by; None: the one it has.
        rows: of the runs.
        doors: the outside.

    Returns:
        What became of the runs, and the version of the merged table.

    Raises:
        RetryableError: the database, Spark or a table's place is away, or somebody else merges for long; again is safe.
        TableAlteredError, TableCorruptError: see there.
    """
    from pipelines.lake.spark.merging import merge_runs  # noqa: PLC0415 - loads Spark

    session = doors.session()
    with held(doors.database, "lake", merged.folder.uri):
        written_by = schema or _schema_of(runs) or new_schema({})
        made = {_KEY: orjson.dumps(merged.key).decode()}
        done = replace_runs(runs, written_by, rows, _identity(doors), properties=made)
        changed = [run for run, outcome in done.outcomes.items() if outcome != "superseded"]
        version = merge_runs(session, merged.folder, runs, merged.key, changed, _identity(doors))
    return replace(done, version=version)


@contextmanager
def commits_alone(table: str, doors: CommittingDoors) -> Iterator[None]:
    """Let nobody else commit to the tables of a name while the block runs, nor tell the ledger of what it committed.

    Without it two processes may each have the last word in one of the two tables. Where this one dies, the lock goes.

    Raises:
        DatabaseUnavailableError: somebody else was at it all the time, or the database is away.
    """
    with held(doors.database, "lake tables", doors.root, table, seconds=_LONGEST_COMMIT):
        yield


def _identity(doors: MergingDoors) -> CommitIdentity:
    return CommitIdentity(doors.clock(), doors.new_id())

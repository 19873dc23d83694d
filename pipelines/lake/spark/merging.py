"""Rows by keys: of each key the table has one row, that of the newest window.

A key is the primary key of a file of an agency: two agencies' rows never meet. In one commit of several objects the
newest window wins too, within one object the first row of a key. A key with a null in it is no key: such rows are
counted and left out, because a merge would add them again every time; row rules put them into quarantine before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - its usual name

from etl_core.retry import call_again
from pipelines.lake.errors import CommitConflictError
from pipelines.lake.schema.system_columns import AGENCY_SLUG, FILE_NAME, LINE, OBJECT_ID, RUN_DATE, RUN_HOUR
from pipelines.lake.spark.attempt_rows import quoted, rows_of_runs
from pipelines.lake.spark.conflicts import named_conflicts
from pipelines.lake.tables.delta_log import latest_version
from pipelines.lake.tables.replace_runs import BACKOFF, MOST_ATTEMPTS, replace_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

    from pipelines.lake.files.table_folder import TableFolder
    from pipelines.lake.run_part import RunRows
    from pipelines.lake.schema.table_schema import TableSchema
    from pipelines.lake.tables.replace_runs import CommitIdentity

_SOURCE = "rows_to_merge"


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of the rows: read = merged + without_key + repeated, always.

    Attributes:
        version: of the table.
        merged: rows with a key of their own; those older than the table's row of the key changed nothing.
        without_key: rows with a null in the key.
        repeated: rows whose key a newer window of the same commit, or an earlier row of the object, has.
    """

    version: int
    merged: int
    without_key: int
    repeated: int


def merge_runs(
    session: SparkSession,
    folder: TableFolder,
    schema: TableSchema,
    key: Sequence[str],
    runs: Sequence[RunRows],
    identity: CommitIdentity,
) -> Merged:
    """Merge the rows of runs into a table, in one commit. Merging them again changes nothing.

    Args:
        session: of the profile `tables`.
        folder: of the table, which is made where there is none.
        schema: that the files were written by.
        key: the primary key, by the names files have for its columns; at least one.
        runs: with their files.
        identity: of the commit that makes the table or gives it columns.

    Raises:
        CommitConflictError: others changed the same rows every time; trying again may help.
        TableAlteredError, TableCorruptError: see there.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the place cannot be reached or written.
    """
    replace_runs(folder, schema, [], identity)  # the table is there and has the columns
    names = [column.name for column in schema.data if column.source in key]
    if len(names) != len(key) or not names:
        raise ValueError(f"the key {list(key)} names a column that is not among those of {folder.uri}")
    rows = rows_of_runs(session, folder, schema, runs)
    if rows is None:
        return Merged(latest_version(folder) or 0, 0, 0, 0)
    keyed = rows.where(reduce(lambda left, right: left & right, (F.col(quoted(name)).isNotNull() for name in names)))
    chosen = _first_of_newest(keyed, names)
    read, with_key, merged = rows.count(), keyed.count(), chosen.count()

    def once() -> None:
        with named_conflicts(folder.uri):
            _merge(session, folder, chosen, names)

    call_again(once, attempts=MOST_ATTEMPTS, backoff=BACKOFF, on=CommitConflictError)
    return Merged(latest_version(folder) or 0, merged, read - with_key, with_key - merged)


def _first_of_newest(rows: DataFrame, names: Sequence[str]) -> DataFrame:
    order = [F.col(RUN_DATE).desc(), F.col(RUN_HOUR).desc(), F.col(OBJECT_ID).desc(), F.col(LINE).asc()]
    place = Window.partitionBy(AGENCY_SLUG, FILE_NAME, *(F.col(quoted(name)) for name in names)).orderBy(*order)
    return rows.withColumn("_place", F.row_number().over(place)).where("_place = 1").drop("_place")


def _merge(session: SparkSession, folder: TableFolder, chosen: DataFrame, names: Sequence[str]) -> None:
    """Newer means: of a later window, or of the same one, which is this object again or the one that restates it."""
    same = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in (AGENCY_SLUG, FILE_NAME, *names))
    newer = f"(s.{RUN_DATE} > t.{RUN_DATE} OR (s.{RUN_DATE} = t.{RUN_DATE} AND s.{RUN_HOUR} >= t.{RUN_HOUR}))"
    chosen.createOrReplaceTempView(_SOURCE)
    session.sql(
        f"MERGE INTO delta.`{folder.for_spark}` AS t USING {_SOURCE} AS s ON {same}"
        f" WHEN MATCHED AND {newer} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    ).collect()

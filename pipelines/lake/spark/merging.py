"""Rows by keys: of each key the table has one row, that of the newest window whose object has the key.

A key is the primary key of a file of an agency: two agencies' rows never meet. Beside the merged table lie the rows of
all runs as they were lifted (`runs`), replaced run by run. From them the merged table is brought up to date for the
keys that some runs have now or had in it before:

- a key of a run goes in, over a row of the same or an older window, never over a newer one;
- a key that a run had and has no more gets the row of the newest window that still has it, or goes.

So a restated object, one that is taken out again and one that comes late all leave the table that one clean pass over
the runs would. Within one object the first row of a key counts. A key with a null in it is no key: such rows are in no
merged table; row rules put them into quarantine before, unless they tolerate them.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - its usual name

from etl_core.retry import call_again
from pipelines.lake.errors import CommitConflictError, NoTablesSessionError
from pipelines.lake.schema.system_columns import AGENCY_SLUG, FILE_NAME, LINE, OBJECT_ID, RUN_DATE, RUN_HOUR
from pipelines.lake.spark.attempt_rows import quoted
from pipelines.lake.spark.conflicts import named_conflicts
from pipelines.lake.tables.delta_log import latest_version, read_snapshot
from pipelines.lake.tables.replace_runs import BACKOFF, MOST_ATTEMPTS, replace_runs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from pipelines.lake.files.table_folder import TableFolder
    from pipelines.lake.run_part import RunKey
    from pipelines.lake.schema.table_schema import TableSchema
    from pipelines.lake.tables.replace_runs import CommitIdentity

_SOURCE = "rows_to_merge"
_RUN = (AGENCY_SLUG, FILE_NAME, RUN_DATE, RUN_HOUR)
#: Columns of what is merged, beside those of the table: the key was in the table by one of the runs; nobody has it now.
_LEFT, _GONE = "_pipeline_left", "_pipeline_gone"


def merge_runs(
    session: SparkSession,
    merged: TableFolder,
    runs: TableFolder,
    key: Sequence[str],
    changed: Collection[RunKey],
    identity: CommitIdentity,
) -> int:
    """Bring a merged table up to date with some runs, in one commit. Doing so again changes nothing.

    Whoever calls this lets nobody else change `runs` and the merged table meanwhile.

    Args:
        session: of the profile `tables`.
        merged: the table, which is made where there is none.
        runs: the rows of all runs.
        key: the primary key, by the names files have for its columns; at least one.
        changed: the runs whose rows are others now.
        identity: of the commit that makes the table or gives it columns.

    Returns:
        The version of the merged table.

    Raises:
        NoTablesSessionError: the session knows no Delta tables.
        CommitConflictError: others changed the same rows every time; trying again may help.
        TableAlteredError, TableCorruptError: see there.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the place cannot be reached or written.
    """
    _require_delta(session)
    snapshot = read_snapshot(runs)
    if snapshot is None or not changed:
        return latest_version(merged) or 0
    columns = [snapshot.schema.of_source(name) for name in key]
    names = [column.name for column in columns if column is not None]
    if len(names) < len(key) or not key:
        raise ValueError(f"the key {list(key)} names a column that is not among those of {runs.uri}")
    replace_runs(merged, _with_all_columns(merged, snapshot.schema), [], identity)

    def once() -> None:
        with named_conflicts(merged.uri):
            _merge(session, merged, _to_merge(session, merged, runs, names, changed), names)

    call_again(once, attempts=MOST_ATTEMPTS, backoff=BACKOFF, on=CommitConflictError)
    return latest_version(merged) or 0


def _require_delta(session: SparkSession) -> None:
    if "DeltaSparkSessionExtension" not in (session.conf.get("spark.sql.extensions", "") or ""):
        raise NoTablesSessionError(
            "the Spark session that runs already knows no Delta tables, which merging by keys needs; stop it first, or"
            " submit the job with SPARK_PROFILE=tables"
        )


def _with_all_columns(merged: TableFolder, schema: TableSchema) -> TableSchema:
    """The merged table's columns, and those of the runs that it does not have yet."""
    snapshot = read_snapshot(merged)
    if snapshot is None:
        return schema
    new = {column.source: column.type for column in schema.data if snapshot.schema.of_source(column.source) is None}
    return snapshot.schema.with_columns(new) if new else snapshot.schema


def _to_merge(
    session: SparkSession, merged: TableFolder, runs: TableFolder, key: Sequence[str], changed: Collection[RunKey]
) -> DataFrame:
    """One row for each key that some runs have, or had in the table: what the table has to have of it."""
    rows = session.read.format("delta").load(runs.for_spark)
    rows = rows.where(reduce(lambda left, right: left & right, (F.col(quoted(name)).isNotNull() for name in key)))
    scope = [AGENCY_SLUG, FILE_NAME, *map(quoted, key)]
    now = _of_runs(session, rows, changed)
    before = _of_runs(session, session.read.format("delta").load(merged.for_spark), changed)
    left = before.join(now.select(*_RUN, *map(quoted, key)), [*_RUN, *key], "left_anti").select(*scope).distinct()
    if left.isEmpty():
        return _first_of_newest(now, scope).withColumns({_LEFT: F.lit(False), _GONE: F.lit(False)})  # noqa: FBT003
    left = left.withColumn(_LEFT, F.lit(True)).localCheckpoint()  # noqa: FBT003 - of the table as it is now
    names = [AGENCY_SLUG, FILE_NAME, *key]
    others = rows.join(left.drop(_LEFT), names, "left_semi").select(*map(quoted, rows.columns))
    chosen = _first_of_newest(now.unionByName(others), scope)
    found = chosen.join(left, names, "full_outer")
    return found.withColumns({_LEFT: F.coalesce(F.col(_LEFT), F.lit(False)), _GONE: F.col(OBJECT_ID).isNull()})  # noqa: FBT003


def _of_runs(session: SparkSession, rows: DataFrame, changed: Collection[RunKey]) -> DataFrame:
    """The rows of some runs, found by their partitions first."""
    wanted = [(one.agency_slug, one.file_name, one.run_date, one.run_hour) for one in changed]
    schema = f"{AGENCY_SLUG} string, {FILE_NAME} string, {RUN_DATE} date, {RUN_HOUR} bigint"
    columns = [rows[quoted(name)] for name in rows.columns]
    partitions = F.col(AGENCY_SLUG).isin(sorted({one.agency_slug for one in changed})) & F.col(RUN_DATE).isin(
        sorted({one.run_date for one in changed})
    )
    runs = F.broadcast(session.createDataFrame(wanted, schema))
    return rows.where(partitions).join(runs, list(_RUN), "left_semi").select(*columns)


def _first_of_newest(rows: DataFrame, scope: Sequence[str]) -> DataFrame:
    order: list[Column] = [F.col(RUN_DATE).desc(), F.col(RUN_HOUR).desc(), F.col(OBJECT_ID).desc(), F.col(LINE).asc()]
    place = Window.partitionBy(*map(F.col, scope)).orderBy(*order)
    return rows.withColumn("_place", F.row_number().over(place)).where("_place = 1").drop("_place")


def _merge(session: SparkSession, merged: TableFolder, chosen: DataFrame, key: Sequence[str]) -> None:
    """Newer means: of a later window, or of the same one, whose rows these are instead."""
    same = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in (AGENCY_SLUG, FILE_NAME, *key))
    newer = f"(s.{RUN_DATE} > t.{RUN_DATE} OR (s.{RUN_DATE} = t.{RUN_DATE} AND s.{RUN_HOUR} >= t.{RUN_HOUR}))"
    chosen.createOrReplaceTempView(_SOURCE)
    try:
        session.sql(
            f"MERGE INTO delta.`{merged.for_spark}` AS t USING {_SOURCE} AS s ON {same}"
            f" WHEN MATCHED AND s.{_GONE} THEN DELETE"
            f" WHEN MATCHED AND (s.{_LEFT} OR {newer}) THEN UPDATE SET *"
            f" WHEN NOT MATCHED AND NOT s.{_GONE} THEN INSERT *"
        ).collect()
    finally:
        session.catalog.dropTempView(_SOURCE)

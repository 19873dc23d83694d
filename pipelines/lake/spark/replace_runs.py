"""Replacing runs through Spark's own Delta writer: for tables with features that commits made here do not keep to.

The files of an attempt lie in the table's folder as always; Spark reads them and writes their rows once more, in a
commit a run. That costs a second pass and a job a run, and keeps to whatever the table asks of its writers.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from etl_core.retry import call_again
from pipelines.lake.errors import CommitConflictError
from pipelines.lake.run_part import Committed, RunKey, RunOutcome, RunRows
from pipelines.lake.schema.system_columns import AGENCY_SLUG, FILE_NAME, PARTITION_COLUMNS, RUN_DATE, RUN_HOUR
from pipelines.lake.spark.attempt_rows import literal, rows_of_runs
from pipelines.lake.spark.conflicts import named_conflicts
from pipelines.lake.tables.delta_log import commit, creation, latest_version, transaction_version
from pipelines.lake.tables.replace_runs import BACKOFF, MOST_ATTEMPTS, app_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

    from pipelines.lake.files.table_folder import TableFolder
    from pipelines.lake.schema.table_schema import TableSchema
    from pipelines.lake.tables.replace_runs import CommitIdentity


def replace_runs_by_spark(
    session: SparkSession,
    folder: TableFolder,
    schema: TableSchema,
    runs: Sequence[RunRows],
    identity: CommitIdentity,
) -> Committed:
    """As `replace_runs`, by a session of the profile `tables`.

    Raises:
        CommitConflictError: others changed the same rows every time; trying again may help.
        TableAlteredError: the table does not take the rows.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the place cannot be reached or written.
    """
    if latest_version(folder) is None:
        with suppress(CommitConflictError):  # somebody else made it
            commit(folder, 0, creation(schema, identity.commit_id, identity.milliseconds))
    outcomes: dict[RunKey, RunOutcome] = {}
    for one in runs:
        known = transaction_version(folder, app_id(one.run.key))
        if known is not None and known >= one.generation:
            outcomes[one.run.key] = "already" if known == one.generation else "superseded"
            continue

        def once(one: RunRows = one) -> None:
            _replace(session, folder, schema, one)

        call_again(once, attempts=MOST_ATTEMPTS, backoff=BACKOFF, on=CommitConflictError)
        outcomes[one.run.key] = "committed"
    return Committed(latest_version(folder) or 0, outcomes)


def _replace(session: SparkSession, folder: TableFolder, schema: TableSchema, one: RunRows) -> None:
    """Delta itself leaves the rows out when the run's application is as far as the generation."""
    with named_conflicts(folder.uri):
        rows = rows_of_runs(session, folder, schema, [one])
        if schema.mapped:
            _have_columns_mapped(session, folder)
        if rows is None:
            rows = _no_rows(session, folder)
        (
            rows.write.format("delta")
            .mode("overwrite")
            .partitionBy(*PARTITION_COLUMNS)
            .option("replaceWhere", _is_run(one.run.key))
            .option("mergeSchema", "true")
            .option("txnAppId", app_id(one.run.key))
            .option("txnVersion", str(one.generation))
            .save(folder.for_spark)
        )


def _have_columns_mapped(session: SparkSession, folder: TableFolder) -> None:
    table = f"delta.`{folder.for_spark}`"
    properties = {row["key"]: row["value"] for row in session.sql(f"SHOW TBLPROPERTIES {table}").collect()}
    if properties.get("delta.columnMapping.mode", "none") == "none":
        session.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')")


def _no_rows(session: SparkSession, folder: TableFolder) -> DataFrame:
    return session.read.format("delta").load(folder.for_spark).limit(0)


def _is_run(run: RunKey) -> str:
    values = {
        AGENCY_SLUG: run.agency_slug,
        RUN_DATE: run.run_date.isoformat(),
        FILE_NAME: run.file_name,
        RUN_HOUR: run.run_hour,
    }
    return " AND ".join(f"{name} = {literal(value)}" for name, value in values.items())

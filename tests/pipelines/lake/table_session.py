"""A Spark session for tables, in a process of its own: a JVM keeps the jars of its first session."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

from etl_core.spark.profiles import TABLES
from etl_core.spark.session import build_session
from jobs.cli import main
from jobs.lake.how_to_read import in_pyspark
from jobs.lake.maintain import maintain_tables
from jobs.running.settings import read_settings
from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.spark.maintaining import maintain
from pipelines.lake.spark.merging import merge_runs
from pipelines.lake.spark.replace_runs import replace_runs_by_spark
from pipelines.lake.tables.replace_runs import replace_runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from etl_core.objects.store import S3Access
    from pipelines.lake.run_part import Committed, RunRows
    from pipelines.lake.schema.table_schema import TableSchema
    from pipelines.lake.spark.maintaining import Maintained
    from pipelines.lake.tables.replace_runs import CommitIdentity

_SESSION: list[Any] = []


def start(access: S3Access) -> None:
    """Start the session of this process."""
    session = build_session(
        profile=TABLES,
        master="local[2]",
        s3_endpoint=access.endpoint,
        s3_region=access.region,
        s3_access_key=access.access_key,
        s3_secret_key=access.secret_key,
        options={
            "spark.sql.shuffle.partitions": "1",
            "spark.databricks.delta.snapshotPartitions": "1",
            "spark.databricks.delta.retentionDurationCheck.enabled": "false",
            # Plans of a few rows are interpreted: compiling them takes longer than anything else.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        },
    )
    _SESSION.append(session)


def sql(statement: str) -> list[dict[str, Any]]:
    """Carry out a statement; its rows."""
    return [row.asDict(recursive=True) for row in _SESSION[0].sql(statement).collect()]


def told_rows(folder: TableFolder) -> list[dict[str, Any]]:
    """Read a table by the line of PySpark that people are shown."""
    found = eval(in_pyspark(folder), {"spark": _SESSION[0]})  # noqa: S307 - that is what people do with it
    return [row.asDict(recursive=True) for row in found.collect()]


def replace_by_spark(
    folder: TableFolder, schema: TableSchema, runs: Sequence[RunRows], identity: CommitIdentity
) -> Committed:
    """Replace runs through Spark."""
    return replace_runs_by_spark(_SESSION[0], folder, schema, runs, identity)


def merge(
    folder: TableFolder, schema: TableSchema, key: Sequence[str], rows: Sequence[RunRows], identity: CommitIdentity
) -> int:
    """Give runs their rows, and merge them; the rows of all runs lie beside the table."""
    runs = beside(folder)
    replace_runs(runs, schema, rows, identity)
    return merge_runs(_SESSION[0], folder, runs, key, [one.run.key for one in rows], identity)


def beside(folder: TableFolder) -> TableFolder:
    """Where the rows of all runs lie."""
    return TableFolder(f"{folder.uri}-runs", folder.access)


def keep_in_order(folder: TableFolder, before: date) -> Maintained:
    """Compact and vacuum."""
    return maintain(_SESSION[0], folder, before=before, retain=timedelta(days=7))


def keep_lake_in_order(variables: dict[str, str], named: list[str]) -> tuple[int, str]:
    """Maintain tables as `lake maintain` does, with this process' session: the exit code, and what was printed."""
    os.environ.update(variables)
    out = io.StringIO()
    with redirect_stdout(out):
        code = maintain_tables(read_settings(), named, timedelta(days=7), lambda: _SESSION[0])
    return int(code), out.getvalue()


def run_job(variables: dict[str, str], *arguments: str) -> int:
    """Run a job in this process, which has the session; its exit code."""
    with mock.patch.dict(os.environ, variables):
        return main(arguments)

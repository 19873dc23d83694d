"""The rows of an attempt's files as a Spark frame with the table's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - its usual name

from pipelines.lake.schema.system_columns import AGENCY_SLUG, PARTITION_COLUMNS, RUN_DATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from pipelines.lake.files.table_folder import TableFolder
    from pipelines.lake.run_part import RunRows
    from pipelines.lake.schema.table_schema import TableSchema


def rows_of_runs(
    session: SparkSession, folder: TableFolder, schema: TableSchema, runs: Sequence[RunRows]
) -> DataFrame | None:
    """All rows of the files of runs; None where there are none."""
    frames = [
        session.read.parquet(*(f"{folder.for_spark}/{file.path}" for file in one.files))
        .withColumn(AGENCY_SLUG, F.lit(one.run.agency_slug))
        .withColumn(RUN_DATE, F.lit(one.run.run_date))
        for one in runs
        if one.files
    ]
    if not frames:
        return None
    together = frames[0]
    for frame in frames[1:]:
        together = together.unionByName(frame)
    return together.select(*_columns(schema))


def quoted(name: str) -> str:
    """A name as SQL takes it."""
    return f"`{name.replace('`', '``')}`"


def literal(value: object) -> str:
    """A text, a date or a number as SQL takes it."""
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return text if isinstance(value, int) else f"'{text}'"


def _columns(schema: TableSchema) -> list[Column]:
    return [
        F.col(quoted(column.name if column.name in PARTITION_COLUMNS else column.physical)).alias(
            column.name, metadata=column.own_metadata
        )
        for column in schema.columns
    ]

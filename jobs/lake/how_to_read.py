"""How a table is read by other programs, as lines that can be pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_core.objects.place import parse_place

if TYPE_CHECKING:
    from pipelines.lake.files.table_folder import TableFolder


def in_pyspark(folder: TableFolder) -> str:
    """Give the line of PySpark that reads a table, in a session that has Delta.

    >>> from pipelines.lake.files.table_folder import lake_table
    >>> in_pyspark(lake_table("s3://lake/root", "silver", "trips"))
    "spark.read.format('delta').load('s3a://lake/root/silver/trips')"
    """
    return f"spark.read.format('delta').load({folder.for_spark!r})"


def in_duckdb(folder: TableFolder) -> str:
    """Give the line of SQL that reads a table in DuckDB, whose extension for Delta wants a scheme before local paths.

    >>> from pipelines.lake.files.table_folder import lake_table
    >>> in_duckdb(lake_table("/lake", "silver", "trips"))
    "FROM delta_scan('file:///lake/silver/trips')"
    """
    address = folder.uri if parse_place(folder.uri).bucket else f"file://{folder.for_spark}"
    quoted = address.replace("'", "''")
    return f"FROM delta_scan('{quoted}')"

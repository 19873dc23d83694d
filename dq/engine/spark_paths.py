"""Which files Spark's own readers can be given, and under which path."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa

from dq.engine.object_store import ObjectHead
from dq.engine.parquet_schema import spark_schema
from dq.engine.parts import FileTask
from dq.schema.definition import FileFormat

if TYPE_CHECKING:
    from pyspark.sql import DataFrameReader, SparkSession

#: Bytes of a JSON array that Spark reads as one text at most.
MOST_WHOLE_TEXT = 64 * 1024 * 1024
_SUFFIX = {"gzip": ".gz", "bz2": ".bz2"}


def refusal(task: FileTask) -> str | None:
    """Say why Spark's readers cannot read a file, None when they can."""
    layout, key = task.layout, task.head.key
    name = key.rpartition("/")[2]
    if name.startswith(("_", ".")) or name.endswith("._COPYING_"):
        return "Spark skips files of that name"
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts[0 if task.head.bucket else 1 :]) or any(ord(one) < ord(" ") for one in key):
        return "no Spark path can express that name"
    if layout.format is FileFormat.EXCEL:
        return "Spark has no reader for workbooks"
    if layout.compression and not name.endswith(_SUFFIX.get(layout.compression, "\0")):
        return f"Spark knows {layout.compression} by its suffix only, if at all"
    if layout.format is FileFormat.PARQUET:
        schema = pa.ipc.read_schema(pa.py_buffer(layout.arrow_schema))
        if layout.compression or len(set(schema.names)) < len(schema.names) or spark_schema(schema) is None:
            return "Spark reads such a Parquet file otherwise, or not at all"
    if layout.format is FileFormat.JSON and task.head.size > MOST_WHOLE_TEXT:
        return "Spark would read the whole array as one text"
    if layout.format is FileFormat.CSV and layout.first_row and not layout.dialect.header:
        return "Spark would keep the byte order mark"
    return None


def spark_path(head: ObjectHead) -> str:
    """Give the path Spark is asked for."""
    return f"file://{head.key}" if head.bucket is None else f"s3a://{head.bucket}/{head.key}"


def literal_paths(spark: SparkSession) -> DataFrameReader:
    """Give a reader that takes paths as they are.

    Without `recursiveFileLookup` Spark looks for partition columns in the paths, and counts the
    files beside a path with glob characters twice.
    """
    return spark.read.option("__globPaths__", "false").option("recursiveFileLookup", "true")


def same_path(reported: str) -> str:
    """Bring a path that Spark reports (percent-encoded, with any number of slashes) into one form."""
    scheme, _, rest = unquote(reported).partition(":")
    return f"{scheme}:/{rest.lstrip('/')}"

"""Files for which Spark is asked the same as one DataFrame of Spark's own readers.

No name of a column ever reaches a Spark expression unquoted. A frame of one file is what Spark's
reader gives, as it stands: any further column makes Spark copy every row once or twice more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows
from pyspark.sql.types import StructType

from dq.engine.parts import FileTask
from dq.engine.spark_readers.paths import literal_paths, spark_path
from dq.formats.spark_reading import SparkSource

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: The last columns of a frame of several files: the path, and the first byte of the block.
TRAILING = 2


def slices_of(task: FileTask, source: SparkSource, block: int) -> int | None:
    """Say in how many partitions Spark reads a file that it reads alone, None when that is hard to tell."""
    whole = not source.cut or task.layout.compression == "gzip"
    if whole or task.head.size <= block:
        return 1
    return None if task.layout.compression else -(-task.head.size // block)


def frame_of(spark: SparkSession, source: SparkSource, task: FileTask) -> DataFrame:
    """Make the DataFrame that reads one file; nothing is read yet."""
    return _read(spark, source, [spark_path(task.head)])


def shared_frame(spark: SparkSession, source: SparkSource, tasks: Sequence[FileTask]) -> DataFrame:
    """Make the DataFrame that reads several files: as `frame_of`, with the trailing columns."""
    frame = _read(spark, source, [spark_path(task.head) for task in tasks])
    columns = [F.col(f"`{name.replace('`', '``')}`").alias(f"c{at}") for at, name in enumerate(frame.columns)]
    trailing = F.col("_metadata.file_path"), F.col("_metadata.file_block_start")
    return frame.select(*columns, *trailing)


def _read(spark: SparkSession, source: SparkSource, paths: list[str]) -> DataFrame:
    reader = literal_paths(spark).options(**dict(source.options))
    if source.columns:
        fields = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in source.columns]
        reader = reader.schema(StructType.fromJson({"type": "struct", "fields": fields}))
    return reader.format(source.reader).load(paths)

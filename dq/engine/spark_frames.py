"""Files of one shape as one DataFrame of Spark's own readers.

Columns have positions for names, so that no name of a file ever reaches a Spark expression. Behind
the file's columns come those of `Trailing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows

from dq.engine.parquet_schema import spark_schema
from dq.engine.parts import FileTask
from dq.engine.spark_paths import literal_paths, spark_encoding, spark_path
from dq.formats.limits import Limits
from dq.schema.definition import FileFormat

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

#: The last columns of every frame: the path (empty when the frame reads one file) and the first byte of the block.
TRAILING = 2
#: Stands for what no cell is, so that Spark's reader takes no cell for null.
_NO_VALUE = "\ue000"
_MALFORMED = "_malformed"


@dataclass(frozen=True, slots=True)
class Shape:
    """What files have in common that one DataFrame reads."""

    format: FileFormat
    width: int
    delimiter: str
    quote: str
    encoding: str
    header: bool
    multiline: bool
    arrow_schema: bytes


def shape_of(task: FileTask, *, multiline: bool) -> Shape:
    """Give the shape of a file; `multiline`: line breaks stand inside its quotes."""
    dialect = task.layout.dialect
    return Shape(
        task.layout.format,
        len(task.layout.header),
        dialect.delimiter,
        dialect.quote,
        spark_encoding(dialect.encoding) or dialect.encoding,
        dialect.header,
        multiline,
        task.layout.arrow_schema,
    )


def frame_of(spark: SparkSession, shape: Shape, tasks: Sequence[FileTask], limits: Limits) -> DataFrame:
    """Make the DataFrame that reads files of one shape; nothing is read yet.

    CSV frames have one more column before the trailing ones: the text of a malformed row, else null.
    """
    paths = [spark_path(task.head) for task in tasks]
    frame = _read(spark, shape, paths, limits)
    columns = [F.col(f"`{name.replace('`', '``')}`").alias(f"c{at}") for at, name in enumerate(frame.columns)]
    return frame.select(*columns, _path(paths).alias("path"), F.col("_metadata.file_block_start").alias("block"))


def _path(paths: Sequence[str]) -> Column:
    """Name the file of each row; of a single file there is no need to carry its name along."""
    return F.lit("") if len(paths) == 1 else F.col("_metadata.file_path")


def _read(spark: SparkSession, shape: Shape, paths: list[str], limits: Limits) -> DataFrame:
    reader = literal_paths(spark)
    match shape.format:
        case FileFormat.PARQUET:
            schema = spark_schema(pa.ipc.read_schema(pa.py_buffer(shape.arrow_schema)))
            if schema is None:
                message = "a Parquet schema that Spark reads otherwise came as far as its reader"
                raise AssertionError(message)
            return reader.schema(schema).parquet(*paths)
        case FileFormat.JSON_LINES:
            return reader.text(paths, lineSep="\n")
        case FileFormat.JSON:
            return reader.text(paths, wholetext=True)
    columns = ",".join(f"c{at} string" for at in range(shape.width))
    return (
        reader.schema(f"{columns},{_MALFORMED} string")
        .options(
            header=str(shape.header).lower(),
            columnNameOfCorruptRecord=_MALFORMED,
            mode="PERMISSIVE",
            multiLine=str(shape.multiline).lower(),
            encoding=shape.encoding,
            sep=shape.delimiter,
            quote=shape.quote,
            escape=shape.quote,
            nullValue=_NO_VALUE,
            emptyValue="",
            enforceSchema="true",
            maxColumns=str(shape.width + 1024),
            maxCharsPerColumn=str(limits.line),
        )
        .csv(paths)
    )

"""Files of one shape as one DataFrame of Spark's own readers.

No name of a column ever reaches a Spark expression unquoted. A frame of one file is what Spark's
reader gives, as it stands: any further column makes Spark copy every row once or twice more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows

from dq.engine.parts import FileTask
from dq.engine.spark_readers.arrow_schema import spark_schema
from dq.engine.spark_readers.paths import literal_paths, spark_encoding, spark_path
from dq.engine.spark_readers.seen_bytes import line_options
from dq.formats.limits import Limits
from dq.schema.definition import FileFormat

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: The last columns of a frame of several files: the path, and the first byte of the block.
TRAILING = 2
#: Stands for what no cell is, so that Spark's reader takes no cell for null.
_NO_VALUE = "\ue000"
_MALFORMED = "_malformed"
#: Bytes of a short line at most.
_SHORT = 64 * 1024


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
    long_lines: bool


def shape_of(task: FileTask, *, multiline: bool, longest: int | None) -> Shape:
    """Give the shape of a file.

    `multiline`: line breaks stand inside its quotes. `longest`: bytes of its longest row at most, if known.
    """
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
        long_lines=longest is None or longest > _SHORT,
    )


def slices_of(task: FileTask, shape: Shape, block: int) -> int | None:
    """Say in how many partitions Spark reads a file that it reads alone, None when that is hard to tell."""
    whole = shape.multiline or shape.format is FileFormat.JSON or task.layout.compression == "gzip"
    if whole or task.head.size <= block:
        return 1
    return None if task.layout.compression else -(-task.head.size // block)


def frame_of(spark: SparkSession, shape: Shape, task: FileTask, limits: Limits) -> DataFrame:
    """Make the DataFrame that reads one file; nothing is read yet.

    CSV frames have one more column: the text of a malformed row, else null.
    """
    return _read(spark, shape, [spark_path(task.head)], limits)


def shared_frame(spark: SparkSession, shape: Shape, tasks: Sequence[FileTask], limits: Limits) -> DataFrame:
    """Make the DataFrame that reads several files of one shape: as `frame_of`, with the trailing columns."""
    frame = _read(spark, shape, [spark_path(task.head) for task in tasks], limits)
    columns = [F.col(f"`{name.replace('`', '``')}`").alias(f"c{at}") for at, name in enumerate(frame.columns)]
    trailing = F.col("_metadata.file_path"), F.col("_metadata.file_block_start")
    return frame.select(*columns, *trailing)


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
            return reader.options(**line_options(limits)).text(paths, lineSep="\n")
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
            # Spark's parser takes the memory for so many characters at once, anew for every part of a file.
            maxCharsPerColumn=str(limits.line if shape.long_lines else min(_SHORT, limits.line)),
        )
        .csv(paths)
    )

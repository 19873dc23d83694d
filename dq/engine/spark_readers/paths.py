"""Which files Spark's own readers can be given, and under which path."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa

from dq.engine.parts import FileTask
from dq.engine.spark_readers.arrow_schema import spark_schema
from dq.formats.encodings import is_utf8
from dq.formats.layout import FileLayout
from dq.schema.definition import FileFormat
from etl_core.objects.store import ObjectHead

if TYPE_CHECKING:
    from pyspark.sql import DataFrameReader, SparkSession

#: Bytes of a JSON array that Spark reads as one text at most.
MOST_WHOLE_TEXT = 64 * 1024 * 1024
_SUFFIX = {"gzip": ".gz", "bz2": ".bz2"}
#: Suffixes that make Hadoop decompress, whatever is inside.
_DECOMPRESSED = (".gz", ".bz2", ".zst", ".snappy", ".lz4", ".deflate", ".xz")
_PARTS_OF_A_PATH = frozenset({"", ".", ".."})


def refusal(task: FileTask) -> str | None:
    """Say why Spark's readers cannot read a file, None when they can."""
    return _refused_name(task) or _refused_content(task)


def _refused_name(task: FileTask) -> str | None:
    key = task.head.key
    name = key.rpartition("/")[2]
    if name.startswith(("_", ".")) or name.endswith("._COPYING_"):
        return "Spark skips files of that name"
    # A local path begins with a slash, and so with an empty part.
    parts = key.split("/")[0 if task.head.bucket else 1 :]
    if any(part in _PARTS_OF_A_PATH for part in parts) or any(ord(character) < ord(" ") for character in key):
        return "no Spark path can express that name"
    compression = task.layout.compression
    if compression and not name.endswith(_SUFFIX.get(compression, "\0")):
        return f"Spark knows {compression} by its suffix only, if at all"
    if not compression and name.lower().endswith(_DECOMPRESSED):
        return "Spark would decompress it for its name"
    return None


def _refused_content(task: FileTask) -> str | None:
    layout = task.layout
    match layout.format:
        case FileFormat.EXCEL:
            return "Spark has no reader for workbooks"
        case FileFormat.PARQUET:
            schema = pa.ipc.read_schema(pa.py_buffer(layout.arrow_schema))
            if layout.compression or len(set(schema.names)) < len(schema.names) or spark_schema(schema) is None:
                return "Spark reads such a Parquet file otherwise, or not at all"
        case FileFormat.JSON_LINES:
            if layout.compression:
                return "Spark would expand it without a bound"
        case FileFormat.JSON:
            if layout.compression or task.head.size > MOST_WHOLE_TEXT:
                return "Spark would hold the whole array as one text"
        case FileFormat.CSV:
            return _refused_csv(layout)
    return None


def _refused_csv(layout: FileLayout) -> str | None:
    dialect = layout.dialect
    if layout.first_row and not dialect.header:
        return "Spark would keep the byte order mark"
    if dialect.delimiter.isspace():
        return "Spark would take a row of empty cells for a blank line"
    if spark_encoding(dialect.encoding) is None:
        return f"Spark does not read {dialect.encoding}"
    return None


def spark_encoding(encoding: str) -> str | None:
    """Name the encoding Spark's CSV reader is told, None for one that it refuses.

    UTF-8 is read as Latin-1: so the bytes survive, and what is not UTF-8 is found by us. Spark
    takes few other encodings, and cuts the lines of those wrongly whose characters have two bytes.
    """
    return "ISO-8859-1" if is_utf8(encoding) or codecs.lookup(encoding).name == "iso8859-1" else None


def spark_path(head: ObjectHead) -> str:
    """Give the path Spark is asked for."""
    return f"file://{Path(head.key).absolute()}" if head.bucket is None else f"s3a://{head.bucket}/{head.key}"


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

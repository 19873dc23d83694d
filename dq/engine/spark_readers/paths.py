"""Which files Spark's own readers can be given, and under which path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dq.engine.parts import FileTask
from etl_core.objects.store import ObjectHead

if TYPE_CHECKING:
    from pyspark.sql import DataFrameReader, SparkSession

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
    if task.head.bucket is None and ":" in name:
        return "Hadoop takes what stands before a colon in the name of a local file for a scheme"
    compression = task.layout.compression
    if compression and not name.endswith(_SUFFIX.get(compression, "\0")):
        return f"Spark knows {compression} by its suffix only, if at all"
    if not compression and name.lower().endswith(_DECOMPRESSED):
        return "Spark would decompress it for its name"
    return None


def _refused_content(task: FileTask) -> str | None:
    layout = task.layout
    if layout.format.spark is None:
        return f"Spark has no reader for {layout.format.name}"
    return layout.format.spark.refuse(layout, task.head.size)


def spark_path(head: ObjectHead) -> str:
    """Give the path Spark is asked for."""
    return f"file://{Path(head.key).absolute()}" if head.bucket is None else f"s3a://{head.bucket}/{head.key}"


def literal_paths(spark: SparkSession) -> DataFrameReader:
    """Give a reader that takes paths as they are.

    Without `recursiveFileLookup` Spark looks for partition columns in the paths, and counts the
    files beside a path with glob characters twice.
    """
    return spark.read.option("__globPaths__", "false").option("recursiveFileLookup", "true")


def reported_path(text: str) -> str:
    """Bring a path that Spark reports, percent-encoded, into the form of `asked_path`."""
    return asked_path(unquote(text))


def asked_path(text: str) -> str:
    """Bring a path as Spark is asked for it into one form: it may come back with another number of slashes."""
    scheme, _, rest = text.partition(":")
    return f"{scheme}:/{rest.lstrip('/')}"

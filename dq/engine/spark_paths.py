"""Which files Spark's own readers can be given, and under which path."""

from __future__ import annotations

from urllib.parse import unquote

from dq.engine.object_store import ObjectHead
from dq.engine.parts import FileTask
from dq.schema.definition import FileFormat

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
    if layout.format is FileFormat.PARQUET and (layout.compression or len(set(layout.header)) < len(layout.header)):
        return "Spark cannot read such a Parquet file"
    if layout.format is FileFormat.CSV and layout.first_row and not layout.dialect.header:
        return "Spark would keep the byte order mark"
    return None


def spark_path(head: ObjectHead) -> str:
    """Give the path Spark is asked for."""
    return f"file://{head.key}" if head.bucket is None else f"s3a://{head.bucket}/{head.key}"


def same_path(reported: str) -> str:
    """Bring a path that Spark reports (percent-encoded, with any number of slashes) into one form."""
    scheme, _, rest = unquote(reported).partition(":")
    return f"{scheme}:/{rest.lstrip('/')}"

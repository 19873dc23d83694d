"""S3 Inventories as AWS writes them, made of what is in a bucket: a manifest, and files of a format."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

_SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"
_COLUMNS = (
    *("bucket", "key", "version_id", "is_latest", "is_delete_marker", "size", "last_modified_date", "e_tag"),
    "storage_class",
)


def rows_of(s3: S3Client, bucket: str, prefix: str = "") -> list[dict[str, Any]]:
    """A row for every version, delete markers included, in no order."""
    found = s3.list_object_versions(Bucket=bucket, Prefix=prefix)
    rows = [_row(bucket, one, deleted=False) for one in found.get("Versions", [])]
    return [*(_row(bucket, one, deleted=True) for one in found.get("DeleteMarkers", [])), *reversed(rows)]


def _row(bucket: str, one: Any, *, deleted: bool) -> dict[str, Any]:  # noqa: ANN401  boto3's types of both differ
    return {
        "bucket": bucket,
        "key": one["Key"],
        "version_id": one["VersionId"],
        "is_latest": one["IsLatest"],
        "is_delete_marker": deleted,
        "size": one.get("Size"),
        "last_modified_date": one["LastModified"],
        "e_tag": one.get("ETag", "").strip('"') or None,
        "storage_class": "STANDARD",
    }


def packed(rows: Sequence[dict[str, Any]]) -> bytes:
    """A CSV file of an inventory: no header, every cell quoted, keys encoded, gzip."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in rows:
        moment = row["last_modified_date"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        cells = {**row, "key": quote_plus(row["key"], safe="/"), "last_modified_date": moment}
        flags = {name: str(cells[name]).lower() for name in ("is_latest", "is_delete_marker")}
        writer.writerow([{**cells, **flags}[name] for name in _COLUMNS])
    return gzip.compress(text.getvalue().encode())


def columnar(rows: Sequence[dict[str, Any]], kind: str) -> bytes:
    """The same as Parquet or ORC, with keys as they are."""
    table = pa.Table.from_pylist([{name: row[name] for name in _COLUMNS} for row in rows])
    out = io.BytesIO()
    if kind == "Parquet":
        pq.write_table(table, out)
    else:
        orc.write_table(table, out)
    return out.getvalue()


def write_inventory(
    s3: S3Client, rows: Sequence[dict[str, Any]], *, at: str, kind: str = "CSV", created: datetime | None = None
) -> str:
    """Put an inventory of two files into the bucket `at`; where its manifest is."""
    middle = len(rows) // 2
    files = []
    for number, some in enumerate((rows[:middle], rows[middle:])):
        body = packed(some) if kind == "CSV" else columnar(some, kind)
        key = f"inventory/data/{number}.{kind.lower()}"
        s3.put_object(Bucket=at, Key=key, Body=body)
        files.append({"key": key, "size": len(body), "MD5checksum": "0"})
    moment = created or datetime.now(timezone.utc)
    manifest = {
        "sourceBucket": rows[0]["bucket"],
        "destinationBucket": f"arn:aws:s3:::{at}",
        "version": "2016-11-30",
        "creationTimestamp": str(int(moment.timestamp() * 1000)),
        "fileFormat": kind,
        "fileSchema": _SCHEMA if kind == "CSV" else "...",
        "files": files,
    }
    s3.put_object(Bucket=at, Key="inventory/manifest.json", Body=json.dumps(manifest).encode())
    return f"s3://{at}/inventory/manifest.json"

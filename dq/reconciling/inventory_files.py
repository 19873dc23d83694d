"""The files of an S3 Inventory: what they list, a row or a group of rows at a time."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from dq.events.admission import admit
from dq.events.object_event import ObjectEvent
from dq.intake.object_file import open_file
from dq.reconciling.inventory_manifest import folded
from etl_core.errors import UsageError
from etl_core.objects.ranges import unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq.events.announcement import Part
    from dq.formats.byte_source import SourceFile
    from dq.reconciling.inventory_manifest import Inventory
    from etl_core.objects.store import ObjectStore

_WANTED = ("bucket", "key", "versionid", "islatest", "isdeletemarker", "size", "lastmodifieddate", "etag")
_GZIP = b"\x1f\x8b"
_PIECE = 4 * 1024 * 1024
#: Characters of a line; a key has at most 1024 bytes, each of which is three characters where it is encoded.
_MOST_OF_LINE = 64 * 1024
_ROWS = 10_000


def listed_in(store: ObjectStore, inventory: Inventory) -> Iterator[Part]:
    """What each row of all files announces, of current versions that are no delete markers.

    Raises:
        UsageError: a file is not there, damaged, or not what the manifest says; what came before was given already.
        StorageUnavailableError: the object store did not answer.
    """
    for file in inventory.files:
        place = f"s3://{inventory.at}/{file.key}"
        opened = open_file(store, place, "file of the inventory")
        if file.size is not None and file.size != opened.size:
            raise UsageError(f"{place} has {opened.size} bytes, the manifest says {file.size}; take another inventory")
        try:
            if inventory.format == "CSV":
                rows = _read_csv(opened.file, inventory.columns)
            else:
                rows = _read_columns(opened.file, inventory.format)
            yield from (_part(row, place) for row in rows if _is_there(row))
        except (OSError, EOFError, ValueError, zlib.error, csv.Error, pa.ArrowException) as error:
            raise UsageError(f"{place} is damaged, or not what the manifest says: {error}") from error


def _read_csv(file: SourceFile, columns: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """Rows of a CSV file, which has no header line; keys in it are encoded as in addresses."""
    packed = io.BufferedReader(file, _PIECE)
    is_packed = packed.peek(2)[:2] == _GZIP
    plain = io.BufferedReader(gzip.GzipFile(fileobj=packed)) if is_packed else packed
    text = io.TextIOWrapper(plain, encoding="utf-8", newline="")
    for number, row in enumerate(csv.reader(_lines(text), strict=True), 1):
        if len(row) != len(columns):
            raise ValueError(f"row {number} has {len(row)} cells, fileSchema names {len(columns)}")
        found: dict[str, Any] = dict(zip(columns, row, strict=True))
        # As S3 writes keys wherever it encodes them: a space is a plus, and a plus is %2B.
        found["key"] = unquote_plus(found["key"], errors="strict")
        yield found


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_MOST_OF_LINE):
        if len(line) == _MOST_OF_LINE:
            raise ValueError(f"a line has more than {_MOST_OF_LINE:,} characters")
        yield line


def _read_columns(file: SourceFile, kind: str) -> Iterator[Mapping[str, Any]]:
    source = pa.PythonFile(file, "r")
    batches: Iterator[Any]
    if kind == "Parquet":
        parquet = pq.ParquetFile(source, pre_buffer=False, memory_map=False)
        names = _names(parquet.schema_arrow.names)
        batches = parquet.iter_batches(_ROWS, columns=list(names))
    else:
        stripes = orc.ORCFile(source)
        names = _names(stripes.schema.names)
        batches = (stripes.read_stripe(number, columns=list(names)) for number in range(stripes.nstripes))
    for batch in batches:
        for at in range(0, batch.num_rows, _ROWS):
            for row in batch.slice(at, _ROWS).to_pylist():
                yield {names[name]: value for name, value in row.items()}


def _names(columns: list[str]) -> dict[str, str]:
    """The columns that are read, with their folded names."""
    names = {name: folded(name) for name in columns if folded(name) in _WANTED}
    if not {"bucket", "key"} <= set(names.values()):
        raise ValueError(f"it has no columns bucket and key, only {', '.join(columns)[:200]}")
    return names


def _is_there(row: Mapping[str, Any]) -> bool:
    """Whether a row is about a current version that is no delete marker."""
    return _says(row, "islatest", default=True) and not _says(row, "isdeletemarker", default=False)


def _says(row: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """A yes or no of a row; the default where an inventory has no such column."""
    value = row.get(name)
    if value is None or value == "":
        return default
    return value is True or str(value).lower() == "true"


def _part(row: Mapping[str, Any], place: str) -> Part:
    version_id = row.get("versionid") or None
    size = row.get("size")
    event = ObjectEvent(
        bucket=row["bucket"],
        key=row["key"],
        version_id=None if version_id == "null" else version_id,  # the only version where none were kept
        etag=unquoted(row.get("etag")),
        size=None if size in {None, ""} else int(str(size)),
        event_time=_moment(row.get("lastmodifieddate")),
        source="inventory",
    )
    return admit(event, f"s3://{event.bucket}/{event.key} in {place}")


def _moment(value: object) -> datetime | None:
    """A time of either kind of file; those without an offset are UTC."""
    if value is None or value == "":
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

"""The `manifest.json` of an S3 Inventory: which files list the objects of a bucket, and what their columns are.

As the S3 User Guide has it under "Locating your inventory list" and "Amazon S3 Inventory list".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from etl_core.errors import ProblemsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARN = re.compile(r"arn:[^:]*:s3:::(?P<bucket>[^/]+)")
_FORMATS = ("CSV", "Parquet", "ORC")


class InventoryError(ProblemsError):
    """A manifest of an inventory that cannot be used."""


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """One of the files that list the objects; size in bytes, None where it is not told."""

    key: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a manifest says.

    `bucket` is the one that was listed, `at` the one where the files are. `created`, aware, is when S3 began with the
    list: what came later is not in it. `columns` are those of CSV files, in their order and folded by `folded`; files
    of the other formats name theirs.
    """

    bucket: str
    at: str
    created: datetime
    format: str
    columns: tuple[str, ...]
    files: tuple[InventoryFile, ...]


def folded(name: str) -> str:
    """A column's name as it is compared: CSV writes `LastModifiedDate`, Parquet and ORC `last_modified_date`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def read_inventory_manifest(text: str, place: str) -> Inventory:
    """Read a manifest; `place` is what messages call it.

    Raises:
        InventoryError: lists everything that is wrong with it.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InventoryError(place, ["it is no JSON object; expected the manifest.json of an S3 Inventory"])
    problems: list[str] = []
    bucket = _text(found, "sourceBucket", problems)
    at = _text(found, "destinationBucket", problems)
    arn = _ARN.fullmatch(at)
    kind = _text(found, "fileFormat", problems)
    if kind and kind not in _FORMATS:
        problems.append(f"fileFormat is {kind!r}; expected {', '.join(_FORMATS)}")
    columns = tuple(folded(name) for name in _text(found, "fileSchema", problems).split(",")) if kind == "CSV" else ()
    if columns and not {"bucket", "key"} <= set(columns):
        problems.append("fileSchema names no Bucket and Key")
    created, files = _created(found, problems), _files(found, problems)
    if problems:
        raise InventoryError(place, problems)
    return Inventory(bucket, arn["bucket"] if arn else at, created, kind, columns, files)


def _text(found: Mapping[str, Any], name: str, problems: list[str]) -> str:
    value = found.get(name)
    if isinstance(value, str) and value:
        return value
    problems.append(f"{name} is {'missing' if value is None else 'no text'}")
    return ""


def _created(found: Mapping[str, Any], problems: list[str]) -> datetime:
    """When the list was begun: milliseconds since the epoch, as a text."""
    value = str(found.get("creationTimestamp"))
    try:
        return datetime.fromtimestamp(int(value) / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        problems.append(f"creationTimestamp is {value[:40]!r}; expected milliseconds since 1970")
        return datetime.min.replace(tzinfo=timezone.utc)


def _files(found: Mapping[str, Any], problems: list[str]) -> tuple[InventoryFile, ...]:
    listed = found.get("files")
    if not isinstance(listed, list):
        problems.append("files is no list")
        return ()
    files = []
    for number, one in enumerate(listed, 1):
        key = one.get("key") if isinstance(one, dict) else None
        size = one.get("size") if isinstance(one, dict) else None
        if not isinstance(key, str) or not (size is None or isinstance(size, int)):
            problems.append(f"file {number} has no key, or a size that is no number")
        else:
            files.append(InventoryFile(key, size))
    return tuple(files)

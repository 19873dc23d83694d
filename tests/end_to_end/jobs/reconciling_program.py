"""Compare store and ledger of as many objects as the arguments say, both ways; print how many and the peaks in MiB."""

from __future__ import annotations

import json
import resource
import sys
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import sqlalchemy

from dq.reconciling.comparison import compare
from dq.reconciling.inventory_manifest import Inventory, InventoryFile
from dq.reconciling.ledger_rows import rows_by_key
from dq.reconciling.stored_objects import objects_of, objects_under
from etl_core.objects.store import ObjectStore, Peek
from etl_core.postgres.database import connect
from etl_core.spilling.external_sort import ExternalSort
from tests.paging_store import PagingStore, entry_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.events.object_event import ObjectEvent


class InventoryStore(ObjectStore):
    """Its only bucket is a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def peek(self, bucket: str | None, key: str, version_id: str | None = None) -> Peek:
        del bucket, version_id
        return super().peek(None, str(self._folder / key))


def main(database_url: str, *counts: str) -> None:
    """First by listings, then by inventories."""
    database = connect(database_url)
    figures: dict[str, list[int]] = {"listing": [], "inventory": []}
    with TemporaryDirectory() as folder:
        for way, numbers in figures.items():
            for count in map(int, counts):
                bucket = f"landing-{count}"
                if way == "listing":
                    _fill(database, bucket, count)
                    objects = objects_under(PagingStore(count), f"s3://{bucket}/", _aside)
                    numbers += [_compared(database, bucket, objects)]
                else:
                    file = _written(Path(folder), bucket, count)
                    inventory = Inventory(bucket, "lists", _NOW, "CSV", _COLUMNS, (file,))
                    with closing(ExternalSort(2**20)) as sort:
                        objects = objects_of(InventoryStore(Path(folder)), inventory, "", sort, _aside)
                        numbers += [_compared(database, bucket, objects)]
                numbers += [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]
    for way, numbers in figures.items():
        sys.stdout.write(f"{way} {' '.join(map(str, numbers))}\n")


_NOW = datetime.now(timezone.utc) + timedelta(hours=1)
_COLUMNS = ("bucket", "key", "size", "lastmodifieddate", "etag")


def _aside(part: object) -> None:
    raise AssertionError(part)


def _compared(database: sqlalchemy.Engine, bucket: str, objects: Iterator[ObjectEvent]) -> int:
    return sum(1 for _ in compare(objects, rows_by_key(database, bucket), before=_NOW))


def _fill(database: sqlalchemy.Engine, bucket: str, count: int) -> None:
    """Rows for every second object, and as many for objects that are not there."""
    rows = []
    statement = sqlalchemy.text(
        "INSERT INTO pipeline.object_inbox (bucket, key, etag, source, received_at, due_at, updated_at, state)"
        " SELECT :bucket, key, etag, 's3', now(), now(), now(), 'done'"
        " FROM json_to_recordset(:rows) AS given(key text, etag text)"
    )
    for number in range(count):
        entry: dict[str, Any] = entry_of(number)
        gone = "" if number % 2 == 0 else ".gone"
        rows.append({"key": entry["Key"] + gone, "etag": entry["ETag"].strip('"')})
        if len(rows) == 5000:
            with database.begin() as connection:
                connection.execute(statement, {"bucket": bucket, "rows": json.dumps(rows)})
            rows.clear()


def _written(folder: Path, bucket: str, count: int) -> InventoryFile:
    path = folder / f"{count}.csv"
    with path.open("w") as file:
        for number in reversed(range(count)):
            entry = entry_of(number)
            cells = (bucket, entry["Key"], number, entry["LastModified"].isoformat(), entry["ETag"].strip('"'))
            file.write(",".join(f'"{cell}"' for cell in cells) + "\n")
    return InventoryFile(path.name, path.stat().st_size)


main(*sys.argv[1:])

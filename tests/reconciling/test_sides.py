"""Both sides of a comparison: inventories of every format, and the ledger's rows in the order of keys."""

from __future__ import annotations

import gzip
import io
import json
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy

from dq.events.announcement import Rejected, Skipped
from dq.events.object_event import ObjectEvent
from dq.reconciling.ledger_rows import rows_by_key
from dq.reconciling.stored_objects import objects_of, read_inventory
from etl_core.errors import UsageError
from etl_core.spilling.external_sort import ExternalSort
from tests.inventories import packed, rows_of, write_inventory
from tests.ledger.consumer import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from dq.ledger.inbox import Inbox
    from etl_core.objects.store import ObjectStore

KEYS = ["a b+c.csv", "a%20b.csv", "a/é \U0001f600.csv", 'a"quoted",x.csv', "b/plain.csv"]


def objects(store: ObjectStore, place: str, prefix: str = "", most_bytes: int = 10**6) -> list[ObjectEvent]:
    aside: list[Skipped | Rejected] = []
    with closing(ExternalSort(most_bytes)) as sort:
        return list(objects_of(store, read_inventory(store, place), prefix, sort, aside.append))


def change_manifest(s3: S3Client, bucket: str, **changes: object) -> None:
    found = json.loads(s3.get_object(Bucket=bucket, Key="inventory/manifest.json")["Body"].read())
    s3.put_object(Bucket=bucket, Key="inventory/manifest.json", Body=json.dumps({**found, **changes}).encode())


@pytest.fixture
def filled(s3: S3Client, bucket: str) -> str:
    """A bucket with odd keys, one overwritten, one deleted, and a folder marker."""
    for key in (*KEYS, KEYS[0], "deleted.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    s3.delete_object(Bucket=bucket, Key="deleted.csv")
    s3.put_object(Bucket=bucket, Key="folder/", Body=b"")
    return bucket


@pytest.mark.parametrize("kind", ["CSV", "Parquet", "ORC"])
def test_an_inventory_gives_the_current_versions_in_the_order_of_keys(
    store: ObjectStore, s3: S3Client, filled: str, kind: str
) -> None:
    place = write_inventory(s3, rows_of(s3, filled), at=filled, kind=kind)
    found = objects(store, place)
    assert [event.key for event in found] == sorted(KEYS, key=str.encode)
    for event in found:
        head = s3.head_object(Bucket=filled, Key=event.key)
        assert (event.bucket, event.version_id, event.etag, event.size, event.event_time) == (
            filled,
            head["VersionId"],
            head["ETag"].strip('"'),
            len(event.key.encode()),
            head["LastModified"],
        )
    assert objects(store, place, most_bytes=1) == found, "sorted on disk it is the same"
    assert [event.key for event in objects(store, place, "b/")] == ["b/plain.csv"]


def test_an_inventory_of_keys_alone_is_read(store: ObjectStore, s3: S3Client, filled: str) -> None:
    manifest = write_inventory(s3, rows_of(s3, filled), at=filled)
    body = gzip.compress("".join(f'"{filled}","k{number}"\n' for number in range(3)).encode())
    s3.put_object(Bucket=filled, Key="inventory/keys.csv.gz", Body=body)
    listed = [{"key": "inventory/keys.csv.gz", "size": len(body)}]
    change_manifest(s3, filled, fileSchema="Bucket, Key", files=listed)
    assert objects(store, manifest) == [ObjectEvent(filled, f"k{number}", source="inventory") for number in range(3)]


def test_an_inventory_without_an_object_is_most_likely_a_misspelt_prefix(
    store: ObjectStore, s3: S3Client, filled: str
) -> None:
    place = write_inventory(s3, rows_of(s3, filled), at=filled)
    with pytest.raises(UsageError, match="lists no object under 'c/'"):
        objects(store, place, "c/")


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("inventory/data/0.csv", None, "there is no such object|not there|NoSuchKey|404"),
        ("inventory/data/0.csv", b"short", "has 5 bytes, the manifest says"),
        ("cut", lambda whole: whole[:-9] + b"\0" * 9, "is damaged, or not what the manifest says"),
        ("other", lambda _: gzip.compress(b'"landing","a"\n'), "row 1 has 2 cells, fileSchema names 9"),
        ("long", lambda _: gzip.compress(b'"' + b"x" * 10**6), "a line has more than 65,536 characters"),
        ("sizes", lambda _: packed([{**ROW, "size": "many"}]), "damaged.*invalid literal"),
    ],
)
def test_a_file_that_is_not_what_the_manifest_says_is_named(
    store: ObjectStore,
    s3: S3Client,
    filled: str,
    key: str,
    body: Callable[[bytes], bytes] | bytes | None,
    reason: str,
) -> None:
    rows = rows_of(s3, filled)
    place = write_inventory(s3, rows, at=filled)
    if body is None:
        s3.delete_object(Bucket=filled, Key=key)
    elif isinstance(body, bytes):
        s3.put_object(Bucket=filled, Key=key, Body=body)
    else:
        changed = body(packed(rows))
        s3.put_object(Bucket=filled, Key=key, Body=changed)
        change_manifest(s3, filled, files=[{"key": key, "size": len(changed)}])
    with pytest.raises(UsageError, match=f"s3://{filled}/.*({reason})"):
        objects(store, place)


ROW: dict[str, Any] = {
    "bucket": "landing",
    "key": "k",
    "version_id": None,
    "is_latest": True,
    "is_delete_marker": False,
    "size": 5,
    "last_modified_date": NOW,
    "e_tag": "e",
    "storage_class": "STANDARD",
}


def test_a_parquet_file_of_something_else_names_its_columns(store: ObjectStore, s3: S3Client, filled: str) -> None:
    place = write_inventory(s3, rows_of(s3, filled), at=filled, kind="Parquet")
    out = io.BytesIO()
    pq.write_table(pa.table({"name": ["x"]}), out)
    s3.put_object(Bucket=filled, Key="other", Body=out.getvalue())
    change_manifest(s3, filled, files=[{"key": "other", "size": len(out.getvalue())}])
    with pytest.raises(UsageError, match="has no columns bucket and key, only name"):
        objects(store, place)


# the ledger


def test_rows_come_in_the_order_of_their_keys_bytes_whatever_the_pages(inbox: Inbox) -> None:
    """Many of one key too; other buckets and other beginnings are left out."""
    names = ["k/ü", "k/Z", "k/a", "k/B", "k/\U0001f600", "k/\uffff", "k/a b", "k/%", "k"]
    base = ObjectEvent("landing", "k")
    events = [replace(base, key=key, version_id=f"v{number}") for key in names for number in range(7)]
    inbox.add([*events, replace(base, bucket="other"), replace(base, key="l"), replace(base, key="K/a")], now=NOW)
    whole = [(row.key, row.version_id) for row in rows_by_key(inbox.engine, "landing", "k")]
    assert [key for key, _ in whole] == sorted((event.key for event in events), key=str.encode)
    assert all(len(versions) == 7 for versions in _grouped(whole).values())
    for page in (1, 3, 7, 63, 64, 100):
        rows = rows_by_key(inbox.engine, "landing", "k", page=page)
        assert [(row.key, row.version_id) for row in rows] == whole
    assert {row.key for row in rows_by_key(inbox.engine, "landing", "k/a")} == {"k/a", "k/a b"}
    assert list(rows_by_key(inbox.engine, "nowhere")) == []


def _grouped(pairs: list[tuple[str, str | None]]) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for key, version in pairs:
        found.setdefault(key, set()).add(version)
    return found


def test_a_page_is_read_from_the_index_and_sorts_nothing(inbox: Inbox) -> None:
    """Whatever the order of texts is in the database."""
    events = [ObjectEvent("landing", f"k{number:05}") for number in range(20_000)]
    inbox.add(events, now=NOW)
    with inbox.engine.begin() as connection:
        connection.execute(sqlalchemy.text("ANALYZE pipeline.object_inbox"))
    plans: list[str] = []

    @sqlalchemy.event.listens_for(inbox.engine, "before_cursor_execute")
    def explain(*given: Any) -> None:  # noqa: ANN401  the driver's own types
        _, cursor, statement, parameters, *_ = given
        if "FROM pipeline.object_inbox" in statement:
            cursor.execute("EXPLAIN " + statement, parameters)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))

    assert sum(1 for _ in rows_by_key(inbox.engine, "landing", "k1", page=300)) == 10_000
    assert len(plans) > 30
    assert all("object_inbox_key" in plan and "Sort" not in plan for plan in plans), plans[1]

"""The manifest of an S3 Inventory says where the lists are, or everything that is wrong with it."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from dq.reconciling.inventory_manifest import Inventory, InventoryError, InventoryFile, read_inventory_manifest

#: As in the S3 User Guide.
MANIFEST = {
    "sourceBucket": "landing",
    "destinationBucket": "arn:aws:s3:::example-inventory-bucket",
    "version": "2016-11-30",
    "creationTimestamp": "1514944800000",
    "fileFormat": "CSV",
    "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass",
    "files": [
        {"key": "in/landing/2016-11-06/data/1.csv.gz", "size": 2147483647, "MD5checksum": "f11166069f1990abeb9c"}
    ],
}


def test_a_manifest_names_the_bucket_the_files_their_columns_and_when_it_was_begun() -> None:
    head, tail = ("bucket", "key", "versionid", "islatest"), ("isdeletemarker", "size", "lastmodifieddate", "etag")
    assert read_inventory_manifest(json.dumps(MANIFEST), "m") == Inventory(
        bucket="landing",
        at="example-inventory-bucket",
        created=datetime(2018, 1, 3, 2, tzinfo=timezone.utc),
        format="CSV",
        columns=(*head, *tail, "storageclass"),
        files=(InventoryFile("in/landing/2016-11-06/data/1.csv.gz", 2147483647),),
    )


def test_the_files_of_other_partitions_and_formats_are_found_as_well() -> None:
    changed = {
        **MANIFEST,
        "destinationBucket": "arn:aws-cn:s3:::lists",
        "fileFormat": "Parquet",
        "fileSchema": "message s3.inventory { required binary bucket (UTF8); required binary key (UTF8); }",
    }
    found = read_inventory_manifest(json.dumps(changed), "m")
    assert (found.at, found.format, found.columns) == ("lists", "Parquet", ())


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = {
        "destinationBucket": 5,
        "creationTimestamp": "yesterday",
        "fileFormat": "XML",
        "files": [{"key": "a"}, {"size": 3}, 7],
    }
    with pytest.raises(InventoryError) as caught:
        read_inventory_manifest(json.dumps(wrong), "s3://lists/manifest.json")
    said = str(caught.value)
    assert said.startswith("s3://lists/manifest.json: 6 problems")
    for part in (
        "sourceBucket is missing",
        "destinationBucket is no text",
        "fileFormat is 'XML'; expected CSV, Parquet, ORC",
        "creationTimestamp is 'yesterday'",
        "file 2 has no key",
        "file 3 has no key",
    ):
        assert part in said


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"'])
def test_what_is_no_manifest_says_what_was_expected(text: str) -> None:
    with pytest.raises(InventoryError, match=r"expected the manifest\.json of an S3 Inventory"):
        read_inventory_manifest(text, "m")


def test_a_list_without_keys_is_refused() -> None:
    with pytest.raises(InventoryError, match="names no Bucket and Key"):
        read_inventory_manifest(json.dumps({**MANIFEST, "fileSchema": "Bucket, Size"}), "m")

"""Manifests list objects as JSON, JSON Lines or CSV."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from dq.events.manifest_form import parse_manifest
from dq.events.object_event import ObjectEvent

ONE = ObjectEvent("landing", "a/b c.csv", source="manifest")
TWO = ObjectEvent("landing", 'odd,"name" 100%+1.csv', version_id="v2", source="manifest")
ROWS = [
    {"bucket": ONE.bucket, "key": ONE.key},
    {"bucket": TWO.bucket, "key": TWO.key, "version_id": TWO.version_id},
]
CSV = 'landing,a/b c.csv,\nlanding,"odd,""name"" 100%+1.csv",v2\n'


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\n".join(map(json.dumps, ROWS)),
        CSV,
        "bucket,key,version_id\n" + CSV,
        "\ufeffBucket, Key ,VERSION_ID\r\n" + CSV.replace("\n", "\r\n\r\n"),
        'key,size,version_id,bucket,note\na/b c.csv,,,landing,x\n"odd,""name"" 100%+1.csv",,v2,landing,y\n',
    ],
)
def test_all_forms_list_the_same_objects(text: str) -> None:
    """Keys stand as they are: nothing is decoded."""
    found = parse_manifest(text)
    assert found.events == (ONE, TWO)
    assert not found.rejected


def test_two_columns_are_enough() -> None:
    """Without a header and without versions."""
    assert parse_manifest("landing,a/b c.csv").events == (ONE,)


def test_bad_lines_are_named_and_the_others_are_read() -> None:
    """Too few cells, too many, an unclosed quote, a size that is none, a missing bucket."""
    text = 'bucket,key,size\nlanding,a,5\nlanding\n,b,6\nlanding,c,big\nlanding,d,7,8\nlanding,e\nlanding,"f\n'
    found = parse_manifest(text)
    assert [(event.key, event.size) for event in found.events] == [("a", 5), ("e", None)]
    assert [part.reason.split(":")[0] for part in found.rejected] == [f"manifest line {n}" for n in (3, 4, 5, 6, 8)]
    assert [part.body for part in found.rejected] == ["landing", ",b,6", "landing,c,big", "landing,d,7,8", 'landing,"f']


def test_folder_markers_are_skipped() -> None:
    """A listing copied into a manifest holds them."""
    assert parse_manifest("landing,folder/").skipped[0].kind == "folder marker"


def test_entries_without_a_time_take_that_of_the_manifest() -> None:
    """So that a later manifest announces the same objects anew."""
    written = datetime(2026, 2, 1, tzinfo=timezone.utc)
    text = "bucket,key,last_modified\nlanding,a,\nlanding,b,2026-01-04T12:00:00Z\n"
    times = [event.event_time for event in parse_manifest(text, written_at=written).events]
    assert times == [written, datetime(2026, 1, 4, 12, tzinfo=timezone.utc)]


def test_an_empty_manifest_lists_nothing() -> None:
    """Which is no error."""
    assert parse_manifest("") == parse_manifest("bucket,key\n") == parse_manifest("\n \n")
    assert parse_manifest("").rejected == ()

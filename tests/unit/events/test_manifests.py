"""Manifests list objects as JSON, JSON Lines or CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timezone

import pytest

from dq.events.announcement import Announcement, collect
from dq.events.manifests.form import read_entries
from dq.events.manifests.json_entries import MOST_OF_DOCUMENT
from dq.events.manifests.lines import MOST_OF_ENTRY
from dq.events.object_event import ObjectEvent
from etl_core.errors import UsageError

ONE = ObjectEvent("landing", "a/b c.csv", source="manifest")
TWO = ObjectEvent("landing", 'odd,"name" 100%+1.csv', version_id="v2", source="manifest")
ROWS = [
    {"bucket": ONE.bucket, "key": ONE.key},
    {"bucket": TWO.bucket, "key": TWO.key, "version_id": TWO.version_id},
]
CSV = 'landing,a/b c.csv,\nlanding,"odd,""name"" 100%+1.csv",v2\n'


def parse_manifest(text: str, written_at: datetime | None = None) -> Announcement:
    return collect(read_entries(io.StringIO(text, newline=""), written_at=written_at))


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


@pytest.mark.parametrize("form", ["json", "json over lines", "csv"])
def test_a_manifest_is_read_as_it_goes_by(form: str) -> None:
    """The first objects are there when most of the text was not read yet."""
    rows = [{"bucket": "landing", "key": f"k{number}"} for number in range(20_000)]
    texts = {
        "json": json.dumps(rows, indent=1),
        "json over lines": "\n".join(map(json.dumps, rows)),
        "csv": "\n".join(f"landing,k{number}" for number in range(20_000)),
    }
    file = io.StringIO(texts[form], newline="")
    parts = read_entries(file)
    assert next(parts) == ObjectEvent("landing", "k0", source="manifest")
    assert file.tell() < len(texts[form]) / 3
    assert sum(isinstance(part, ObjectEvent) for part in parts) == 19_999


def test_an_array_on_one_line_that_is_longer_than_an_entry_may_be_is_read() -> None:
    rows = [{"bucket": "landing", "key": f"k{number:0500}"} for number in range(5000)]
    text = json.dumps(rows)
    assert len(text) > 2 * MOST_OF_ENTRY
    assert len(parse_manifest(text).events) == 5000


@pytest.mark.parametrize("space", ["", " ", "\n\t"])
def test_the_end_of_an_array_is_found_wherever_pieces_of_it_end(space: str) -> None:
    for length in range(64 * 1024 - 70, 64 * 1024 - 20):
        text = f'[{space}{{"bucket": "landing", "key": "{"k" * 9}"{" " * length}}}{space},{space}7{space}]{space}'
        found = parse_manifest("\n" + text)
        assert [event.key for event in found.events] == ["k" * 9]
        assert [part.body for part in found.rejected] == ["7"]


def test_a_line_that_is_too_long_is_rejected_by_its_number_and_its_neighbours_are_read() -> None:
    long = "x" * (3 * MOST_OF_ENTRY)
    as_json = "".join(json.dumps({"bucket": "landing", "key": key}) + "\n" for key in ("a", long, "b"))
    for text in (f"landing,a\nlanding,{long}\nlanding,b\n", as_json):
        found = parse_manifest(text)
        assert [event.key for event in found.events] == ["a", "b"]
        (rejected,) = found.rejected
        assert rejected.reason.startswith("manifest line 2: more than 1,048,576 characters")
        assert len(rejected.body) < 5000


@pytest.mark.parametrize("limit", [128 * 1024, 2**40])
def test_a_quote_that_is_never_closed_costs_some_lines_and_not_the_rest(limit: int) -> None:
    """Whatever other readers of CSV in this process have set."""
    before = csv.field_size_limit(limit)
    text = 'landing,"a\n' + "".join(f"landing,k{number}\n" for number in range(50_000))
    found = parse_manifest(text)
    csv.field_size_limit(before)
    (rejected,) = found.rejected
    assert rejected.body.startswith('landing,"a')
    assert found.events[-1].key == "k49999"
    assert len(found.events) + rejected.body.count("\n") == 50_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[{"bucket": "landing", "key": "a"}, {"bucket": "landing", "key": ', "entry 2 is not JSON, or the text ends"),
        ('[{"bucket": "landing", "key": "a"} {"bucket": "landing"}]', "no comma or ] after entry 1"),
        ('[{"bucket": "landing", "key": "a"}]\n[1]'.replace("[{", "[\n{"), "goes on after the end of its array of 1"),
        (f'[\n{{"bucket": "landing", "key": "{"x" * 2 * MOST_OF_ENTRY}"}}]', "entry 1 is not JSON, or longer than"),
        ("[\n" + "[" * 200_000, "entry 1 (nests too deep|is not JSON)"),
        ('{"Records":\n[' + " " * MOST_OF_DOCUMENT, "no whole JSON object.*JSON Lines"),
    ],
)
def test_a_document_that_cannot_be_read_to_its_end_says_where_and_what_to_do(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=f"(?s){reason}"):
        parse_manifest(text)


def test_lines_of_json_that_are_no_entries_are_named_by_their_number() -> None:
    found = parse_manifest('{"bucket": "landing", "key": "a"}\n\n7\n{"bucket": "landing", "key": "b"}\n{"x')
    assert [event.key for event in found.events] == ["a", "b"]
    assert [part.reason.split(":")[0] for part in found.rejected] == ["manifest line 3", "manifest line 5"]

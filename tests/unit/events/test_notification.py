"""Announcements of every dialect end as the same event, and nothing in them is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.events.announcement import Announcement, Skipped
from dq.events.dialects.key_encoding import other_reading
from dq.events.notification import AnnouncementLimits, parse_announcement
from dq.events.object_event import ObjectEvent
from tests.announcements import KEY, eventbridge, minio_notification, notification, s3_record, s3_test_event, sns

NOON = datetime(2026, 1, 4, 12, 34, 56, tzinfo=timezone.utc)
EVENT = ObjectEvent("landing", KEY, None, "d41d8cd98f00b204e9800998ecf8427e", 1024, "0055AED6DC", NOON, source="s3")
BARE = {"bucket": "landing", "key": KEY, "last_modified": "2026-01-04T12:34:56Z", "size": 12}
BARE_EVENT = ObjectEvent("landing", KEY, size=12, event_time=NOON)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (notification(s3_record()), EVENT),
        (json.dumps(s3_record()), EVENT),
        (json.dumps([s3_record()]), EVENT),
        (minio_notification(), replace(EVENT, source="minio")),
        (sns(notification(s3_record())), replace(EVENT, source="sns")),
        (eventbridge(), replace(EVENT, sequencer="617f08299329d189", source="eventbridge")),
        (sns(eventbridge()), replace(EVENT, sequencer="617f08299329d189", source="eventbridge")),
        (
            notification(s3_record(name="ObjectCreated:CompleteMultipartUpload", versionId="v1")),
            replace(EVENT, version_id="v1"),
        ),
        (notification(s3_record(name="ObjectCreated:Copy", eTag='"e"', versionId="")), replace(EVENT, etag="e")),
        (notification(s3_record() | {"eventVersion": "2.6", "newField": [1]}), EVENT),
        (json.dumps(BARE), BARE_EVENT),
        (json.dumps({"bucket": "landing", "key": KEY}), ObjectEvent("landing", KEY)),
        (
            json.dumps(BARE | {"last_modified": "2026-01-04T14:34:56.000+02:00", "versionId": "v"}),
            replace(BARE_EVENT, version_id="v"),
        ),
        ("\ufeff" + json.dumps(BARE), BARE_EVENT),
    ],
)
def test_every_dialect_means_the_same_event(body: str, expected: ObjectEvent) -> None:
    """As text and as bytes."""
    assert parse_announcement(body) == Announcement(events=(expected,))
    assert parse_announcement(body.encode()) == Announcement(events=(expected,))


def test_all_records_of_a_message_are_read() -> None:
    """Not only the first one."""
    found = parse_announcement(notification(*(s3_record(f"k{number}") for number in range(7))))
    assert [event.key for event in found.events] == [f"k{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("red+flower.jpg", "red flower.jpg"),
        ("1%2B1.csv", "1+1.csv"),
        ("a%252Bb.csv", "a%2Bb.csv"),
        ("100%25.csv", "100%.csv"),
        ("a%2Fb%2Fc.csv", "a/b/c.csv"),
        ("d%C3%A9part+%7B1%7D.csv", "départ {1}.csv"),
        ("100%.csv", "100%.csv"),
    ],
)
def test_keys_of_records_are_decoded_exactly_once(written: str, key: str) -> None:
    """Twice would turn `1+1.csv` into `1 1.csv` and `a%2Bb.csv` into `a b.csv`."""
    record = s3_record()
    record["s3"]["object"]["key"] = written
    for body in (notification(record), sns(notification(record))):
        assert [event.key for event in parse_announcement(body).events] == [key]


@pytest.mark.parametrize("key", ["red+flower.jpg", "1%2B1.csv", "100%.csv", "a b.csv", "départ.csv"])
def test_keys_of_eventbridge_and_of_the_bare_form_are_taken_as_they_stand(key: str) -> None:
    """Only EventBridge leaves open what was meant, and the other reading is at hand."""
    bridged, bare = (parse_announcement(body).events[0] for body in (eventbridge(key), json.dumps(BARE | {"key": key})))
    assert bridged.key == bare.key == key
    assert other_reading(bare) is None
    expected = {"red+flower.jpg": "red flower.jpg", "1%2B1.csv": "1+1.csv"}
    assert other_reading(bridged) == expected.get(key)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200))
def test_any_key_survives_every_dialect(key: str) -> None:
    """A key is text; what comes out is what went in."""
    if key.endswith("/"):
        return
    for body in (
        notification(s3_record(key)),
        minio_notification(key),
        sns(notification(s3_record(key))),
        eventbridge(key),
    ):
        assert [event.key for event in parse_announcement(body).events] == [key]


def test_arrays_and_json_lines_may_mix_dialects() -> None:
    """Blank lines are nothing; a key may hold breaks that are not line feeds."""
    bare = json.dumps(BARE | {"key": "a\u2028b"}, ensure_ascii=False)
    bodies = [notification(s3_record("a")), eventbridge("b"), bare, sns(notification(s3_record("c")))]
    keys = ["a", "b", "a\u2028b", "c"]
    lines = "\r\n".join([*bodies, "", " "])
    array = f"[{','.join(bodies)}]"
    for body in (lines, array):
        assert [event.key for event in parse_announcement(body).events] == keys


@pytest.mark.parametrize(
    ("body", "kind", "subject"),
    [
        (s3_test_event(), "s3:TestEvent", "landing"),
        (sns(s3_test_event()), "s3:TestEvent", "landing"),
        (notification(s3_record(name="ObjectRemoved:Delete")), "ObjectRemoved:Delete", f"landing/{KEY}"),
        (notification(s3_record(name="s3:ObjectRemoved:Delete", size="?")), "ObjectRemoved:Delete", f"landing/{KEY}"),
        (notification(s3_record(name="ObjectTagging:Put") | {"s3": None}), "ObjectTagging:Put", None),
        (eventbridge(kind="Object Deleted"), "Object Deleted", f"landing/{KEY}"),
        (eventbridge(source="aws.ec2", kind="State Change"), "aws.ec2 State Change", None),
        (
            sns("Confirm it", kind="SubscriptionConfirmation"),
            "SubscriptionConfirmation",
            "arn:aws:sns:eu-west-1:123456789012:landing",
        ),
        (notification(s3_record("folder/", size=0)), "folder marker", "landing/folder/"),
        (notification(s3_record("folder/", size=None)), "folder marker", "landing/folder/"),
        (notification(), "no records", None),
    ],
)
def test_what_needs_no_verdict_is_skipped_by_name(body: str, kind: str, subject: str | None) -> None:
    """Acknowledged and counted, never taken for garbage."""
    found = parse_announcement(body)
    assert (found.events, found.rejected) == ((), ())
    assert [(part.kind, part.subject) for part in found.skipped] == [(kind, subject)]
    assert found.skipped[0].reason
    assert found.skipped_kinds() == {kind: 1}


def test_an_empty_file_is_no_folder_marker() -> None:
    """0 bytes without the trailing slash are a verdict, not a skip."""
    assert parse_announcement(notification(s3_record("empty.csv", size=0))).events[0].size == 0
    assert len(parse_announcement(notification(s3_record("odd/", size=3))).events) == 1


def _without(*path: str) -> dict[str, Any]:
    record = s3_record()
    inner = record
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return record


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the text is empty"),
        ("hello", "not JSON"),
        ('{"Records": [', "not JSON"),
        ("42", "the JSON is a number"),
        ("null", "the JSON is null"),
        ('"text"', "the JSON is a text"),
        ("[1]", "an element of the array is a number"),
        ("[[]]", "an element of the array is an array"),
        ("{}", "an unknown form with the fields nothing"),
        ('{"hello": 1}', "an unknown form with the fields 'hello'"),
        ('{"Records": "text"}', "an unknown form with the fields 'Records'"),
        (notification(7), "it is a number, expected an object"),
        (notification(s3_record() | {"eventVersion": "3.0"}), "eventVersion is '3.0', expected 2.x"),
        (notification(s3_record() | {"eventVersion": "20.1"}), "eventVersion is '20.1'"),
        (notification(s3_record() | {"eventVersion": 2.1}), "eventVersion is 2.1"),
        (notification(_without("eventVersion")), "eventVersion is missing"),
        (notification(_without("eventName")), "eventName is missing"),
        (notification(_without("s3", "object", "key")), "s3.object.key: Field required"),
        (notification(_without("s3", "bucket", "name")), "s3.bucket.name: Field required"),
        (notification(s3_record() | {"eventSource": "aws:sqs"}), "eventSource is 'aws:sqs'"),
        (notification(s3_record() | {"eventTime": "yesterday"}), "eventTime: expected a date and time"),
        (notification(s3_record() | {"eventTime": "9999-12-31T23:59:59-14:00"}), "eventTime: expected a real date"),
        (notification(s3_record(size="12")), "s3.object.size: Input should be a valid integer"),
        (notification(s3_record(size=True)), "s3.object.size: Input should be a valid integer"),
        (notification(s3_record(size=-1)), "size is -1"),
        (notification(s3_record(size=2**63)), "size is 9223372036854775808"),
        (notification(s3_record("k" * 1025)), "key has 1025 bytes, at most 1024"),
        (notification(s3_record("a\0b")), "key holds a NUL"),
        (notification(s3_record("")), "key is empty"),
        (notification(s3_record()).replace("agency%2F", "%FF"), "the escapes of the key are not UTF-8"),
        (eventbridge().replace(json.dumps(KEY), "7"), "detail.object.key: Input should be a valid string"),
        (json.dumps({"bucket": "landing"}), "bare form: key: Field required"),
        (json.dumps({"bucket": ["landing"], "key": None}), "bucket: Input should be a valid string; key: Input"),
        (sns(7), "Message a number"),
        (sns("x", kind="Other"), "Type is 'Other'"),
        (sns("hello"), "inside an SNS message: the text is not JSON"),
        (sns(sns(sns("{}"))), "more than 2 envelopes"),
    ],
)
def test_what_cannot_be_understood_is_kept_with_its_reason(body: str, reason: str) -> None:
    """Never dropped, never an exception."""
    found = parse_announcement(body)
    assert (found.events, found.skipped) == ((), ())
    assert [reason in part.reason for part in found.rejected] == [True], found.rejected
    assert found.rejected[0].body in body or json.loads(found.rejected[0].body)


def test_one_bad_record_of_three_costs_only_itself() -> None:
    """Its text can be announced again by itself once it is understood."""
    bad = s3_record("second", size="big")
    found = parse_announcement(notification(s3_record("first"), bad, s3_record("third")))
    assert [event.key for event in found.events] == ["first", "third"]
    assert json.loads(found.rejected[0].body) == bad
    mended = json.loads(found.rejected[0].body)
    mended["s3"]["object"]["size"] = 5
    assert parse_announcement(json.dumps(mended)).events[0].key == "second"


def test_one_bad_line_of_three_costs_only_itself() -> None:
    """Wherever it stands."""
    good = json.dumps(BARE)
    for lines in ([good, "garbage", good], ["garbage", good, good], [good, good, '{"bucket":']):
        found = parse_announcement("\n".join(lines))
        assert (len(found.events), len(found.rejected)) == (2, 1)
        assert found.rejected[0].body in {"garbage", '{"bucket":'}


def test_a_broken_pretty_printed_body_is_one_rejection() -> None:
    """It is not taken for JSON Lines."""
    body = json.dumps(BARE, indent=1)[:-1]
    assert [part.body for part in parse_announcement(body).rejected] == [body]


def test_bytes_that_are_no_text_are_kept_readable() -> None:
    """With the undecodable byte written out."""
    found = parse_announcement(b'{"bucket": "\xff"}')
    assert found.rejected[0].body == '{"bucket": "\\xff"}'
    assert "byte 12" in found.rejected[0].reason


def test_too_long_and_too_deep_are_rejected() -> None:
    """Of a text too long only the beginning is kept."""
    limits = AnnouncementLimits(most_bytes=100, most_depth=6)
    found = parse_announcement("é" * 51, limits=limits)
    assert "102 bytes are too many" in found.rejected[0].reason
    assert parse_announcement("[" * 99 + "]" * 99).rejected
    deep = json.dumps({"bucket": "bin", "key": "k", "more": [[[[[[1]]]]]]})
    assert "nests deeper than 6" in parse_announcement(deep, limits=limits).rejected[0].reason
    fits = json.dumps({"bucket": "bin", "key": "k", "more": [[[[[1]]]]]})
    assert parse_announcement(fits, limits=limits).events
    assert parse_announcement("[" * 200_000).rejected


def test_events_without_a_time_take_that_of_the_announcement() -> None:
    """The others keep theirs."""
    late = datetime(2026, 2, 1, tzinfo=timezone.utc)
    body = json.dumps([BARE, {"bucket": "landing", "key": KEY}])
    assert [event.event_time for event in parse_announcement(body, announced_at=late).events] == [NOON, late]


_FIELDS = ["Records", "s3", "bucket", "key", "object", "name", "Type", "Message", "detail-type", "source", "eventName"]
_JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=5),
    max_leaves=25,
)


@given(_JSON)
def test_no_json_is_an_exception_and_none_vanishes(value: object) -> None:
    """Whatever arrives has at least one part, unless it is an empty array."""
    found = parse_announcement(json.dumps(value))
    assert found.events or found.skipped or found.rejected or value == []


def test_skips_are_counted_by_kind() -> None:
    """Two deletions and a folder."""
    removed = s3_record(name="ObjectRemoved:Delete")
    found = parse_announcement(notification(removed, removed, s3_record("f/", size=0)))
    assert found.skipped_kinds() == {"ObjectRemoved:Delete": 2, "folder marker": 1}
    assert isinstance(found.skipped[0], Skipped)


@pytest.mark.parametrize(
    "bucket",
    [
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine",
        "s3://landing",
        "landing/agency",
        "landing.s3.amazonaws.com:443",
        "landing\n",
        "landing\x1b[31m",
        "../landing",
        "a..b",
        "ab",
        "bücket",
        "-landing",
        "l" * 256,
    ],
)
def test_what_is_no_name_of_a_bucket_is_rejected_by_name(bucket: str) -> None:
    """Whoever writes to the queue names it: a client must not be led elsewhere by it."""
    found = parse_announcement(json.dumps({"bucket": bucket, "key": "a.csv"}))
    assert found.events == ()
    assert "no name of a bucket; expected 3 to 255 letters" in found.rejected[0].reason
    assert found.rejected[0].reason.isprintable()


@pytest.mark.parametrize("bucket", ["abc", "Landing_Zone.2017", "l" * 255, "123.data-lake", "my-ap-1234abcd-s3alias"])
def test_names_of_buckets_new_and_old_are_accepted(bucket: str) -> None:
    assert parse_announcement(json.dumps({"bucket": bucket, "key": "a.csv"})).events

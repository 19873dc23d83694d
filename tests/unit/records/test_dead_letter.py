"""A dead letter has its record, byte for byte, and says where it comes from and why it is one."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from pipelines.records.checking.dead_letter import (
    CONNECT,
    DeadRecord,
    Fault,
    Letter,
    Place,
    dead_letter,
    read_letter,
    size_of,
)

if TYPE_CHECKING:
    from pipelines.records.kafka.sending import Headers

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=timezone.utc)
PLACE = Place("raw", 3, 41)
MALFORMED = Fault("malformedRows", "", "not JSON")
REQUIRED = Fault("required", "user_id", "user_id: required and null")


def letter_of(value: bytes | None, fault: Fault, headers: Headers | None = None, largest: int = 1_000_000) -> Letter:
    return dead_letter("user_events", DeadRecord(PLACE, b"k", value, headers or []), fault, NOW, largest)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (b'{"user_id": null,  "z": 1, "a": [1.50, "\\u00e9,\\"error\\":"]}', REQUIRED),
        (b"[1, 2]", MALFORMED),
        (b'"a text"', MALFORMED),
        (b"nope {", MALFORMED),
        (b"", MALFORMED),
        (b" \n", MALFORMED),
        (b"\xff\xfe{", MALFORMED),
        ('{"größe": "ü"'.encode(), MALFORMED),
        (b'{"n": 123456789012345678901234567890}', REQUIRED),
        (b'{"n": ' + b"9" * 400 + b"}", REQUIRED),
        (b"null", MALFORMED),
    ],
)
def test_the_record_comes_back_byte_for_byte(value: bytes, fault: Fault) -> None:
    letter = letter_of(value, fault)
    json.loads(letter.value)
    assert read_letter(letter.value, letter.headers).value == value


def test_its_headers_are_those_of_kafka_connect_and_ours() -> None:
    headers = dict(letter_of(b"{}", REQUIRED, [("trace", b"17")]).headers)
    assert headers[f"{CONNECT}topic"] == b"raw"
    assert headers[f"{CONNECT}partition"] == b"3"
    assert headers[f"{CONNECT}offset"] == b"41"
    assert headers[f"{CONNECT}exception.message"] == b"user_id: required and null"
    assert (headers["error.rule"], headers["error.column"]) == (b"required", b"user_id")
    assert (headers["flow"], headers["attempt"], headers["trace"]) == (b"user_events", b"1", b"17")


def test_its_value_says_what_was_wrong_and_when() -> None:
    told = json.loads(letter_of(b'{"a": 1}', REQUIRED).value)
    assert told == {
        "original_event": {"a": 1},
        "error": "user_id: required and null",
        "timestamp": "2026-05-04T03:02:01+00:00",
    }
    assert set(json.loads(letter_of(b"\xff", MALFORMED).value)) == {"original_base64", "error", "timestamp"}


def test_the_attempt_of_a_record_is_that_of_its_letter_and_its_other_headers_stay() -> None:
    letter = letter_of(b"{}", REQUIRED, [("trace", b"17"), ("attempt", b"2")])
    read = read_letter(letter.value, letter.headers)
    assert (read.attempt, read.rule, read.column, read.flow) == (2, "required", "user_id", "user_events")
    assert read.headers == [("trace", b"17")]


@pytest.mark.parametrize("said", [b"", b"soon", b"-1", b"9" * 40, None])
def test_an_attempt_that_is_no_number_is_the_first(said: bytes | None) -> None:
    assert dict(letter_of(b"{}", REQUIRED, [("attempt", said)]).headers)["attempt"] == b"1"


def test_a_record_that_is_too_large_for_the_topic_is_named_by_its_size_and_digest() -> None:
    letter = letter_of(b'{"a": "' + b"x" * 100_000 + b'"}', REQUIRED, [("huge", b"y" * 100_000)], largest=50_000)
    told = json.loads(letter.value)
    assert (told["original_event"], told["original_bytes"]) == (None, 100_009)
    assert len(letter.value) + sum(len(value or b"") for _, value in letter.headers) < 50_000
    assert read_letter(letter.value, letter.headers).value is None


@pytest.mark.parametrize("key", [0, 30, 49_000, 51_000, 200_000])
@pytest.mark.parametrize("value", [None, 0, 20, 39_000, 48_500, 120_000])
@pytest.mark.parametrize("header", [0, 30, 39_000, 49_500, 120_000])
def test_a_letter_fits_its_topic_whatever_of_its_record_is_large(key: int, value: int | None, header: int) -> None:
    record = DeadRecord(PLACE, b"k" * key, None if value is None else b"v" * value, [("h", b"h" * header)])
    letter = dead_letter("user_events", record, MALFORMED, NOW, 50_000)
    assert len(letter.key or b"") + len(letter.value) + size_of(letter.headers) <= 50_000
    if key + (value or 0) + header < 48_000:
        assert letter.key == record.key
        assert ("h", b"h" * header) in letter.headers
        assert read_letter(letter.value, letter.headers).value == record.value
    elif key == value == 30:
        assert read_letter(letter.value, letter.headers).value == record.value


def test_a_letter_that_somebody_wrote_anew_is_read() -> None:
    letter = letter_of(b'{"a":1}', REQUIRED)
    pretty = json.dumps(json.loads(letter.value) | {"original_event": {"a": 2}}, indent=1).encode()
    assert read_letter(pretty, letter.headers).value == b'{"a":2}'
    other_order = b'{"original_event":{"a":3},"timestamp":"t","error":"e"}'
    assert read_letter(other_order, letter.headers).value == b'{"a":3}'
    assert read_letter(b"no letter", letter.headers).value is None
    assert read_letter(b"{}", letter.headers).value is None
    bytes_of = letter_of(b"\xff", MALFORMED)
    assert read_letter(b'{"original_base64":"abc"}', bytes_of.headers).value is None
    assert read_letter(None, []).flow is None

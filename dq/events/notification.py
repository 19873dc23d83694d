"""From the text of an announcement to the object events in it, whatever the dialect.

Every part ends as an event, as something skipped by name, or as something rejected with its reason and
text; one bad part never costs its neighbours anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from dq.events.announcement import Announcement, Part, Rejected, Skipped, collect
from dq.events.dialects.bare_form import read_bare
from dq.events.dialects.eventbridge import read_eventbridge
from dq.events.dialects.s3_record import read_record
from dq.events.object_event import ObjectEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_SNS_HANDSHAKES = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_MOST_ENVELOPES = 2
_S3_DIALECTS = ("s3", "minio")


@dataclass(frozen=True, slots=True)
class AnnouncementLimits:
    """How much of an announcement is read: its length in bytes and how deep its JSON may nest.

    A message of SQS has at most 1 MiB; a longer text is rejected, and that much of it kept.
    """

    most_bytes: int = 1024 * 1024
    most_depth: int = 32


DEFAULT_LIMITS = AnnouncementLimits()


def parse_announcement(
    body: str | bytes, *, announced_at: datetime | None = None, limits: AnnouncementLimits = DEFAULT_LIMITS
) -> Announcement:
    """The parts of one announcement.

    Args:
        body: an S3 notification, raw or wrapped by SNS, an EventBridge event, a lone record, the bare
            form, or a JSON array or JSON Lines of any of these.
        announced_at: aware; becomes the time of events that carry none, for instance when the queue took
            the message.
        limits: what is too much.
    """
    text = _text(body)
    if isinstance(text, Rejected):
        return collect([text])
    parts = collect(_read_text(text, limits, envelopes=0))
    if announced_at is None:
        return parts
    events = tuple(event if event.event_time else replace(event, event_time=announced_at) for event in parts.events)
    return replace(parts, events=events)


def _text(body: str | bytes) -> str | Rejected:
    if isinstance(body, str):
        return body.removeprefix("\ufeff")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Rejected(
            f"not UTF-8 text: byte {error.start} cannot be decoded", body.decode("utf-8", "backslashreplace")
        )


def _read_text(text: str, limits: AnnouncementLimits, *, envelopes: int) -> Iterator[Part]:
    # A character has at most four bytes in UTF-8: count only when it may matter.
    if len(text) * 4 > limits.most_bytes and (size := len(text.encode("utf-8", "replace"))) > limits.most_bytes:
        kept = text[: limits.most_bytes]
        yield Rejected(f"{size} bytes are too many, at most {limits.most_bytes} are read; the beginning is kept", kept)
        return
    value = _parsed(text)
    if not isinstance(value, Rejected):
        yield from _read_document(value, text, limits, envelopes)
        return
    # Only line feeds end a JSON line: other breaks that `splitlines` knows may stand inside a key.
    lines = [line for line in text.split("\n") if line.strip()]
    parsed = [_parsed(line) for line in lines]
    if len(lines) < 2 or not any(isinstance(line, dict | list) for line in parsed):  # noqa: PLR2004  lines, plural
        yield value
        return
    for line, of_line in zip(lines, parsed, strict=True):
        if isinstance(of_line, Rejected):
            yield of_line
        else:
            yield from _read_document(of_line, line, limits, envelopes)


def _parsed(text: str) -> Any | Rejected:  # noqa: ANN401  JSON is any
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        what = "empty" if not text.strip() else f"not JSON ({error.msg} at line {error.lineno}, column {error.colno})"
        return Rejected(f"the text is {what}", text.encode("utf-8", "backslashreplace").decode())


def _read_document(value: Any, text: str, limits: AnnouncementLimits, envelopes: int) -> Iterator[Part]:  # noqa: ANN401  JSON is any
    if _deeper_than(value, limits.most_depth):
        yield Rejected(f"the JSON nests deeper than {limits.most_depth} levels", text)
        return
    if not isinstance(value, list):
        yield from _read_value(value, text, limits, envelopes)
        return
    for element in value:
        if isinstance(element, dict):
            yield from _read_value(element, _written(element), limits, envelopes)
        else:
            yield Rejected(f"an element of the array is {_kind(element)}, expected an object", _written(element))


def _read_value(value: Any, text: str, limits: AnnouncementLimits, envelopes: int) -> Iterator[Part]:  # noqa: ANN401  JSON is any
    match value:
        case {"Records": list(records)}:
            yield from _read_records(records, text)
        case {"Event": "s3:TestEvent"}:
            bucket = value.get("Bucket")
            subject = bucket if isinstance(bucket, str) else None
            yield Skipped("s3:TestEvent", "sent when notifications are switched on", subject)
        case {"Type": str(), "Message": _}:
            yield from _read_sns(value, text, limits, envelopes)
        case {"detail-type": _, "source": _}:
            yield read_eventbridge(value, text)
        case {"eventName": _, "s3": _}:
            yield read_record(value, text)
        case {"bucket": _} | {"key": _}:
            yield read_bare(value, text)
        case dict():
            found = ", ".join(sorted(map(repr, value))[:8]) or "nothing"
            expected = "Records, Type and Message, detail-type and source, or bucket and key"
            yield Rejected(f"an unknown form with the fields {found[:300]}; expected {expected}", text)
        case _:
            yield Rejected(f"the JSON is {_kind(value)}, expected an object or an array of objects", text)


def _read_records(records: list[Any], text: str) -> Iterator[Part]:
    if not records:
        yield Skipped("no records", "the notification holds an empty list of records")
    for record in records:
        # A lone record keeps the message's own text: nothing is written anew that need not be.
        body = text if len(records) == 1 else _written(record)
        if isinstance(record, dict):
            yield read_record(record, body)
        else:
            yield Rejected(f"S3 record: it is {_kind(record)}, expected an object", body)


def _read_sns(envelope: Mapping[str, Any], text: str, limits: AnnouncementLimits, envelopes: int) -> Iterator[Part]:
    """What SNS wrapped; its own handshakes need no verdict of ours."""
    kind, message = envelope["Type"], envelope["Message"]
    if kind in _SNS_HANDSHAKES:
        topic = envelope.get("TopicArn")
        yield Skipped(kind, "a handshake of SNS announces no object", topic if isinstance(topic, str) else None)
    elif kind != "Notification" or not isinstance(message, str):
        yield Rejected(
            f"SNS message: Type is {kind[:60]!r} and Message {_kind(message)}, expected a Notification", text
        )
    elif envelopes >= _MOST_ENVELOPES:
        yield Rejected(f"SNS message: more than {_MOST_ENVELOPES} envelopes inside each other", text)
    else:
        for part in _read_text(message, limits, envelopes=envelopes + 1):
            match part:
                case ObjectEvent(source=source) if source in _S3_DIALECTS:
                    yield replace(part, source="sns")
                case Rejected():
                    yield replace(part, reason=f"inside an SNS message: {part.reason}")
                case _:
                    yield part


def _deeper_than(value: Any, most: int) -> bool:  # noqa: ANN401  JSON is any
    """Whether arrays and objects nest deeper than `most` levels."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _written(value: Any) -> str:  # noqa: ANN401  JSON is any
    return orjson.dumps(value).decode()


def _kind(value: Any) -> str:  # noqa: ANN401  JSON is any
    """What a JSON value is, without showing it."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "an array", dict: "an object"}
    return names[type(value)]

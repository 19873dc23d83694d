"""A record that is not sent on, as its dead letter tells of it; read again for a replay.

The headers that say where it comes from and why it is here have the names that Kafka Connect gives them (KIP-298), so
that what reads Connect's dead letters reads these.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import orjson

if TYPE_CHECKING:
    from pipelines.records.kafka.sending import Headers

#: How the value of the record stands in its letter: as the JSON it is, as a text, in base64; not at all, as it has none
#: (`none`) or one too large for the topic (`left_out`).
Encoding: TypeAlias = Literal["json", "text", "base64", "none", "left_out"]

CONNECT: Final = "__connect.errors."
ATTEMPT: Final = "attempt"
RULE: Final = "error.rule"
COLUMN: Final = "error.column"
FLOW: Final = "flow"
_ENCODING: Final = "original.encoding"
#: What is not in a letter for being too large, beside the value.
_LEFT_OUT: Final = "original.left_out"
_OWN: Final = frozenset({ATTEMPT, RULE, COLUMN, FLOW, _ENCODING, _LEFT_OUT})
#: What a letter begins with, and what stands behind the record in it.
_EVENT: Final = b'{"original_event":'
_BEHIND: Final = b',"error":'
#: Bytes of a letter whose record is left out, without its headers; and of a header beside its name and text.
_LEAST: Final = 9 * 1024
_BESIDE_A_HEADER: Final = 10
_MOST_ERROR: Final = 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record is not sent on: the rule it breaks, the field that is about, and all that is wrong in words."""

    rule: str
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter to send."""

    key: bytes | None
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class DeadRecord:
    """A record, as it came."""

    place: Place
    key: bytes | None
    value: bytes | None
    headers: Headers


def dead_letter(flow: str, record: DeadRecord, fault: Fault, now: datetime, largest: int) -> Letter:
    """Write the letter of a record; what of the record is too large for it is left out, and the letter says so.

    Args:
        flow: whose.
        record: which; headers of an earlier letter are replaced.
        fault: why it is dead.
        now: when that was found, aware.
        largest: bytes that a letter may have.
    """
    value, place = record.value, record.place
    original, encoding = _original(value, fault.rule)
    error = fault.message[:_MOST_ERROR]
    told = b"".join(
        [
            b"{",
            original,
            _BEHIND,
            orjson.dumps(error),
            b',"timestamp":',
            orjson.dumps(now.isoformat()),
            b"}",
        ]
    )
    kept = [one for one in record.headers if not _is_ours(one[0])]
    known = {
        f"{CONNECT}topic": place.topic,
        f"{CONNECT}partition": str(place.partition),
        f"{CONNECT}offset": str(place.offset),
        f"{CONNECT}connector.name": flow,
        f"{CONNECT}stage": "VALUE_CONVERTER" if fault.rule == "malformedRows" else "TRANSFORMATION",
        f"{CONNECT}class.name": "pipelines.records",
        f"{CONNECT}exception.class.name": fault.rule,
        f"{CONNECT}exception.message": error,
        RULE: fault.rule,
        COLUMN: fault.column,
        FLOW: flow,
        ATTEMPT: str(attempt_of(record.headers)),
        _ENCODING: encoding,
    }
    own: Headers = [(name, text.encode()) for name, text in known.items()]
    # Room for what is said of parts that are left out, too.
    left, key_size, kept_size = largest - size_of(own) - 200, len(record.key or b""), size_of(kept)
    key = record.key
    if key is not None and key_size + _LEAST > left:
        own.append((_LEFT_OUT, f"key of {key_size} bytes, sha256 {hashlib.sha256(key).hexdigest()}".encode()))
        key, key_size = None, 0
    left -= key_size
    if value is not None and len(told) > left:
        own = [(name, b"left_out" if name == _ENCODING else text) for name, text in own]
        digest = hashlib.sha256(value).hexdigest()
        facts = {"original_event": None, "original_bytes": len(value), "original_sha256": digest}
        told = orjson.dumps({**facts, "error": error, "timestamp": now.isoformat()})
    if len(told) + kept_size > left:
        own.append((_LEFT_OUT, f"{len(kept)} headers of {kept_size} bytes".encode()))
        kept = []
    return Letter(key, told, [*kept, *own])


def size_of(headers: Headers) -> int:
    """How many bytes headers take, at most."""
    return sum(len(name.encode()) + len(text or b"") + _BESIDE_A_HEADER for name, text in headers)


def attempt_of(headers: Headers) -> int:
    """Which attempt a record is on: 1 where no header says so."""
    said = _text(headers, ATTEMPT)
    return int(said) if said is not None and said.isdecimal() and len(said) < 10 else 1  # noqa: PLR2004 - no number


@dataclass(frozen=True, slots=True)
class ReadLetter:
    """A letter that was read: the record's value, None where the letter has it not, and what was said of it.

    `place`: where the record stands; None where the letter does not say.
    """

    flow: str | None
    rule: str
    column: str
    attempt: int
    value: bytes | None
    headers: Headers
    place: Place | None = None


def read_letter(value: bytes | None, headers: Headers) -> ReadLetter:
    """Read a dead letter; the headers left are those of the record."""
    return ReadLetter(
        flow=_text(headers, FLOW),
        rule=_text(headers, RULE) or "",
        column=_text(headers, COLUMN) or "",
        attempt=attempt_of(headers),
        value=_value(value, _text(headers, _ENCODING)),
        headers=[one for one in headers if not _is_ours(one[0])],
        place=_place(headers),
    )


def _place(headers: Headers) -> Place | None:
    topic, partition, offset = (_text(headers, f"{CONNECT}{name}") for name in ("topic", "partition", "offset"))
    if topic is None or not (partition or "").isdecimal() or not (offset or "").isdecimal():
        return None
    return Place(topic, int(partition or 0), int(offset or 0))


def _value(value: bytes | None, encoding: str | None) -> bytes | None:
    written = _as_written(value or b"")
    try:
        told = orjson.loads(value or b"")
    except ValueError:  # a number that is too long for who reads here is JSON all the same
        return written if encoding == "json" else None
    if not isinstance(told, dict) or not told.keys() & {"original_event", "original_base64"}:
        return None
    match encoding, told.get("original_event"), told.get("original_base64"):
        case "base64", _, str(text):
            return _decoded(text)
        case "text", str(text), _:
            return text.encode()
        case (("json" | None), event, _) if event is not None or encoding is not None:
            # Who wrote the letter anew may have put its parts in another order.
            return written if written is not None and _is_same(written, event) else orjson.dumps(event)
    return None


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _is_same(written: bytes, event: object) -> bool:
    try:
        return bool(orjson.loads(written) == event)
    except ValueError:
        return False


def _as_written(letter: bytes) -> bytes | None:
    """Cut the value out of a letter as it was written here, byte for byte; None of one that somebody wrote anew."""
    end = letter.rfind(_BEHIND)
    return letter[len(_EVENT) : end] if letter.startswith(_EVENT) and end > 0 else None


def _original(value: bytes | None, rule: str) -> tuple[bytes, Encoding]:
    """Write the value as a property of the letter."""
    if value is None:
        return b'"original_event":null', "none"
    if rule != "malformedRows" or _is_json(value):
        return b'"original_event":' + value, "json"
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return b'"original_base64":' + orjson.dumps(base64.b64encode(value).decode()), "base64"
    return b'"original_event":' + orjson.dumps(text), "text"


def _is_json(value: bytes) -> bool:
    try:
        orjson.loads(value)
    except ValueError:
        return False
    return True


def _is_ours(name: str) -> bool:
    return name in _OWN or name.startswith(CONNECT)


def _text(headers: Headers, name: str) -> str | None:
    found: Sequence[str | bytes | None] = [text for key, text in headers if key == name]
    last = found[-1] if found else None
    return last.decode("utf-8", "replace") if isinstance(last, bytes) else last

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
_OWN: Final = frozenset({ATTEMPT, RULE, COLUMN, FLOW, _ENCODING})
#: What a letter begins with, and what stands behind the record in it.
_EVENT: Final = b'{"original_event":'
_BEHIND: Final = b',"error":'
#: Bytes of a letter beside the value of its record, its headers included.
_ROOM: Final = 16 * 1024
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

    value: bytes
    headers: Headers


def dead_letter(
    flow: str, place: Place, value: bytes | None, headers: Headers, fault: Fault, now: datetime, largest: int
) -> Letter:
    """Write the letter of a record.

    Args:
        flow: whose.
        place: of the record.
        value: of the record.
        headers: of the record; those of an earlier letter are replaced.
        fault: why it is dead.
        now: when that was found, aware.
        largest: bytes that a letter may have.
    """
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
    kept = [one for one in headers if not _is_ours(one[0])]
    if len(told) + _ROOM > largest and value is not None:
        encoding = "left_out"
        digest = hashlib.sha256(value).hexdigest()
        facts = {"original_event": None, "original_bytes": len(value), "original_sha256": digest}
        told = orjson.dumps({**facts, "error": error, "timestamp": now.isoformat()})
        kept = [] if len(told) + sum(len(name) + len(text or "") for name, text in kept) > largest else kept
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
        ATTEMPT: str(attempt_of(headers)),
        _ENCODING: encoding,
    }
    return Letter(told, [*kept, *((name, text.encode()) for name, text in known.items())])


def attempt_of(headers: Headers) -> int:
    """Which attempt a record is on: 1 where no header says so."""
    said = _text(headers, ATTEMPT)
    return int(said) if said is not None and said.isdecimal() and len(said) < 10 else 1  # noqa: PLR2004 - no number


@dataclass(frozen=True, slots=True)
class ReadLetter:
    """A letter that was read: the record's value, None where the letter has it not, and what was said of it."""

    flow: str | None
    rule: str
    column: str
    attempt: int
    value: bytes | None
    headers: Headers


def read_letter(value: bytes | None, headers: Headers) -> ReadLetter:
    """Read a dead letter; the headers left are those of the record."""
    return ReadLetter(
        flow=_text(headers, FLOW),
        rule=_text(headers, RULE) or "",
        column=_text(headers, COLUMN) or "",
        attempt=attempt_of(headers),
        value=_value(value, _text(headers, _ENCODING)),
        headers=[one for one in headers if not _is_ours(one[0])],
    )


def _value(value: bytes | None, encoding: str | None) -> bytes | None:
    try:
        told = orjson.loads(value or b"")
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    match encoding, told.get("original_event"), told.get("original_base64"):
        case "base64", _, str(text):
            return base64.b64decode(text)
        case "text", str(text), _:
            return text.encode()
        case (("json" | None), event, _) if event is not None:
            return _as_written(value or b"") or orjson.dumps(event)
    return None


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

"""The record of S3's own notifications, as AWS, MinIO, versitygw and moto write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from dq.events.admission import admit
from dq.events.announcement import Rejected, Skipped
from dq.events.dialects.key_encoding import decode_form_key
from dq.events.dialects.wire_types import ETag, Moment, OptionalText, WireForm, explain
from dq.events.object_event import ObjectEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = re.compile(r"([0-9]{1,9})(\.[0-9]+)*")
_MAJOR = 2
_CREATED = "ObjectCreated:"


class _Bucket(WireForm):
    name: str


class _Object(WireForm):
    key: str
    size: int | None = None
    etag: ETag = Field(None, alias="eTag")
    version_id: OptionalText = Field(None, alias="versionId")
    sequencer: OptionalText = None


class _Storage(WireForm):
    bucket: _Bucket
    object: _Object


class _Record(WireForm):
    event_time: Moment = Field(None, alias="eventTime")
    s3: _Storage


def read_record(record: Mapping[str, Any], body: str) -> ObjectEvent | Skipped | Rejected:
    """One element of `Records`; `body` is its text.

    The version's major number has to be 2 (a higher minor one only adds fields). AWS writes the event's
    name without `s3:`, MinIO with it.
    """
    if problem := _header_problem(record):
        return Rejected(f"S3 record: {problem}", body)
    name, origin = str(record["eventName"]), str(record.get("eventSource"))
    if not name.removeprefix("s3:").startswith(_CREATED):
        return Skipped(name.removeprefix("s3:"), "the event is not the creation of an object", _subject(record))
    try:
        form = _Record.model_validate(record)
        key = decode_form_key(form.s3.object.key)
    except ValidationError as error:
        return Rejected(explain("S3 record", error), body)
    except ValueError as error:
        return Rejected(f"S3 record: s3.object.key: {error}", body)
    item = form.s3.object
    minio = name.startswith("s3:") or origin.startswith("minio")
    event = ObjectEvent(
        bucket=form.s3.bucket.name,
        key=key,
        version_id=item.version_id,
        etag=item.etag,
        size=item.size,
        sequencer=item.sequencer,
        event_time=form.event_time,
        source="minio" if minio else "s3",
    )
    return admit(event, body)


def _header_problem(record: Mapping[str, Any]) -> str | None:
    """What keeps the fields that every version has from being those of a record we know."""
    version, name, origin = (record.get(field) for field in ("eventVersion", "eventName", "eventSource"))
    if not isinstance(version, str) or not (found := _VERSION.fullmatch(version)) or int(found[1]) != _MAJOR:
        return f"eventVersion is {_shown(version)}, expected 2.x"
    if origin is not None and not (isinstance(origin, str) and origin.endswith(":s3")):
        return f"eventSource is {_shown(origin)}, expected aws:s3 or minio:s3"
    if not isinstance(name, str) or not name:
        return f"eventName is {_shown(name)}, expected ObjectCreated:* or another event's name"
    return None


def _subject(record: Mapping[str, Any]) -> str | None:
    """The object of a record that need not be well-formed."""
    try:
        return f"{record['s3']['bucket']['name']}/{decode_form_key(record['s3']['object']['key'])}"
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]

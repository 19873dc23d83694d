"""Amazon EventBridge: once switched on for a bucket it sends every kind of event, so most are not for us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from dq.events.admission import admit
from dq.events.announcement import Rejected, Skipped
from dq.events.dialects.wire_types import ETag, Moment, OptionalText, WireForm, explain
from dq.events.object_event import ObjectEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

_CREATED = "Object Created"
_SOURCE = "aws.s3"


class _Bucket(WireForm):
    name: str


class _Object(WireForm):
    key: str
    size: int | None = None
    etag: ETag = None
    version_id: OptionalText = Field(None, alias="version-id")
    sequencer: OptionalText = None


class _Detail(WireForm):
    bucket: _Bucket
    object: _Object


class _Event(WireForm):
    time: Moment = None
    detail: _Detail


def read_eventbridge(event: Mapping[str, Any], body: str) -> ObjectEvent | Skipped | Rejected:
    """One EventBridge event; `body` is its text. The key is taken as it stands (see `key_encoding`)."""
    source, kind = event.get("source"), event.get("detail-type")
    if not isinstance(source, str) or not isinstance(kind, str):
        return Rejected("EventBridge event: source and detail-type have to be texts", body)
    if source != _SOURCE:
        return Skipped(f"{source} {kind}", f"the event is not from {_SOURCE}")
    if kind != _CREATED:
        return Skipped(kind, "the event is not the creation of an object", _subject(event))
    try:
        form = _Event.model_validate(event)
    except ValidationError as error:
        return Rejected(explain("EventBridge event", error), body)
    item = form.detail.object
    return admit(
        ObjectEvent(
            bucket=form.detail.bucket.name,
            key=item.key,
            version_id=item.version_id,
            etag=item.etag,
            size=item.size,
            sequencer=item.sequencer,
            event_time=form.time,
            source="eventbridge",
        ),
        body,
    )


def _subject(event: Mapping[str, Any]) -> str | None:
    """The object of an event that need not be well-formed."""
    try:
        return f"{event['detail']['bucket']['name']}/{event['detail']['object']['key']}"
    except (KeyError, TypeError):
        return None

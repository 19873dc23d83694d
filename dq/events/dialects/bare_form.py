"""The bare form: what people and other programs write by hand, and what manifests list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, Field, ValidationError

from dq.events.admission import admit
from dq.events.announcement import Rejected
from dq.events.dialects.wire_types import ETag, Moment, OptionalText, WireForm, explain
from dq.events.object_event import ObjectEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq.events.announcement import Skipped


class _Bare(WireForm):
    bucket: str
    key: str
    last_modified: Moment = Field(None, validation_alias=AliasChoices("last_modified", "lastModified", "LastModified"))
    size: int | None = None
    version_id: OptionalText = Field(None, validation_alias=AliasChoices("version_id", "versionId", "version-id"))
    etag: ETag = Field(None, validation_alias=AliasChoices("etag", "eTag", "ETag"))
    sequencer: OptionalText = None


def read_bare(form: Mapping[str, Any], body: str, source: str = "bare") -> ObjectEvent | Skipped | Rejected:
    """One `{"bucket": ..., "key": ...}`; `body` is its text. The key is taken as it stands."""
    try:
        bare = _Bare.model_validate(form)
    except ValidationError as error:
        return Rejected(explain("bare form", error), body)
    event = ObjectEvent(
        bucket=bare.bucket,
        key=bare.key,
        version_id=bare.version_id,
        etag=bare.etag,
        size=bare.size,
        sequencer=bare.sequencer,
        event_time=bare.last_modified,
        source=source,
    )
    return admit(event, body)

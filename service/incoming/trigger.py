"""An object that somebody names: into the inbox, as if it had been announced, and on request until its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from dq.events.admission import admit
from dq.events.announcement import Announcement, Rejected, Skipped
from dq.events.object_event import ObjectEvent
from dq.intake.accept import announce
from dq.ledger.inspection import open_row_of
from etl_core.postgres.locks import held
from service.problems import RequestProblemError

if TYPE_CHECKING:
    from service.doors import ServiceDoors

SOURCE: Final = "trigger"
_FIELDS: Final = ("bucket", "key", "version_id")


class Trigger(BaseModel):
    """The object that is to have a verdict."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"bucket": "landing", "key": "a/b.csv"}]})

    bucket: str = Field(description="one of ALLOWED_BUCKETS")
    key: str = Field(description="as it is, not percent-encoded")
    version_id: str | None = Field(None, description="a version of the object; without it, the current one")


def take(trigger: Trigger, doors: ServiceDoors) -> int:
    """Put an object into the inbox; its number there. One that waits there already keeps it.

    Raises:
        RequestProblemError: it is no object of ours; the wrong field is named.
        DatabaseUnavailableError: nothing was written.
    """
    event = _admitted(trigger, doors)
    wanted = (event.bucket, event.key, event.version_id)
    waiting = open_row_of(doors.inbox.engine, *wanted)
    if waiting is not None:
        return waiting
    now = doors.clock()
    if event.version_id is None:  # what is there now: after an overwriting the same key is another object
        event = ObjectEvent(event.bucket, event.key, event_time=now, source=SOURCE)
    with held(doors.inbox.engine, "trigger", *wanted):  # whoever asks at the same time gets the same row
        waiting = open_row_of(doors.inbox.engine, *wanted)
        if waiting is not None:
            return waiting
        announced = announce(doors.inbox, Announcement((event,)), now=now, source=SOURCE)
    doors.metrics.announced(SOURCE, 1)
    return next(iter(announced.ids))


def _admitted(trigger: Trigger, doors: ServiceDoors) -> ObjectEvent:
    event = ObjectEvent(trigger.bucket, trigger.key, trigger.version_id or None, source=SOURCE)
    match admit(event, ""):
        case Rejected(reason=reason):
            field = next((name for name in _FIELDS if reason.startswith(name)), "key")
            raise RequestProblemError(422, reason, [(field, reason)])
        case Skipped(reason=reason):
            raise RequestProblemError(422, reason, [("key", reason)])
        case admitted:
            allowed = doors.incoming.allowed_buckets
            if allowed and admitted.bucket not in allowed:
                detail = f"bucket {admitted.bucket!r} is not one of ALLOWED_BUCKETS: {', '.join(sorted(allowed))}"
                raise RequestProblemError(422, detail, [("bucket", detail)])
            return admitted

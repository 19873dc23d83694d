"""The last gate before an event is accepted: what no object store could have meant, and no table could hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dq.events.announcement import Rejected, Skipped
from etl_core.storable import storable

if TYPE_CHECKING:
    from dq.events.object_event import ObjectEvent

# Bytes of UTF-8. S3's own limits are 1024 and 1024; the other two leave ample room over what is seen.
_MOST_BYTES = {"key": 1024, "version_id": 1024, "etag": 128, "sequencer": 64}
_MOST_SIZE = 2**63 - 1
#: S3 User Guide, "General purpose bucket naming rules", with the capitals, underscores and 255 characters that buckets
#: of us-east-1 from before March 2018 may have. No ARN, address or path is among them: whoever writes an announcement
#: chooses the name, and clients read more into such texts.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_LONGEST_SHOWN = 100


def is_bucket_name(text: str) -> bool:
    """Whether a bucket can be called so."""
    return _BUCKET.fullmatch(text) is not None and ".." not in text


def admit(event: ObjectEvent, body: str) -> ObjectEvent | Skipped | Rejected:
    """The event itself, or what it is instead; `body` is the text it came from."""
    problems = _problems(event)
    if problems:
        return Rejected("; ".join(problems), body)
    if event.key.endswith("/") and not event.size:
        return Skipped(
            "folder marker", "an empty object with a trailing slash is a folder", f"{event.bucket}/{event.key}"
        )
    return event


def _problems(event: ObjectEvent) -> list[str]:
    problems = [f"{name} is empty" for name in ("bucket", "key") if not getattr(event, name)]
    if event.bucket and not is_bucket_name(event.bucket):
        problems.append(
            f"bucket is {ascii(event.bucket)[:_LONGEST_SHOWN]}, which is no name of a bucket; expected 3 to 255"
            " letters, digits, dashes, dots and underscores"
        )
    for name, most in _MOST_BYTES.items():
        text = getattr(event, name)
        if text is None:
            continue
        length = len(text.encode("utf-8", "surrogatepass"))
        if length > most:
            problems.append(f"{name} has {length} bytes, at most {most} are possible")
        if storable(text) != text:
            problems.append(f"{name} holds a NUL or half a surrogate pair")
    if event.size is not None and not 0 <= event.size <= _MOST_SIZE:
        problems.append(f"size is {event.size}, which no object has")
    return problems

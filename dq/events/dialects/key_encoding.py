"""How keys are written in announcements; each is decoded exactly once, here.

`Records[]` of S3 and the servers that speak its dialect hold form-encoded keys: a space is `+`, a plus
`%2B`, and MinIO writes `/` as `%2F`. EventBridge, the bare form, manifests and listings hold keys as
they are. For EventBridge that is nowhere stated, so `other_reading` gives what else may have been meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from dq.events.object_event import ObjectEvent


def decode_form_key(text: str) -> str:
    """The key that a `Records[]` dialect wrote as `text`.

    Raises:
        ValueError: the escapes are not UTF-8, so no key could have been written this way.
    """
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("the escapes of the key are not UTF-8") from None


def other_reading(event: ObjectEvent) -> str | None:
    """The form-decoded key of an EventBridge event that looks encoded; try it when the key itself is not there."""
    if event.source != "eventbridge" or not ("%" in event.key or "+" in event.key):
        return None
    try:
        decoded = decode_form_key(event.key)
    except ValueError:
        return None
    return None if decoded == event.key else decoded
